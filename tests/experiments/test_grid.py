"""Grids of a file: what may stand in it, what is computed, and the table at the end."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pkdot.__main__ import main
from pkdot.errors import ConfigError
from pkdot.experiments import cells, grid, notebook_grid
from pkdot.experiments.grid_engine import Engine
from pkdot.experiments.grid_file import GridSettings, places_of, read_grid
from pkdot.experiments.sweep_tables import read_sweep
from pkdot.record import open_record
from pkdot.settings import flatten
from tests.support.small_config import small_config

BASE = {
    name: value
    for name, value in flatten(small_config().model_dump(mode="json")).items()
    if value is not None and name not in ("data.name", "method") and not name.startswith("options")
} | {"options.pkdot.k": 8}


def settings(**values: object) -> GridSettings:
    return GridSettings(**{"base": BASE, "arms": ["alone", "kd", "pkdot"], "seeds": 2, **values})


def written(folder: Path, **values: object) -> Path:
    file = folder / "grid.yaml"
    file.write_text(json.dumps({"base": BASE, "arms": ["alone", "pkdot"], "seeds": 2} | values))
    return file


def engine(folder: Path) -> Engine:
    return Engine("processes", 1, folder, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seeds: [", "cannot be read as YAML"),
        ("- 1", "must hold names and values"),
        ("", "must hold names and values"),
        ("seads: 3", "did you mean 'seeds'"),
        ("seeds: 0", "give 1 or more"),
        ("seeds: [1, 1]", "'seeds' .* has an entry twice"),
        ("seeds: 2\nseeds: 3", "names 'seeds' twice, in line 2"),
        ("axes: {a: [1], a: [2]}", "names 'a' twice"),
        ("axes: {seed: [1]}", "Write 'seeds'"),
        ("axes: {network.dropout: []}", "has no value"),
        ("axes: {network.dropout: [0.1, 0.1]}", "has a value twice"),
        ("parameters: {a: 1}", "belongs to a grid of a notebook"),
        ("{notebook: a.ipynb, arms: [kd]}", "this one runs a notebook"),
        ("{notebook: a.ipynb, axes: {a: [1]}, parameters: {a: 1}}", "is an axis and a parameter"),
        ("a: !!python/object/apply:os.system ['true']", "cannot be read as YAML"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=sentence) as refused:
        read_grid(file)
    assert "\n" not in str(refused.value)


def test_a_grid_is_every_combination_and_neighbours_differ_in_seed() -> None:
    given = settings(axes={"network.dropout": [0, 0.5], "options.pkdot.blur": [0.1]})
    points = [(place.point["network.dropout"], place.seed) for place in places_of(given)]
    assert points == [(0, 0), (0, 1), (0.5, 0), (0.5, 1)]


def test_an_axis_reaches_the_arms_that_have_it_and_no_cell_is_twice() -> None:
    built = grid.ExperimentGrid(settings(axes={"options.pkdot.blur": [0.05, 0.2]}), {}, False)
    keys = {arm.name: set() for arm in built.arms}
    for (arm, _), key in built.keys.items():
        keys[built.arms[arm].name].add(key)
    assert {name: len(own) for name, own in keys.items()} == {"alone": 2, "kd": 2, "pkdot": 4}


def test_an_axis_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"axis 'options.pkdot.blur' changes none .* alone, kd"):
        grid.ExperimentGrid(
            settings(arms=["alone", "kd"], axes={"options.pkdot.blur": [0.05, 0.2]}), {}, False
        )
    with pytest.raises(ConfigError, match="has no folds"):
        grid.ExperimentGrid(settings(folds=[0]), {}, False)


@pytest.mark.slow
def test_a_grid_is_told_run_and_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, axes={"options.pkdot.blur": [0.05, 0.2]})
    words = ["sweep", str(file), "--quiet", "--folder", str(tmp_path / "cells")]
    assert main([*words, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("6 cells, 1 of them finished. About ")
    assert "hours on 1 worker" in told
    assert "an estimate, from one cell that was computed for it" in told
    assert main([*words, "--csv", str(tmp_path / "cells.csv")]) == 0
    told = capsys.readouterr().out
    assert told.count("PKDOT") == 2
    assert told.count("any") == 1
    table = pd.read_parquet(tmp_path / "cells" / "grid.parquet")
    assert len(table) == 8
    kept = read_sweep(tmp_path / "cells" / "scores" / "grid.json")
    assert [len(one.units) for one in kept] == [2, 2]
    assert all("blur = " in one.place for one in kept)
    assert len(list((tmp_path / "cells").glob("*.json"))) == 6
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "cells.csv"), table, check_dtype=False)
    monkeypatch.setattr(cells, "_computed", None)  # whatever is there is not computed again
    assert main([*words, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("6 cells, 6 of them finished. About 0 hours")
    assert main(words) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "cells" / "grid.parquet"), table)


@pytest.mark.slow
def test_a_record_of_a_cell_has_its_numbers(tmp_path: Path) -> None:
    built = grid.ExperimentGrid(settings(arms=["kd", "teacher"], seeds=1, records=True), {}, False)
    found = built.run(engine(tmp_path), "x").set_index("arm")
    record = open_record(found["record"]["kd"])
    assert record.scores["student accuracy"] == found["accuracy"]["kd"]
    assert found["record"]["teacher"] == ""
    again = built.run(engine(tmp_path), "x").set_index("arm")
    assert again["record"]["kd"] == found["record"]["kd"]
    assert len(list((tmp_path / "records").glob("*/run.json"))) == 1


@pytest.mark.slow
def test_a_cell_that_is_refused_is_a_row_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = ["alone", {"name": "hot", "method": "kd", "changes": {"training.learning_rate": 1e30}}]
    file = written(tmp_path, arms=arms, seeds=1)
    assert main(["sweep", str(file), "--quiet", "--folder", str(tmp_path / "cells")]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("pkdot: 1 of 2 cells failed;")
    table = pd.read_parquet(tmp_path / "cells" / "grid.parquet").set_index("arm")
    assert table["accuracy"].notna().to_dict() == {"alone": True, "hot": False}
    assert "loss became nan" in table["failed"]["hot"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--method", "kd"], "--method stands in the grid file"),
        (["--seeds", "3"], "--seeds stands in the grid file"),
        (["--set", "sead=1"], "did you mean 'seed'"),
    ],
)
def test_flags_that_the_file_has_are_refused(
    tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", str(written(tmp_path)), *words]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_a_dry_run_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--dry-run"]) == 2
    assert "belongs to a grid file" in capsys.readouterr().err


def notebook(folder: Path, source: str) -> Path:
    import nbformat  # slow to import

    tagged = nbformat.v4.new_code_cell("a: int = 1\nseed = 0\nruns_dir: str = ''")
    tagged["metadata"]["tags"] = ["parameters"]
    book = nbformat.v4.new_notebook(cells=[tagged, nbformat.v4.new_code_cell(source)])
    file = folder / "small.ipynb"
    nbformat.write(book, file)
    return file


KEEP = """
from pkdot.record import Recorder
with Recorder('x', runs_dir=runs_dir) as recorder:
    recorder.log_metrics('student', 1, 'test', {'accuracy': a / 10 + seed})
    recorder.finish(1)
