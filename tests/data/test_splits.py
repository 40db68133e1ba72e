"""Laws of splits: disjoint, whole, by group, even over strata, and the same for the same seeds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkdot.data import Split
from pkdot.data.splits import SplitSettings, make_split
from pkdot.errors import ConfigError, DataError
from pkdot.tasks import Classification, Multilabel, Regression

TASK = Classification(classes=("no", "yes"))
PARTS = ("labelled", "unlabelled", "validation", "test")


def classes(n: int, share: float = 0.3, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def split_of(targets: np.ndarray, groups: Any = None, seed: int = 0, **settings: Any) -> Split:
    given = settings.pop("given", None)
    return make_split(TASK, targets, groups, SplitSettings(**settings), seed, given)


@given(
    n_groups=st.integers(5, 40),
    per_group=st.integers(1, 6),
    seed=st.integers(0, 50),
    fraction=st.sampled_from([1.0, 0.5, 0.1]),
)
def test_parts_are_disjoint_and_no_group_stands_on_two_sides(
    n_groups: int, per_group: int, seed: int, fraction: float
) -> None:
    chance = np.random.default_rng(seed)
    groups = np.array([f"g{g}" for g in np.repeat(np.arange(n_groups), per_group)])
    groups = groups[chance.permutation(len(groups))]
    targets = chance.integers(-1, 2, len(groups))
    targets[np.unique(groups, return_index=True)[1]] = chance.integers(0, 2, n_groups)
    split = split_of(targets, groups, seed, label_fraction=fraction)
    every = np.concatenate([getattr(split, part) for part in PARTS])
    assert len(set(every.tolist())) == len(every)
    sides = [set(groups[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert (targets[split.labelled] >= 0).all()
    assert (targets[split.validation] >= 0).all()
    assert (targets[split.test] >= 0).all()


def test_without_groups_every_sample_is_used_and_shares_are_kept() -> None:
    split = split_of(classes(1000), test_fraction=0.2, validation_fraction=0.25)
    assert [len(getattr(split, part)) for part in PARTS] == [600, 0, 200, 200]


def test_strata_are_spread_evenly_with_and_without_groups() -> None:
    targets = classes(1000, 0.3)
    alone = split_of(targets)
    for part in (alone.labelled, alone.validation, alone.test):
        assert targets[part].mean() == pytest.approx(targets.mean(), abs=0.01)
    groups = np.repeat(np.arange(100), 10).astype(str)
    by_group = split_of(targets, groups)
    for part in (by_group.labelled, by_group.validation, by_group.test):
        assert targets[part].mean() == pytest.approx(targets.mean(), abs=0.05)


def test_folds_cover_every_sample_once_whatever_the_seed() -> None:
    targets, groups = classes(300), np.repeat(np.arange(60), 5).astype(str)
    tests = [
        split_of(targets, groups, seed=fold, protocol="kfold", fold=fold).test for fold in range(5)
    ]
    assert sorted(np.concatenate(tests)) == list(range(300))
    again = split_of(targets, groups, seed=9, protocol="kfold", fold=2)
    assert np.array_equal(again.test, tests[2])
    other = split_of(targets, groups, protocol="kfold", fold=2, fold_seed=1)
    assert not np.array_equal(other.test, tests[2])


def test_a_seed_draws_another_validation_and_the_same_test_set() -> None:
    targets = classes(200)
    one, same, other = (split_of(targets, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.validation, same.validation)
    assert not np.array_equal(one.validation, other.validation)
    assert np.array_equal(one.test, other.test)


def test_few_labels_leave_each_stratum_its_share_and_hide_the_rest() -> None:
    targets = classes(1000, 0.1)
    whole, few = split_of(targets), split_of(targets, label_fraction=0.1)
    assert np.array_equal(whole.train, np.sort(few.train))
    assert len(few.labelled) == round(0.1 * len(whole.labelled))
    assert targets[few.labelled].mean() == pytest.approx(0.1, abs=0.03)
    least = split_of(targets, label_fraction=0.001)
    assert set(targets[least.labelled]) == {0, 1}  # every stratum keeps one


def test_a_sample_without_target_is_unlabelled_training() -> None:
    targets = classes(100)
    targets[:40] = -1
    split = split_of(targets)
    assert np.array_equal(split.unlabelled, np.arange(40))


def test_a_given_split_is_followed_and_its_validation_drawn_by_group() -> None:
    targets, groups = classes(100), np.repeat(np.arange(20), 5).astype(str)
    words = np.array(["Train"] * 70 + ["unlabeled"] * 10 + ["TEST"] * 20)
    split = split_of(targets, groups, given=words)
    assert np.array_equal(split.test, np.arange(80, 100))
    assert np.array_equal(split.unlabelled, np.arange(70, 80))
    assert set(split.labelled) | set(split.validation) == set(range(70))
    assert not set(groups[split.labelled]) & set(groups[split.validation])
    named = words.copy()
    named[60:70] = "dev"
    assert np.array_equal(split_of(targets, groups, given=named).validation, np.arange(60, 70))


def test_other_tasks_are_split_alike() -> None:
    chance = np.random.default_rng(0)
    values = chance.normal(size=(300, 1))
    split = make_split(Regression(targets=("y",)), values, None, SplitSettings(), 0)
    means = [values[part].mean() for part in (split.labelled, split.validation, split.test)]
    assert np.ptp(means) < 0.2  # strata of a regression are quantiles
    labels = (chance.random((300, 3)) < 0.3).astype(float)
    task = Multilabel(labels=("a", "b", "c"))
    split = make_split(task, labels, None, SplitSettings(), 0)
    assert len(split.test) == 60


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["train"] * 9 + ["later"], "'later'.*should be train"),
        (["train"] * 10, "no test sample"),
        (["test"] * 10, "no train sample"),
    ],
)
def test_a_given_split_that_is_none_is_refused(words: list[str], match: str) -> None:
    with pytest.raises(DataError, match=match):
        split_of(classes(10, 0.5), given=np.array(words))


def test_a_given_split_with_a_group_on_both_sides_is_refused() -> None:
    groups = np.array(["a", "b", "c", "d", "e"] * 4)
    words = np.array(["train"] * 15 + ["test"] * 5)
    with pytest.raises(DataError, match=r"'a' stands in train and test .* \(5 such\)"):
        split_of(classes(20, 0.5), groups, given=words)


def test_a_given_test_sample_needs_a_target() -> None:
    targets = classes(10, 0.5)
    targets[-1] = -1
    with pytest.raises(DataError, match="1 test samples of the given split have no target"):
        split_of(targets, given=np.array(["train"] * 8 + ["test"] * 2))


def test_one_group_of_all_samples_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="Group 'kim' has all the 20 samples"):
        split_of(classes(20, 0.5), np.array(["kim"] * 20))
    with pytest.raises(DataError, match="at least 5 groups with a target, there are 3"):
        split_of(classes(21, 0.5), np.array(["a", "b", "c"] * 7), protocol="kfold")


@pytest.mark.parametrize("settings", [{"fold": 1}, {"protocol": "kfold", "fold": 5}])
def test_a_fold_that_there_is_not_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"fold is \d"):
        SplitSettings(**settings)
