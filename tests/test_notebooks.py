"""Every notebook is executed, by papermill, as people do; and one number in it is checked."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pkdot
from pkdot.data.simulate.biovid import simulate

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
QUICK = {
    "n_seeds": 2,
    "jobs": 1,
    "epochs": 2,
    "n_labelled": 60,
    "n_unlabelled": 120,
}

pytestmark = pytest.mark.slow


def execute(name: str, folder: Path, /, **parameters: Any) -> Any:
    import nbformat  # slow to import, and the quick tests collect this file too
    import papermill

    target = folder / name
    papermill.execute_notebook(
        NOTEBOOKS / name, target, parameters, kernel_name="python3", progress_bar=False
    )
    return nbformat.read(target, as_version=4)


def printed(notebook: Any) -> str:
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_digits_runs_from_data_to_table(tmp_path: Path) -> None:
    notebook = execute("run_digits.ipynb", tmp_path, runs_dir=str(tmp_path / "runs"), **QUICK)
    told = printed(notebook)
    blind = re.search(r"shuffled: divergence (\S+),\s+\S+.*differ by (\d\.\d+)", told, re.DOTALL)
    assert blind is not None
    assert abs(float(blind[1])) < 1e-5
    assert float(blind[2]) > 0.01
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    score = 100 * record.scores["student accuracy"]
    assert f"The student is right on {score:.1f} % of the test images." in told
    for arm in ("logistic regression", "soft labels", "PKDOT", "soft labels + PKDOT"):
        assert re.search(rf"^{re.escape(arm)}: [+-]\d+\.\d points", told, re.MULTILINE), arm
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert len(figures) == 11
    for figure in figures:
        layout = figure["data"]["application/vnd.plotly.v1+json"]["layout"]
        assert layout["title"]["text"]


def test_misuse_reaches_the_reader_through_papermill(tmp_path: Path) -> None:
    import papermill

    runs = tmp_path / "runs"
    with pytest.raises(papermill.PapermillExecutionError, match="did you mean 'seed'"):
        execute("run_digits.ipynb", tmp_path, runs_dir=str(runs), sede=1)
    assert not runs.exists()


BIOVID_QUICK = {"simulated_subjects": 7, "simulated_windows": 3, "jobs": 1, "k": 8, "epochs": 2}
BIOVID_QUICK["compare_folds"] = 2


@pytest.fixture(scope="module")
def biovid_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_biovid_runs_from_simulation_to_the_result_in_numbers(
    tmp_path: Path, biovid_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another working directory, as people do."""
    monkeypatch.setenv("PKDOT_CACHE", str(biovid_cache))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    notebook = execute("run_biovid.ipynb", tmp_path, **BIOVID_QUICK)
    told = printed(notebook)
    assert "Simulated corpus: 42 windows of 7 subjects; fold 0 of grouped_5fold" in told
    assert "Nobody stands on both sides." in told
    assert "On the simulated corpus (bl1_pa4, grouped_5fold, 2 folds, 1 seed, 4 test subj" in told
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    assert f"student: {100 * record.scores['student accuracy']:.1f} % of the test windows" in told
    titles = [
        output["data"]["application/vnd.plotly.v1+json"]["layout"]["title"]["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert len(titles) == 13
    assert all("simulated data" in title for title in titles)


@pytest.mark.full
def test_biovid_reads_a_database_on_disk(
    tmp_path: Path, biovid_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(biovid_cache))
    root = simulate(tmp_path / "Bio Vid", subjects=7, windows=3, jobs=1, progress=False)
    broken = next((root / "video").rglob("*.mp4"))
    broken.write_bytes(broken.read_bytes()[:200])
    told = printed(
        execute(
            "run_biovid.ipynb",
            tmp_path,
            data_root=str(root),
            fusion="gated_transformer",
            privileged="eda,emg_corrugator",
            show_leak=False,
            runs_dir=str(tmp_path / "runs"),
            jobs=1,
            k=8,
            epochs=2,
            method="kd",
        )
    )
    assert "1 windows or subjects were left out." in told
    assert broken.stem in told
    assert "(bl1_pa4, grouped_5fold, 5 folds" in told


SMALL = {"epochs": 2, "n_labelled": 60, "n_unlabelled": 120, "n_seeds": 2, "jobs": 1}


def titles(notebook: Any) -> list[str]:
    """Titles of all plotly figures that a notebook shows."""
    data = [o.get("data", {}) for cell in notebook.cells for o in cell.get("outputs", [])]
    found = [d["application/vnd.plotly.v1+json"] for d in data if "plotly" in str(list(d))]
    return [figure["layout"]["title"]["text"] for figure in found]


@pytest.mark.full
def test_methods_are_compared_from_room_to_control(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    given = {"methods": "kd, sp", "settings": 1, "folder": str(folder), **SMALL}
    notebook = execute("compare_methods.ipynb", tmp_path, **given)
    told = printed(notebook)
    assert re.search(r"The ceiling gains [+-]\d+\.\d points", told)
    for title in ("soft labels", "SP"):
        assert re.search(
            rf"^{title}.*: [+-]\d+\.\d points \[.*\], (not )?resolved", told, re.M | re.I
        )
    cells = {file: file.read_bytes() for file in (folder / "cells").glob("*.json")}
    # tuning: 3 references, ceiling, 2 methods; comparison also baselines, teacher and controls
    assert len(cells) == (6 + 6) + 2 * (6 + 6 + 3)
    assert len(titles(notebook)) == 1
    again = execute("compare_methods.ipynb", tmp_path, **given)
    assert printed(again) == told
    assert {file: file.read_bytes() for file in (folder / "cells").glob("*.json")} == cells


@pytest.mark.full
def test_an_ablation_titles_its_figures_by_their_numbers(tmp_path: Path) -> None:
    given = {"studies": "rows, warm_up", "folder": str(tmp_path / "kept"), **SMALL}
    notebook = execute("ablate.ipynb", tmp_path, **given)
    told = printed(notebook)
    shown = titles(notebook)
    assert len(shown) == 2
    for title in shown:
        plain = title.removeprefix("<b>").removesuffix("</b>")
        assert plain in told
    found = re.search(r"came closer|(\d+\.\d) % of the mass goes to its own", told)
    assert found is not None
    assert 0 < float(found[1]) <= 100


def run_here(name: str, parameters: dict[str, Any], names: dict[str, Any]) -> None:
    """The code cells of a notebook in this process: a kernel takes seconds to start."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = parameterize_notebook(load_notebook_node(str(NOTEBOOKS / name)), parameters)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)


@pytest.fixture
def renderer() -> Iterator[None]:
    """A notebook sets how figures are shown, for its whole process."""
    import plotly.io as pio

    before = pio.renderers.default
    yield
    pio.renderers.default = before


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("run_digits.ipynb", {"k": 500}, "batch of more than 500 samples"),
        ("compare_methods.ipynb", {"methods": "kdd"}, "Unknown distillation method 'kdd'"),
        ("compare_methods.ipynb", {"n_seeds": 1}, "give n_seeds 2 or more"),
        ("compare_methods.ipynb", {"first_seed": 0}, "serve tuning and comparison both"),
        ("ablate.ipynb", {"studies": "polcy"}, "Unknown study 'polcy'"),
        ("agnostic.ipynb", {"problems": "digts"}, "no problem 'digts'"),
        ("agnostic.ipynb", {"n_seeds": 1}, "give n_seeds 2 or more"),
        ("agnostic.ipynb", {"profile": "half"}, "choose quick or full"),
        ("ablate.ipynb", {"blur": -1.0}, "'blur' is -1.0; it should be greater than 0"),
        ("run_own.ipynb", {"data": "nowhere.csv"}, "There is no file or folder"),
        ("pairs.ipynb", {"n_seeds": 1}, "n_seeds must be 2 or more"),
        ("pairs.ipynb", {"wrong": "half"}, "'half' is no list"),
    ],
)
def test_misuse_stops_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    renderer: None,
    name: str,
    parameters: dict,
    sentence: str,
) -> None:
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    names: dict[str, Any] = {}
    with pytest.raises(pkdot.PkdotError, match=sentence):
        run_here(name, parameters, names)
    assert names["parameters"]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_pairs_are_followed_from_four_samples_to_gains(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    renderer: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    small = {"wrong": "0.5", "trusted": "100", "methods": "rows", "unpaired_methods": "kd"}
    shown: list[Any] = []
    run_here(
        "pairs.ipynb",
        {**small, "n_seeds": 2, "jobs": 1, "epochs": 1},
        {"display": shown.append},
    )
    told = capsys.readouterr().out
    assert "8 of 16 entries change" in told
    assert "With trusted anchors it does not change" in told
    assert re.search(r"is at most \d\.\d points off; 1 of 1 intervals", told)
    gain = r"[+-]\d+\.\d points \[[+-]\d+\.\d, [+-]\d+\.\d\] over 2 seeds"
    assert len(re.findall(rf"50 % wrong, .+: rows one to one {gain}", told)) == 2
    assert re.search(rf"100 trusted pairs: soft labels leads with {gain}\.", told)
    assert len(shown) == 1


def test_own_data_run_from_a_simulated_table_to_a_student_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    notebook = execute("run_own.ipynb", tmp_path, epochs=2, n_seeds=1, jobs=1)
    told = printed(notebook)
    assert "240 samples · 12 persons" in told
    assert "This is classification; the score is accuracy." in told
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    assert record.simulated
    assert f"student: accuracy {100 * record.scores['student accuracy']:.1f} %" in told
    assert "# Model card" in told
    assert len(titles(notebook)) == 4
    assert all("simulated data" in title for title in titles(notebook))


def test_own_data_may_be_a_bundled_table_of_values(tmp_path: Path) -> None:
    told = printed(
        execute(
            "run_own.ipynb",
            tmp_path,
            data="diabetes",
            epochs=3,
            n_seeds=2,
            jobs=1,
            runs_dir=str(tmp_path / "runs"),
        )
    )
    assert "This is regression; the score is CCC." in told
    assert re.search(r"^PKDOT: [+-]0\.\d+ CCC against the student alone", told, re.MULTILINE)


OPEN_QUICK = {"n_folds": 3, "compare_folds": 2, "epochs": 2, "jobs": 1, "simulated_groups": 4}


def test_open_corpora_run_from_simulation_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    given = {"corpus": "fsdd", "simulated_recordings": 2, **OPEN_QUICK}
    notebook = execute("run_open.ipynb", tmp_path, **given)
    told = printed(notebook)
    assert "simulated fsdd: 80 recordings of 4 speakers" in told
    assert "test: 20 recordings of 1 speaker\n" in told
    assert "a pairing by class" in told
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    accuracy = 100 * record.scores["student accuracy"]
    assert f"student: accuracy {accuracy:.1f} % on the test recordings" in told
    assert "simulated fsdd, accuracy, 2 folds, 1 seed, 3 test speakers, profile quick:" in told
    assert len(titles(notebook)) == 3
    assert all("simulated data" in title for title in titles(notebook))


@pytest.mark.full
def test_open_corpora_are_read_from_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raters' shares as targets, which are no classes; and a recording that is damaged."""
    from pkdot.data.simulate.open_corpora import simulate as simulate_open

    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    root = simulate_open("cremad", tmp_path / "c", groups=4, recordings=1, progress=False)
    (root / "AudioWAV" / "1001_DFA_ANG_XX.wav").write_bytes(b"RIFF")
    own = {"corpus": "cremad", "root": str(root), "target": "raters", "prevalent": "sound"}
    own |= {"privileged": "raters", "method": "kd", "runs_dir": str(tmp_path / "runs")}
    told = printed(execute("run_open.ipynb", tmp_path, **own, **OPEN_QUICK))
    assert "simulated cremad: 23 recordings of 4 actors" in told
    assert "1001_DFA_ANG_XX.wav: it is no wav file" in told
    assert re.search(r"student: CCC -?\d\.\d{3} on the test recordings", told)
    assert "With soft labels the student reaches" in told


@pytest.mark.full
def test_the_claim_of_being_agnostic_is_tested_setting_by_setting(tmp_path: Path) -> None:
    small = {"problems": "digits_noise, voice, diabetes", "people": 10, "label_fraction": 0.3}
    small |= {"epochs": 1, "n_seeds": 2, "jobs": 1, "folder": str(tmp_path / "kept")}
    notebook = execute("agnostic.ipynb", tmp_path, **small)
    told = printed(notebook)
    assert "8 settings, 2 seeds: 16 distilled students." in told
    number = r"[+-]\d\.\d\d"
    assert re.search(rf"gain with what .* adds: {number} \[{number}, {number}\] \(3 prob", told)
    assert len(re.findall(r"^simulated people: face \| voice, .*:$", told, re.M)) == 6
    sentences = re.findall(r"^  (a gain|a loss|no gain resolved)", told, re.M)
    assert len(sentences) == 8
    (title,) = titles(notebook)
    assert f"{sentences.count('a gain')} of 8 settings gain" in title
    assert "simulated data" in title


AFFWILD2_QUICK = {"simulated_videos": 12, "simulated_frames": 48, "epochs": 2, "jobs": 1}


def test_affwild2_runs_from_simulation_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another working directory, as people do."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    notebook = execute("run_affwild2.ipynb", tmp_path, **AFFWILD2_QUICK)
    told = printed(notebook)
    assert "Simulated Aff-Wild2: windows of 16 frames" in told
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    assert record.simulated
    whole = record.scores["student ccc"]
    assert f"student: CCC {whole:.3f} over all test frames" in told
    chosen = re.search(r"Smoothing: (\d+) \(chosen out of 1, 5", told)
    assert chosen is not None
    assert f"2 test videos, smoothing {chosen[1]}, default, quick:" in told
    for arm in ("face alone", "sound alone", "soft labels", "PKDOT"):
        assert re.search(rf"^{arm}: [+-]\d\.\d+ CCC against the student alone", told, re.M), arm
    assert len(titles(notebook)) == 7
    assert all("simulated data" in title for title in titles(notebook))


@pytest.mark.full
def test_affwild2_on_disk_with_the_numbers_of_the_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student that hears and sees no face; encoders; a width that is given; another method."""
    from pkdot.data.simulate.affwild2 import simulate as simulate_affwild2

    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    root = simulate_affwild2(tmp_path / "Aff Wild", videos=12, frames=32, size=32, progress=False)
    own = {"data_root": str(root), "prevalent": "sound", "privileged": "face", "method": "kd"}
    own |= {"preset": "paper", "smoothing": 5, "epochs": 1, "jobs": 1}
    told = printed(
        execute(
            "run_affwild2.ipynb",
            tmp_path,
            fusion="gated_transformer",
            changes={"data.form": "raw", "data.sound.bands": 32, "backbones.epochs": 1},
            runs_dir=str(tmp_path / "runs"),
            **own,
        )
    )
    assert "Smoothing: 5 (as given)." in told
    assert "smoothing 5, paper, quick:" in told
    for arm in ("sound alone", "face alone", "soft labels"):
        assert re.search(rf"^{arm}: [+-]\d\.\d+ CCC", told, re.MULTILINE), arm
