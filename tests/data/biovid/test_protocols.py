"""Splits: nobody on both sides, folds that partition, the owners' lists, a leak that says so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkdot import ExperimentConfig
from pkdot.data import Corpus
from pkdot.data.biovid.protocols import (
    HOLDOUT,
    LOW_EXPRESSIVE,
    Protocol,
    excluded_subjects,
    leaks,
    make_split,
    n_folds,
)
from pkdot.data.biovid.settings import BioVidSettings
from pkdot.errors import ConfigError, DataError
from pkdot.experiments.split_leakage import leak_cells
from pkdot.tasks import Classification


def table(subjects: int = 20, windows: int = 10, classes: tuple[int, ...] = (0, 4)) -> pd.DataFrame:
    names = [f"900{i:03d}_w_30" for i in range(subjects)]
    return _windows(names, windows, classes)


def _windows(names: list[str], windows: int, classes: tuple[int, ...]) -> pd.DataFrame:
    rows = [(name, c) for c in classes for name in names for _ in range(windows)]
    return pd.DataFrame(rows, columns=["subject", "class_id"])


def owners_87() -> pd.DataFrame:
    """87 names of which the lists' are real, as in part A."""
    listed = sorted(LOW_EXPRESSIVE | HOLDOUT)
    return _windows(listed + [f"{i:06d}_m_30" for i in range(87 - len(listed))], 4, (0, 4))


def people(frame: pd.DataFrame, indices: np.ndarray) -> set[str]:
    return set(frame["subject"].to_numpy()[indices])


def test_the_lists_are_those_of_the_owners() -> None:
    assert len(LOW_EXPRESSIVE) == 20
    assert len(HOLDOUT) == 26
    assert len(LOW_EXPRESSIVE & HOLDOUT) == 5


@pytest.mark.parametrize("protocol", ["grouped_5fold", "loso_87", "released_5fold"])
def test_every_window_is_tested_once(protocol: Protocol) -> None:
    frame = table()
    tested = [
        make_split(frame, protocol, fold, seed=0).test
        for fold in range(n_folds(protocol, frame["subject"].tolist()))
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(frame)))
    assert len(tested) == (20 if protocol == "loso_87" else 5)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    subjects=st.integers(6, 25),
    windows=st.integers(1, 7),
    protocol=st.sampled_from(["grouped_5fold", "loso_87"]),
    fold=st.integers(0, 4),
    seed=st.integers(0, 10**6),
    validation=st.floats(0.01, 0.99),
    labels=st.floats(0.01, 1.0),
    unit=st.sampled_from(["window", "subject"]),
)
def test_nobody_stands_on_two_sides(
    subjects: int, windows: int, protocol: Protocol, fold: int, seed: int,
    validation: float, labels: float, unit: str,
) -> None:  # fmt: skip
    frame = table(subjects, windows)
    split = make_split(
        frame, protocol, fold, seed,
        validation_fraction=validation, label_fraction=labels, label_unit=unit,  # type: ignore[arg-type]
    )  # fmt: skip
    sides = [people(frame, part) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == subjects == len(set.union(*sides))
    everything = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(everything), np.arange(len(frame)))


def test_released_folds_leak_and_say_so() -> None:
    frame = table()
    split = make_split(frame, "released_5fold", 0, seed=0)
    assert people(frame, split.test) == people(frame, split.train)
    assert leaks("released_5fold")
    assert not any(leaks(p) for p in ("grouped_5fold", "loso_87", "loso_67", "holdout"))
    classes = frame["class_id"].to_numpy()[split.test]
    assert (classes == 0).sum() == (classes == 4).sum()


def test_holdout_tests_the_26_and_trains_on_61() -> None:
    frame = owners_87()
    split = make_split(frame, "holdout", 0, seed=0)
    assert people(frame, split.test) == set(HOLDOUT)
    assert len(people(frame, split.train) | people(frame, split.validation)) == 61


def test_loso_67_leaves_out_the_20() -> None:
    frame = owners_87()
    out = excluded_subjects(frame["subject"].tolist(), "loso_67", False)
    assert out == LOW_EXPRESSIVE
    rest = frame[~frame["subject"].isin(out)]
    assert n_folds("loso_67", rest["subject"].tolist()) == 67
    assert n_folds("loso_87", frame["subject"].tolist()) == 87
    split = make_split(rest.reset_index(drop=True), "loso_67", 66, seed=0)
    assert len(split.test) == 8


def test_holdout_with_the_exclusion_list_is_an_error() -> None:
    with pytest.raises(ConfigError, match="5 subjects stand on both lists"):
        excluded_subjects(owners_87()["subject"].tolist(), "holdout", True)


def test_lists_that_mean_nothing_here_are_an_error() -> None:
    names = table()["subject"].tolist()
    for protocol, exclude in (("loso_67", False), ("grouped_5fold", True)):
        with pytest.raises(DataError, match="None of the 20"):
            excluded_subjects(names, protocol, exclude)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="of which 0 are among"):
        make_split(table(), "holdout", 0, seed=0)
    assert excluded_subjects(names, "grouped_5fold", False) == frozenset()


