"""Corpora of arrays in memory and in ``.npz`` files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import pkdot
from pkdot.data.corpus import Corpus
from pkdot.data.own.npz import open_npz
from pkdot.data.own.settings import OwnSettings
from pkdot.errors import ConfigError, DataError
from pkdot.tasks import Ordinal, Regression

N = 60


def arrays(n: int = N) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    return {"face": chance.normal(size=(n, 5)), "eda": chance.normal(size=(n, 3, 7))}


def labels(n: int = N) -> np.ndarray:
    return np.arange(n) % 2


def test_the_defaults_are_what_one_would_guess() -> None:
    corpus = pkdot.Corpus.from_arrays(arrays(), labels())
    assert (corpus.prevalent, corpus.privileged) == (("face",), ("eda",))
    assert corpus.task.kind == "classification"
    assert corpus.task.names == ("0", "1")
    assert corpus.kind("face") == "vector"
    assert corpus.ids[:2].tolist() == ["00", "01"]
    assert corpus.unit == "sample"
    assert not corpus.simulated
    every = [corpus.split.labelled, corpus.split.validation, corpus.split.test]
    assert sorted(np.concatenate(every)) == list(range(N))


def test_samples_come_out_as_they_went_in() -> None:
    given = arrays()
    corpus = Corpus.from_arrays(given, labels())
    rows = np.array([5, 0, 59])
    for name, values in given.items():
        served = corpus.batch(name, rows)
        assert served.dtype == torch.float32
        np.testing.assert_allclose(served.numpy(), values[rows].astype(np.float32))


def test_groups_ids_and_split_are_kept() -> None:
    split = np.array(["train"] * 40 + ["val"] * 8 + ["test"] * 12)
    groups = np.repeat([f"s{i}" for i in range(15)], 4)
    ids = [f"clip-{i}" for i in range(N)]
    corpus = Corpus.from_arrays(
        arrays(), labels(), groups=groups, ids=ids, split=split, unit="subject"
    )
    assert corpus.ids.tolist() == ids
    assert corpus.groups.tolist() == groups.tolist()
    assert corpus.unit == "subject"
    assert corpus.split.test.tolist() == list(range(48, 60))
    assert corpus.split.validation.tolist() == list(range(40, 48))


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (np.array(["calm", "pain"] * 30), "classification"),
        ([True, False] * 30, "classification"),
        (np.linspace(0, 1, N), "regression"),
        (np.random.default_rng(0).normal(size=(N, 2)), "regression"),
        (np.random.default_rng(0).integers(0, 2, (N, 3)), "multilabel"),
        (np.arange(N), "regression"),
        (pd.Series(["calm", "pain"] * 30), "classification"),
        (torch.linspace(0, 1, N), "regression"),
    ],
)
def test_the_task_is_told_by_the_targets(targets: Any, kind: str) -> None:
    assert Corpus.from_arrays(arrays(), targets).task.kind == kind


def test_a_task_is_taken_by_name_or_ready_made() -> None:
    assert Corpus.from_arrays(arrays(), labels(), task="regression").task.kind == "regression"
    task = Regression(targets=("valence",), objective="ccc")
    chosen = Corpus.from_arrays(arrays(), np.linspace(0, 1, N), task=task).task
    assert (chosen.names, chosen.objective) == (("valence",), "ccc")
    levels = Corpus.from_arrays(arrays(), np.array(["high", "low"] * 30),
                                task=Ordinal(classes=("low", "high")))  # fmt: skip
    assert levels.targets[:2].tolist() == [1, 0]


def test_missing_targets_are_unlabelled_samples() -> None:
    targets = np.linspace(0, 1, N)
    targets[:10] = np.nan
    assert Corpus.from_arrays(arrays(), targets).split.unlabelled.tolist() == list(range(10))
    classes = labels()
    classes[:10] = -1
    assert Corpus.from_arrays(arrays(), classes).split.unlabelled.tolist() == list(range(10))
    texts = np.array(["", *["a", "b"] * 29, "a"])
    assert Corpus.from_arrays(arrays(), texts).split.unlabelled.tolist() == [0]


def test_a_sample_without_a_privileged_modality_stays_and_says_so() -> None:
    given = arrays()
    given["eda"][3:6] = np.nan
    corpus = Corpus.from_arrays(given, labels())
    assert len(corpus) == N
    assert np.flatnonzero(~corpus.present["eda"]).tolist() == [3, 4, 5]
    assert not corpus.batch("eda", np.array([3, 4])).any()
    assert corpus.batch("eda", np.array([3, 7])).isfinite().all()


def test_a_sample_without_a_prevalent_modality_is_named_or_left_out() -> None:
    given = arrays()
    given["face"][3:6] = np.nan
    with pytest.raises(DataError, match=r"3 samples without 'face' \(03, 04, 05\).*drop-missing"):
        Corpus.from_arrays(given, labels())
    corpus = Corpus.from_arrays(given, labels(), drop_missing=True)
    assert len(corpus) == N - 3
    assert "04" not in corpus.ids


def test_windows_have_a_target_a_frame() -> None:
    values = {"face": np.ones((N, 6, 5)), "eda": np.ones((N, 6, 2))}
    targets = np.random.default_rng(0).normal(size=(N, 6, 1))
    frames = np.array([[f"v{i}#{j}" for j in range(6)] for i in range(N)])
    corpus = Corpus.from_arrays(values, targets, frames=frames)
    assert corpus.is_sequence
    assert corpus.kind("face") == "frames"
    assert corpus.frame_names(np.array([2]))[0, 3] == "v2#3"


def test_bytes_with_the_colour_last_are_pixels() -> None:
    pixels = np.full((N, 8, 9, 3), 255, dtype=np.uint8)
    pixels[..., 1:] = 0
    corpus = Corpus.from_arrays({"face": pixels, "eda": arrays()["eda"]}, labels())
    assert corpus.shape("face") == (3, 8, 9)
    assert corpus.kind("face") == "picture"
    assert corpus.batch("face", np.array([0]))[0, :, 0, 0].tolist() == [1, 0, 0]


def test_roles_may_be_named_and_the_rest_is_never_read() -> None:
    class Poison:
        def __len__(self) -> int:
            raise AssertionError("read")

        __getitem__ = __array__ = __len__

    given = {**arrays(), "ecg": np.ones((N, 2)), "poison": Poison()}
    corpus = Corpus.from_arrays(given, labels(), prevalent=["ecg"], privileged="face, eda")
    assert corpus.names == ("ecg", "face", "eda")
    assert set(corpus.modalities) == {"ecg", "face", "eda"}


def test_the_fingerprint_follows_the_content() -> None:
    given = arrays()
    one, same = (Corpus.from_arrays(given, labels()) for _ in range(2))
    other_seed = Corpus.from_arrays(given, labels(), seed=1)
    given["eda"][0, 0, 0] += 1
    changed = Corpus.from_arrays(given, labels())
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other_seed.fingerprint, changed.fingerprint}) == 3
    assert one.source("eda") == other_seed.source("eda") != changed.source("eda")
    assert one.source("face") == changed.source("face")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"targets": labels(59)}, "'face' of own has 60 samples, targets has 59"),
        ({"ids": [str(i) for i in range(59)]}, "'ids' of own has 59 samples"),
        ({"ids": ["a", *[str(i) for i in range(58)], "a"]}, r"1 id .* more than once \(a\)"),
        ({"groups": ["g"] * N}, "Group 'g' has all the 60 samples"),
        ({"groups": ["", *["g", "h"] * 29, "h"]}, r"1 sample of own have no group \(rows 1\)"),
        ({"targets": np.zeros(N, int)}, "of one class, '0'"),
        ({"targets": np.zeros(N), "task": "regression"}, "is 0 everywhere"),
        ({"targets": ["a", "b"] * 30, "task": "regression"}, r"is text \(a\) where numbers"),
        ({"targets": np.full(N, np.nan)}, "No sample of own has a target"),
        ({"targets": np.zeros((0,))}, "own has no samples"),
        ({"targets": np.linspace(0, 1, N), "task": "classification"}, "no class"),
        ({"privileged": "faec"}, "no modality 'faec'; did you mean 'face'"),
        ({"prevalent": "eda", "privileged": "eda"}, "prevalent and privileged at once"),
        ({"targets": np.array([{}] * N)}, "array of Python objects"),
        ({"modalities": {"a": np.ones((N, 2)), "b": [[1], [1, 2]] * 30}}, "different shapes"),
        ({"modalities": {"a": np.ones((N, 2))}}, "No privileged modality"),
        ({"modalities": {"a": np.ones((N, 2)), "b": ["x"] * N}}, "'b' holds <U1 and no numbers"),
        ({"modalities": {"a": np.ones((N, 2)), "b": np.ones((N, 0))}}, "'b' has no values"),
        ({"modalities": {"a": np.ones((N, 2)), "b": np.ones((N, 2, 2, 2, 2))}}, "'b': Samples of"),
        ({"split": ["train"] * N}, "no test sample"),
        ({"label_fracton": 0.1}, "did you mean 'label_fraction'"),
        ({"targets": labels(4), "modalities": arrays(4), "protocol": "kfold"}, "at least 5"),
    ],
)  # fmt: skip
def test_what_makes_no_corpus_is_refused_in_a_sentence(change: dict[str, Any], match: str) -> None:
    given: dict[str, Any] = {"modalities": arrays(), "targets": labels(), **change}
    with pytest.raises(ConfigError, match=match):
        Corpus.from_arrays(given.pop("modalities"), given.pop("targets"), **given)


def test_some_nan_and_infinite_numbers_name_the_rows() -> None:
    given = arrays()
    given["face"][7, 2] = np.nan
    given["face"][9, 1] = np.inf
    with pytest.raises(DataError, match=r"'face' of sample '07' .*1 of 5 values NaN, as are 09"):
        Corpus.from_arrays(given, labels())


# --- .npz ---------------------------------------------------------------------------------------


def test_an_npz_of_the_same_names_is_the_same_source(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, **arrays(), targets=labels(), groups=np.repeat(np.arange(15), 4))
    source = open_npz(path, ("face", "eda"), OwnSettings())
    assert source.modalities == ("face", "eda")
    assert source.groups is not None
    np.testing.assert_array_equal(source.samples("face")[np.arange(N)], arrays()["face"])


def test_objects_in_an_npz_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, face=np.array([{}] * N), eda=arrays()["eda"], targets=labels())
    source = open_npz(path, ("face", "eda"), OwnSettings())
    with pytest.raises(DataError, match=r"'face' of own\.npz is an array of Python objects"):
        source.reading("face")


def test_a_modality_of_an_npz_that_nobody_names_is_never_read(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, **arrays(), poison=np.array([{}] * N), targets=labels())
    source = open_npz(path, ("face", "eda"), OwnSettings())
    assert source.reading("face").usable.all()
    with pytest.raises(DataError, match="opened for face, eda"):
        source.reading("poison")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip file"])
def test_a_file_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"own.npz cannot be read .*np.savez"):
        open_npz(path, (), OwnSettings())


@pytest.mark.parametrize("targets", [np.arange(N) % 2, np.array([b"calm", b"pain"] * (N // 2))])
def test_targets_of_one_column_and_bytes_are_classes(targets: np.ndarray) -> None:
    one, two = (Corpus.from_arrays(arrays(), targets=t) for t in (targets, targets[:, None]))
    assert one.task == two.task
    assert one.task.class_names == (("0", "1") if targets.dtype.kind == "i" else ("calm", "pain"))
    assert np.array_equal(one.targets, two.targets)
