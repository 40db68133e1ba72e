"""The same samples in every form give the same corpus."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pkdot.data import load_corpus
from pkdot.data.corpus import Corpus
from pkdot.data.own import OwnSettings
from pkdot.data.own.load import open_source
from pkdot.errors import ConfigError
from tests.support.own_files import (
    N,
    classes,
    features,
    frame,
    groups,
    hf_table,
    ids,
    write_folder,
    write_npz,
    write_saved,
    write_shards,
    write_table,
)

SPLITS = {"test": 16, "train": 32}


def corpus_of(path: Path, **settings: Any) -> Corpus:
    given = {"prevalent": "face", "privileged": "eda", **settings}
    return load_corpus(OwnSettings(path=path, **given), 0, progress=False)


def write_tsv(path: Path) -> Path:
    return write_table(path / "own.tsv", sep="\t")


def write_german(path: Path) -> Path:
    return write_table(path / "own.csv", sep=";", decimal=",", encoding="utf-8-sig")


def write_mixed(root: Path) -> Path:
    """A folder of one modality; the other stands in its table."""
    write_folder(root / "mixed")
    table = frame().drop(columns=[f"face.{i}" for i in range(4)])
    table.to_csv(root / "mixed" / "targets.csv", index=False)
    for path in (root / "mixed" / "eda").iterdir():
        path.unlink()
    (root / "mixed" / "eda").rmdir()
    return root / "mixed"


FORMS: dict[str, tuple[Callable[[Path], Path], dict[str, Any]]] = {
    "csv": (lambda p: write_table(p / "own.csv"), {}),
    "tsv": (write_tsv, {}),
    "german": (write_german, {}),
    "parquet": (lambda p: write_table(p / "own.parquet"), {}),
    "npz": (lambda p: write_npz(p / "own.npz"), {}),
    "folder": (lambda p: write_folder(p / "own"), {}),
    "mixed": (write_mixed, {}),
    "shards": (lambda p: write_shards(p / "own", hf_table(), SPLITS), {"target": "label"}),
    "saved": (lambda p: write_saved(p / "own", hf_table()), {"target": "label"}),
    "saved splits": (lambda p: write_saved(p / "own", hf_table(), SPLITS), {"target": "label"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_samples(form: str, tmp_path: Path) -> None:
    write, settings = FORMS[form]
    corpus = corpus_of(write(tmp_path), **settings)
    assert corpus.ids.tolist() == ids().tolist()
    assert corpus.groups.tolist() == groups().tolist()
    assert [corpus.task.names[t] for t in corpus.targets] == classes().tolist()
    for name, values in features().items():
        served = corpus.batch(name, np.arange(N)).numpy().reshape(N, -1)
        np.testing.assert_allclose(served, values, rtol=1e-6)
    if form in ("shards", "saved splits"):
        assert corpus.split.test.tolist() == list(range(16))
    else:
        sides = [set(corpus.groups[part]) for part in (corpus.split.train, corpus.split.test)]
        assert not sides[0] & sides[1]
    assert corpus.restricted


@pytest.mark.parametrize("form", FORMS)
def test_the_checker_of_types_sees_the_modalities(form: str, tmp_path: Path) -> None:
    write, settings = FORMS[form]
    source = open_source(write(tmp_path), (), OwnSettings(**settings), progress=False)
    assert set(source.modalities) == {"face", "eda"}
    assert len(source) == N


def test_the_fingerprint_follows_content_and_seed_and_not_the_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, other = (corpus_of(write_table(tmp_path / n / "own.csv")) for n in ("a", "b"))
    assert one.fingerprint == other.fingerprint
    changed = frame()
    changed.loc[3, "eda.1"] += 1
    third = corpus_of(write_table(tmp_path / "b" / "own.csv", changed))
    assert third.fingerprint != one.fingerprint
    assert third.source("face") == one.source("face")


def test_data_that_changed_since_a_sweep_began_are_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "own.csv")
    contents = corpus_of(path).facts["contents"]
    assert corpus_of(path, contents=contents).facts["contents"] == contents
    changed = frame()
    changed.loc[3, "eda.1"] += 1
    with pytest.raises(ConfigError, match="has changed since this was begun"):
        corpus_of(write_table(path, changed), contents=contents)


# --- what is not asked for is not read ----------------------------------------------------------


@pytest.mark.parametrize("form", ["folder", "table", "npz", "parquet"])
def test_a_modality_of_no_role_is_never_read(form: str, tmp_path: Path) -> None:
    if form == "folder":
        path = write_folder(tmp_path / "own")
        (path / "poison").mkdir()
        for name in ids():
            (path / "poison" / f"{name}.png").write_bytes(b"no picture at all")
    elif form == "npz":
        path = write_npz(tmp_path / "own.npz", poison=np.array([{}] * N))
    elif form == "table":
        paths = [f"../poison/{name}.png" for name in ids()]
        path = write_table(tmp_path / "own.csv", frame(poison=paths))
    else:
        path = write_table(tmp_path / "own.parquet", frame(poison=[b"no picture"] * N))
    corpus = corpus_of(path)
    assert set(corpus.modalities) == {"face", "eda"}
    assert "poison" in open_source(path, (), progress=False).modalities
    with pytest.raises(ConfigError):
        corpus_of(path, privileged="poison")


def test_a_privileged_modality_missing_in_a_folder_leaves_the_sample_in(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "own")
    for i in (3, 17):
        (path / "eda" / f"{ids()[i]}.csv").unlink()
    corpus = corpus_of(path)
    assert len(corpus) == N
    assert np.flatnonzero(~corpus.present["eda"]).tolist() == [3, 17]
    assert corpus.facts["without"] == {"eda": 2}


# --- names of columns ---------------------------------------------------------------------------


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    table = frame().rename(columns={"id": "clip", "target": "pain", "group": "subject"})
    path = write_table(tmp_path / "own.csv", table)
    corpus = corpus_of(path, id="clip", target="pain", group="subject")
    assert corpus.ids.tolist() == ids().tolist()
    assert corpus.groups.tolist() == groups().tolist()
    assert corpus.unit == "subject"


def test_named_columns_are_of_a_unit_each_and_one_column_is_a_modality(tmp_path: Path) -> None:
    table = frame()[["id", "target", "eda.0", "eda.1", "eda.2"]].assign(
        **{"vitals.age": np.arange(N), "vitals.bmi": 20.0, "score": np.arange(N) / 7}
    )
    path = write_table(tmp_path / "own.csv", table)
    corpus = corpus_of(path, prevalent="vitals, score")
    assert corpus.kind("vitals") == "columns"
    assert corpus.kind("eda") == "vector"
    assert corpus.batch("vitals", np.array([5])).tolist() == [[5.0, 20.0]]
    assert corpus.shape("score") == (1,)


def test_a_family_is_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    names = [f"face.{i}" for i in range(12)]
    values = pd.DataFrame({name: np.full(N, float(i)) for i, name in enumerate(names)})
    table = pd.concat([frame()[["id", "target", "eda.0"]], values[sorted(names)]], axis=1)
    corpus = corpus_of(write_table(tmp_path / "own.csv", table))
    assert corpus.batch("face", np.array([0])).tolist() == [list(map(float, range(12)))]


def test_several_targets_make_a_regression(tmp_path: Path) -> None:
    table = frame(valence=np.linspace(-1, 1, N), arousal=np.linspace(1, 0, N))
    corpus = corpus_of(write_table(tmp_path / "own.parquet", table), target="valence, arousal")
    assert corpus.task.kind == "regression"
    assert corpus.task.names == ("valence", "arousal")
    assert corpus.targets.shape == (N, 2)


def test_a_given_split_is_a_column(tmp_path: Path) -> None:
    words = np.array(["train"] * 32 + ["test"] * 16)
    corpus = corpus_of(write_table(tmp_path / "own.csv", frame(split=words)))
    assert corpus.split.test.tolist() == list(range(32, 48))


def test_few_labels_and_folds_are_settings(tmp_path: Path) -> None:
    path = write_table(tmp_path / "own.csv")
    folds = [corpus_of(path, protocol="kfold", n_folds=4, fold=f).split.test for f in range(4)]
    assert sorted(np.concatenate(folds)) == list(range(N))
    few = corpus_of(path, label_fraction=0.5).split
    assert len(few.labelled) == pytest.approx(0.5 * len(few.train), abs=1)


# --- what datasets saves ------------------------------------------------------------------------


def test_nested_lists_and_missing_cells_of_shards(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(N, 2, 6)).tolist()
    column = pa.array([*values[:5], None, *values[6:]], pa.list_(pa.list_(pa.float64())))
    table = hf_table().set_column(4, "eda", column)
    corpus = corpus_of(write_shards(tmp_path / "own", table, SPLITS), target="label",
                       kinds={"eda": "signal"})  # fmt: skip
    assert corpus.kind("eda") == "signal"
    assert corpus.shape("eda") == (2, 6)
    assert np.flatnonzero(~corpus.present["eda"]).tolist() == [5]
    served = corpus.batch("eda", np.array([4])).numpy()[0]
    np.testing.assert_allclose(served, np.array(values[4]), rtol=1e-6)


def test_shards_of_other_columns_are_refused(tmp_path: Path) -> None:
    path = write_shards(tmp_path / "own", hf_table(), SPLITS)
    parquet.write_table(hf_table().drop(["eda"]), path / "data" / "validation.parquet")
    with pytest.raises(ConfigError, match="has other columns than"):
        corpus_of(path, target="label")


def test_what_the_library_itself_saves(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    values = features()
    made = datasets.Dataset.from_dict(
        {"id": ids().tolist(), "label": (np.arange(N) % 2).tolist(),
         "face": values["face"].tolist(), "eda": values["eda"].tolist()}
    ).cast_column("label", datasets.ClassLabel(names=["calm", "pain"]))  # fmt: skip
    made.save_to_disk(str(tmp_path / "own"))
    corpus = corpus_of(tmp_path / "own", target="label")
    assert corpus.task.names == ("calm", "pain")
    np.testing.assert_allclose(corpus.batch("face", np.arange(N)).numpy(), values["face"])