assert a != 3, 'three is one too many'
"""


def test_a_notebook_must_have_the_parameters(tmp_path: Path) -> None:
    file = notebook(tmp_path, KEEP)
    with pytest.raises(ConfigError, match=r"no parameter 'b'; it has a, runs_dir, seed"):
        notebook_grid.NotebookGrid(GridSettings(notebook=file, axes={"b": [1]}), tmp_path / "g")


@pytest.mark.slow
@pytest.mark.full
def test_a_notebook_is_executed_at_each_combination(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook(tmp_path, KEEP)
    file = tmp_path / "books.yaml"
    file.write_text("notebook: small.ipynb\naxes: {a: [1, 2, 3]}\nseeds: [0, 7]\n")
    words = ["sweep", str(file), "--quiet", "--folder", str(tmp_path / "cells")]
    assert main(words) == 1
    told = capsys.readouterr()
    assert told.err.startswith("pkdot: 2 of 6 cells failed;")
    assert "three is one too many" in told.err
    table = pd.read_parquet(tmp_path / "cells" / "books.parquet")
    scores = table.set_index(["a", "seed"])["student accuracy"]
    assert scores[1, 0] == pytest.approx(0.1)
    assert scores[2, 7] == pytest.approx(7.2)
    assert all(Path(name).is_file() for name in table["executed"].dropna())
    assert not list((tmp_path / "cells").rglob("*.part"))
    assert main([*words, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("6 cells, 4 of them finished. About")