def test_seeds_move_the_inner_split_and_never_the_folds() -> None:
    frame = table()
    one, other = (make_split(frame, "grouped_5fold", 2, seed) for seed in (0, 1))
    np.testing.assert_array_equal(one.test, other.test)
    assert people(frame, one.validation) != people(frame, other.validation)
    again = make_split(frame, "grouped_5fold", 2, 0)
    np.testing.assert_array_equal(one.validation, again.validation)
    moved = make_split(frame, "grouped_5fold", 2, 0, fold_seed=1)
    assert people(frame, moved.test) != people(frame, one.test)


def test_a_quarter_of_the_labels_within_every_subject() -> None:
    frame = table()
    split = make_split(frame, "grouped_5fold", 0, seed=0, label_fraction=0.25)
    labelled = frame.iloc[split.labelled]
    assert len(labelled) == round(0.25 * len(split.train))
    counts = labelled.groupby(["subject", "class_id"]).size()
    assert people(frame, split.labelled) == people(frame, split.train)
    assert counts.between(2, 3).all()  # a quarter of ten
    by_class = labelled.groupby("class_id").size()
    assert abs(by_class[0] - by_class[4]) <= 1
    assert len(split.unlabelled) == len(split.train) - len(labelled)
    # the validation does not depend on how many labels there are
    full = make_split(frame, "grouped_5fold", 0, seed=0)
    np.testing.assert_array_equal(full.validation, split.validation)
    assert len(full.unlabelled) == 0


def test_labels_of_whole_subjects() -> None:
    frame = table()
    split = make_split(frame, "grouped_5fold", 0, seed=0, label_fraction=0.25, label_unit="subject")
    labelled, unlabelled = people(frame, split.labelled), people(frame, split.unlabelled)
    assert not labelled & unlabelled
    assert len(labelled) == round(0.25 * 13)


def test_tiny_fractions_keep_every_class() -> None:
    frame = table(subjects=6, windows=2, classes=(0, 1, 2, 3, 4))
    split = make_split(frame, "grouped_5fold", 0, seed=0, label_fraction=0.001)
    assert set(frame["class_id"].to_numpy()[split.labelled]) == {0, 1, 2, 3, 4}


def test_too_few_subjects_and_folds_that_do_not_exist() -> None:
    with pytest.raises(DataError, match="at least 6 subjects"):
        make_split(table(5), "grouped_5fold", 0, seed=0)
    with pytest.raises(DataError, match="two training subjects"):
        make_split(table(2), "loso_87", 0, seed=0)
    with pytest.raises(ConfigError, match="folds 0 to 4, not 5"):
        make_split(table(), "grouped_5fold", 5, seed=0)
    with pytest.raises(DataError, match="Clip-level folds"):
        make_split(table(1, 2), "released_5fold", 0, seed=0)


def test_folds_of_clips_tell_who_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels that show the person, and pain only as a change from that person's own look."""
    subjects = np.repeat([f"9000{i:02d}_w_30" for i in range(12)], 8)
    labels = np.tile([0, 1], 48)
    chance = np.random.default_rng(0)
    pixels = 0.1 * chance.normal(size=(96, 30))
    pixels[:, 1:4] += np.repeat(3 * chance.normal(size=(12, 3)), 8, axis=0)
    # Who shows pain by what differs from person to person: only their own windows can teach it.
    own_way = np.repeat(chance.choice([-1, 1], 12), 8)
    pixels[:, 0] += 3 * own_way * (2 * labels - 1)
    clips = np.repeat(pixels.reshape(96, 3, 1, 5, 2), 5, axis=2).astype(np.float32)
    table = pd.DataFrame({"subject": subjects, "class_id": 4 * labels})

    def write_stand_in(settings: BioVidSettings, seed: int, **_: object) -> Corpus:
        split = make_split(
            table, settings.protocol, settings.fold, seed, fold_seed=settings.fold_seed
        )
        return Corpus(
            name="biovid", modalities={"video": clips}, prevalent=("video",), privileged=(),
            targets=labels, given_targets=labels, groups=subjects,
            ids=np.arange(96).astype(str), task=Classification(classes=("BL1", "PA4")), split=split,
            simulated=True, fingerprint="made up",
        )  # fmt: skip

    monkeypatch.setattr("pkdot.experiments.corpora.load_corpus", write_stand_in)
    monkeypatch.setattr("pkdot.experiments.split_leakage._COMPONENTS", 4)
    cells = leak_cells(ExperimentConfig.preset("default"), (0, 1), progress=False)
    accuracy = cells.groupby("arm")["accuracy"].mean()
    assert accuracy["clips"] > accuracy["people"] + 0.1
    for counts in cells["by_group"]:
        assert sum(size for _, size in counts.values()) == 96, "every window is tested once"
    with pytest.raises(ConfigError, match="pixels of BioVid"):
        leak_cells(ExperimentConfig(), progress=False)
