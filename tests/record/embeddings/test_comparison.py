"""Two sets of embeddings make a record: joined, measured over all samples, shown on a probe."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pkdot
from pkdot.analysis.agreement import agreement, linear_cka
from pkdot.errors import InputError
from pkdot.record import RunRecord
from pkdot.record.target_columns import targets_of
from pkdot.tasks import Ordinal

RNG = np.random.default_rng(0)
N = 60
LABELS = np.arange(N) % 3
TEACHER = (4 * np.eye(3)[LABELS] @ RNG.normal(size=(3, 8)) + RNG.normal(size=(N, 8))).astype("f4")
STUDENT = (TEACHER @ RNG.normal(size=(8, 5)) + RNG.normal(size=(N, 5))).astype("f4")
IDS = np.array([f"clip {i}" for i in range(N)])


def compared(folder: Path, *pair: Any, **options: Any) -> RunRecord:
    return pkdot.compare_embeddings(*(pair or (TEACHER, STUDENT)), runs_dir=folder, **options)


def measures(record: RunRecord, split: str) -> dict[str, float]:
    table = record.metrics
    return dict(table[table["split"] == split][["name", "value"]].itertuples(index=False))


def test_the_record_holds_what_was_given(tmp_path: Path) -> None:
    record = compared(tmp_path, targets=LABELS, ids=IDS, groups=LABELS, names=("face", "watch"))
    assert record.status == "finished"
    assert record.name == "face against watch"
    assert record.facts["names"] == {"teacher": "face", "student": "watch"}
    assert record.facts["widths"] == {"face": 8, "watch": 5}
    probe, kept = record.probe, record.embeddings(0)
    rows = [list(IDS).index(name) for name in probe["sample_id"]]
    assert sorted(rows) == list(range(N))
    np.testing.assert_array_equal(kept.teacher, TEACHER[rows])
    np.testing.assert_array_equal(kept.student, STUDENT[rows])
    np.testing.assert_array_equal(targets_of(probe), LABELS[rows])
    assert list(probe["subject"]) == [str(LABELS[row]) for row in rows]
    assert set(record.maps()["projection"]) >= {"pca"}


def test_measures_are_those_of_all_samples_and_of_the_probe(tmp_path: Path) -> None:
    record = compared(tmp_path, targets=LABELS, probe=30)
    whole, probe = measures(record, "all"), measures(record, "probe")
    assert whole["cka"] == pytest.approx(linear_cka(TEACHER, STUDENT), abs=1e-6)
    assert probe == pytest.approx(agreement(*record.embeddings(0)), abs=1e-6)
    assert probe["cka"] != pytest.approx(whole["cka"], abs=1e-6)


def test_rows_are_joined_by_name_in_any_order(tmp_path: Path) -> None:
    order = RNG.permutation(N)
    straight = compared(tmp_path, ids=IDS)
    joined = compared(tmp_path, TEACHER, STUDENT[order], ids=IDS, student_ids=IDS[order])
    assert joined.facts["joined"] == "by id"
    assert straight.facts["joined"] == "by row"
    assert joined.facts["data"]["fingerprint"] == straight.facts["data"]["fingerprint"]
    np.testing.assert_array_equal(joined.embeddings(0).student, straight.embeddings(0).student)


def test_targets_with_names_are_put_in_order(tmp_path: Path) -> None:
    order = RNG.permutation(N)
    table = pd.DataFrame({"pain": LABELS + 0.5 * np.pi}).set_index(IDS)
    record = compared(tmp_path, targets=table.iloc[order], ids=IDS)
    assert record.task.names == ("pain",)
    rows = [list(IDS).index(name) for name in record.probe["sample_id"]]
    np.testing.assert_allclose(targets_of(record.probe)[:, 0], table["pain"].to_numpy()[rows])
    with pytest.raises(InputError, match=r"targets lack 2 samples: 'clip 0', 'clip 1'"):
        compared(tmp_path, targets=table.iloc[2:], ids=IDS)


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (LABELS, "classification"),
        (np.array(["a", "b", "c"])[LABELS], "classification"),
        (LABELS == 1, "classification"),
        (LABELS + 0.25, "regression"),
        (np.arange(N), "regression"),
        (np.column_stack([LABELS == 0, LABELS == 1]).astype(int), "multilabel"),
        (np.column_stack([LABELS, LABELS / 2]), "regression"),
        (pd.Series(LABELS, name="level").astype("Int64"), "classification"),
    ],
    ids=["whole", "text", "booleans", "reals", "many whole", "0 and 1", "columns", "nullable"],
)
def test_the_task_is_found(tmp_path: Path, targets: Any, kind: str) -> None:
    assert compared(tmp_path, targets=targets).task.kind == kind


def test_the_task_can_be_told(tmp_path: Path) -> None:
    assert compared(tmp_path, targets=LABELS, task="ordinal").task.kind == "ordinal"
    assert compared(tmp_path, targets=LABELS, task="regression").task.names == ("target",)
    words = np.array(["low", "middle", "high"])
    task = Ordinal(classes=tuple(words))
    record = compared(tmp_path, targets=words[LABELS], task=task, ids=IDS)
    rows = [list(IDS).index(name) for name in record.probe["sample_id"]]
    np.testing.assert_array_equal(targets_of(record.probe), LABELS[rows])


def test_missing_targets_stay_missing(tmp_path: Path) -> None:
    gaps = np.array(["a", "b", ""])[LABELS]
    record = compared(tmp_path, targets=gaps)
    assert record.task.class_names == ("a", "b")
    assert (targets_of(record.probe) == -1).sum() == N // 3
    real = np.where(LABELS == 0, np.nan, LABELS + 0.5)
    assert np.isnan(targets_of(compared(tmp_path, targets=real).probe)).sum() == N // 3


def test_a_record_without_targets_opens(tmp_path: Path) -> None:
    record = compared(tmp_path)
    assert (targets_of(record.probe) == -1).all()
    assert record.class_names == ()
    assert not (record.task.grouping(targets_of(record.probe)).numbers >= 0).any()


def test_a_probe_is_drawn_by_strata_and_said(tmp_path: Path) -> None:
    rare = np.where(np.arange(N) < 6, 1, 0)
    record = compared(tmp_path, targets=rare, probe=20, seed=3)
    assert record.facts["probe"] == "20 of 60 samples, drawn by strata of the targets, seed 3"
    assert (targets_of(record.probe) == 1).sum() == 2
    again = compared(tmp_path, targets=rare, probe=20, seed=3)
    assert list(again.probe["sample_id"]) == list(record.probe["sample_id"])
    other = compared(tmp_path, targets=rare, probe=20, seed=4)
    assert set(other.probe["sample_id"]) != set(record.probe["sample_id"])


def test_at_most_a_thousand_samples_are_followed(tmp_path: Path) -> None:
    z = RNG.normal(size=(1200, 3))
    record = compared(tmp_path, z, z)
    assert len(record.probe) == 1000
    assert record.facts["samples"] == 1200
    with pytest.raises(InputError, match="3 to 1000 samples, not 1001"):
        compared(tmp_path, z, z, probe=1001)


def test_a_probe_may_be_named(tmp_path: Path) -> None:
    wanted = ["clip 7", "clip 2", "clip 59"]
    record = compared(tmp_path, ids=IDS, probe=wanted)
    assert list(record.probe["sample_id"]) == wanted
    np.testing.assert_array_equal(record.embeddings(0).teacher, TEACHER[[7, 2, 59]])
    with pytest.raises(InputError, match="No sample has 1 names of the probe: 'nobody'"):
        compared(tmp_path, ids=IDS, probe=[*wanted, "nobody"])


def test_rows_with_nan_are_named_or_left_out(tmp_path: Path) -> None:
    broken = TEACHER.copy()
    broken[[4, 9], 0] = np.nan, np.inf
    with pytest.raises(InputError, match="2 rows of teacher hold NaN or infinity: 'clip 4', 'cl"):
        compared(tmp_path, broken, STUDENT, ids=IDS)
    record = compared(tmp_path, broken, STUDENT, targets=LABELS, ids=IDS, drop_missing=True)
    kept = np.delete(np.arange(N), [4, 9])
    assert record.facts["left out"] == 2
    assert set(record.probe["sample_id"]) == set(IDS[kept])
    assert measures(record, "all")["cka"] == pytest.approx(
        linear_cka(TEACHER[kept], STUDENT[kept]), abs=1e-6
    )
    rows = [list(IDS).index(name) for name in record.probe["sample_id"]]
    np.testing.assert_array_equal(targets_of(record.probe), LABELS[rows])


def test_tensors_tables_and_files_are_the_same(tmp_path: Path) -> None:
    import torch

    np.save(tmp_path / "t.npy", TEACHER)
    runs = tmp_path / "runs"
    ways = (
        (TEACHER, STUDENT),
        (torch.from_numpy(TEACHER).requires_grad_(), torch.from_numpy(STUDENT)),
        (tmp_path / "t.npy", pd.DataFrame(STUDENT)),
    )
    found = {compared(runs, *pair).facts["data"]["fingerprint"] for pair in ways}
    assert len(found) == 1


@pytest.mark.parametrize(
    ("pair", "options", "sentence"),
    [
        ((TEACHER[0], STUDENT), {}, r"shape \(8,\); a matrix \(N, D\)"),
        ((TEACHER[:2], STUDENT[:2]), {}, "2 rows; a comparison needs 3"),
        ((TEACHER, STUDENT[1:]), {}, "60 rows and The student matrix 59"),
        ((TEACHER.astype(object), STUDENT), {}, "Python objects"),
        ((TEACHER.astype(complex), STUDENT), {}, "not real numbers"),
        ((TEACHER, STUDENT), {"ids": IDS[1:]}, "60 rows, but 59 names"),
        ((TEACHER, STUDENT), {"ids": [*IDS[1:], IDS[1]]}, "names 'clip 1' twice"),
        ((TEACHER, STUDENT), {"targets": LABELS[1:]}, "60 samples, but 59 targets"),
        ((TEACHER, STUDENT), {"targets": np.zeros(N, int)}, "one class, '0'"),
        ((TEACHER, STUDENT), {"targets": [np.nan] * N}, "None of the 60 targets is known"),
        (
            (TEACHER, STUDENT),
            {"targets": ["1", "x", "2"] * 20, "task": "regression"},
            "not text such as 'x'",
        ),
        ((TEACHER, STUDENT), {"targets": LABELS, "task": "ranking"}, "Unknown task 'ranking'"),
        ((TEACHER, STUDENT), {"task": "ordinal"}, "A task needs targets"),
        ((TEACHER, STUDENT), {"groups": LABELS[2:]}, "60 samples, but 58 groups"),
        ((TEACHER, STUDENT), {"names": ("a", "a")}, "Two different names"),
        ((TEACHER, STUDENT), {"probe": 2}, "3 to 1000 samples, not 2"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, pair: Any, options: Any, sentence: str
) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(InputError, match=sentence) as caught:
        compared(runs, *pair, **options)
    assert "\n" not in str(caught.value)
    assert not runs.exists()


def test_names_that_only_one_side_has_are_counted_and_shown(tmp_path: Path) -> None:
    other = [f"other {i}" if i < 7 else name for i, name in enumerate(IDS)]
    with pytest.raises(InputError, match=r"lacks 7 of the 60 .*'clip 4' and 2 more;"):
        compared(tmp_path, ids=IDS, student_ids=other)


@pytest.mark.full
@pytest.mark.slow  # the first fit of UMAP compiles for seconds
def test_umap_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("umap")
    maps = compared(tmp_path, maps=("pca", "umap")).maps()
    assert set(maps["projection"]) == {"pca", "umap"}
    assert len(maps) == 2 * 2 * N
