"""Splits of any corpus: a test set once or in folds, an inner validation, labels for some.

No group stands on both sides. Strata of the task, such as classes, are spread over the parts as
evenly as the groups allow. Folds follow ``fold_seed`` alone, so that seeds of training meet the
same test samples; the inner validation and the choice of labels follow the seed of the run.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ..errors import ConfigError, DataError
from ..settings import Settings
from ..tasks import Task
from .corpus import IndexArray, Split

PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
    "unlabelled": ("unlabelled", "unlabeled", "unsupervised"),
}
"""Parts that a split can be given in, each with the words that are understood for it."""

_TRIES = 20  # shuffles of groups of several samples, of which the most even one is taken


class SplitSettings(Settings):
    """How samples are divided where no split is given."""

    protocol: Literal["holdout", "kfold"] = Field(
        "holdout", description="one test set, or n_folds of them, one a run"
    )
    n_folds: int = Field(5, ge=2, description="folds of kfold")
    fold: int = Field(0, ge=0, description="which fold is the test set")
    fold_seed: int = Field(0, ge=0, description="of the test sets")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="share of holdout's test set")
    validation_fraction: float = Field(
        0.2, gt=0, lt=1, description="share of the other samples that stops and selects"
    )
    label_fraction: float = Field(
        1.0, gt=0, le=1, description="share of the training samples that keep their target"
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.protocol == "holdout" and self.fold:
            raise ConfigError(
                f"fold is {self.fold}, but the protocol holdout has one test set, fold 0; set the "
                f"protocol to kfold."
            )
        if self.protocol == "kfold" and self.fold >= self.n_folds:
            raise ConfigError(
                f"fold is {self.fold}, but {self.n_folds} folds are 0 to {self.n_folds - 1}; "
                f"choose one of them, or raise n_folds."
            )
        return self


def make_split(
    task: Task,
    targets: np.ndarray,
    groups: np.ndarray | None,
    settings: SplitSettings,
    seed: int,
    given: np.ndarray | None = None,
) -> Split:
    """The four parts of N samples.

    A sample without any target is an unlabelled training sample, or left out where its group is in
    another part.

    Args:
        task: tells which targets are known, and their strata.
        targets: as the task has them, (N, ...).
        groups: (N,) names; every sample is a group of its own where None.
        settings: protocol, fold and shares.
        seed: of the inner validation and of the choice of labels.
        given: (N,) words of :data:`PARTS`; they win over the protocol. Where no sample is of the
            validation, it is drawn by group from the training samples.

    Raises:
        DataError: for too few samples or groups, and for a given split with an unknown word, an
            empty part, a group on both sides, or no target where one is read.
    """
    pool = _Pool.of(task, targets, groups)
    chance = np.random.default_rng([seed, settings.fold])
    hidden = np.zeros(len(targets), dtype=bool)
    if given is None:
        test = _test(pool, settings)
        validation = _inner(~test, pool, settings, chance)
        train = ~pool.in_groups_of(test | validation)
    else:
        words = given_parts(given)
        _check_given(words, pool)
        test, validation, hidden = (words == w for w in ("test", "validation", "unlabelled"))
        train = (words == "train") | hidden
        if not validation.any():
            validation = _inner(words == "train", pool, settings, chance)
            train &= ~pool.in_groups_of(validation)
    candidates = np.flatnonzero(train & pool.known & ~hidden)
    labelled = _labelled(candidates, pool.strata, settings.label_fraction, chance)
    split = Split(
        labelled=labelled,
        unlabelled=np.setdiff1d(np.flatnonzero(train), labelled),
        validation=np.flatnonzero(validation),
        test=np.flatnonzero(test),
    )
    split.check(len(targets), groups)
    return split


@dataclass(frozen=True)
class _Pool:
    """What is known of N samples: whether they have a target, stratum, group by number and name."""

    known: np.ndarray
    strata: np.ndarray
    owner: np.ndarray
    groups: np.ndarray | None

    @classmethod
    def of(cls, task: Task, targets: np.ndarray, groups: np.ndarray | None) -> "_Pool":
        owner = np.arange(len(targets))
        if groups is not None:
            owner = np.unique(groups, return_inverse=True)[1].reshape(-1)
        return cls(task.has_target(targets), np.asarray(task.strata(targets)), owner, groups)

    def in_groups_of(self, chosen: np.ndarray) -> np.ndarray:
        """Which samples are of a group that has a chosen sample, (N,)."""
        touched = np.zeros(len(self.owner), dtype=bool)
        touched[self.owner[chosen]] = True
        return touched[self.owner]

    def check_enough(self, rows: IndexArray, least: int) -> None:
        """Refuse fewer groups (or samples, where each is its own) than there are parts."""
        count = len(np.unique(self.owner[rows]))
        if count >= least:
            return
        if self.groups is not None and count == 1:
            raise DataError(
                f"Group {str(self.groups[rows[0]])!r} has all the {len(rows)} samples with a "
                f"target that are to be divided, so none can be held out; name groups of which "
                f"there are several."
            )
        what = "samples" if self.groups is None else "groups"
        raise DataError(
            f"{least} parts need at least {least} {what} with a target, there are {count}; give "
            f"more data, fewer folds, or another grouping."
        )


def given_parts(words: np.ndarray) -> np.ndarray:
    """Words of a given split as the keys of :data:`PARTS`, (N,).

    Raises:
        DataError: for a word that is none of them.
    """
    meaning = {word: part for part, all_words in PARTS.items() for word in all_words}
    read = np.array([meaning.get(str(word).strip().lower(), "") for word in words])
    wrong = np.flatnonzero(read == "")
    if len(wrong):
        raise DataError(
            f"The split of {len(wrong)} samples is {str(words[wrong[0]])!r}; it should be "
            f"{', '.join(PARTS)}."
        )
    return read


def _check_given(words: np.ndarray, pool: "_Pool") -> None:
    for part in ("train", "test"):
        if not (words == part).any():
            raise DataError(f"The given split has no {part} sample; name both train and test.")
    for part in ("test", "validation"):
        without = int(((words == part) & ~pool.known).sum())
        if without:
            raise DataError(
                f"{without} {part} samples of the given split have no target; give them one, or "
                f"make them unlabelled."
            )
    if pool.groups is None:
        return
    sides = np.where(words == "unlabelled", "train", words)
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        both = set(pool.groups[sides == one]) & set(pool.groups[sides == other])
        if both:
            raise DataError(
                f"Group {str(min(both))!r} stands in {one} and {other} of the given split both "
                f"({len(both)} such); give each group one side."
            )


# --- drawing ------------------------------------------------------------------------------------


def _test(pool: _Pool, settings: SplitSettings) -> np.ndarray:
    """Which samples are of the test set, (N,)."""
    rows = np.flatnonzero(pool.known)
    if settings.protocol == "kfold":
        pool.check_enough(rows, settings.n_folds)
        shares = np.full(settings.n_folds, 1 / settings.n_folds)
    else:
        pool.check_enough(rows, 3)
        shares = np.array([settings.test_fraction, 1 - settings.test_fraction])
    chance = np.random.default_rng(settings.fold_seed)
    parts = _parts(pool.owner[rows], pool.strata[rows], shares, chance)
    test = np.zeros(len(pool.known), dtype=bool)
    test[rows[parts == settings.fold]] = True
    return test


def _inner(
    outside: np.ndarray, pool: _Pool, settings: SplitSettings, chance: np.random.Generator
) -> np.ndarray:
    """Which of the samples outside the test set are of the inner validation, (N,)."""
    rows = np.flatnonzero(outside & pool.known)
    pool.check_enough(rows, 2)
    shares = np.array([settings.validation_fraction, 1 - settings.validation_fraction])
    parts = _parts(pool.owner[rows], pool.strata[rows], shares, chance)
    inner = np.zeros(len(pool.known), dtype=bool)
    inner[rows[parts == 0]] = True
    return inner


def _parts(
    owner: np.ndarray, strata: np.ndarray, shares: np.ndarray, chance: np.random.Generator
) -> np.ndarray:
    """A part for each sample, (n,), such that no group is divided and each has its share.

    Groups are shuffled within their most frequent stratum, laid in a row in which the strata
    alternate, and the row is cut by number of samples. Where groups have several samples, the most
    even of some such rows is taken.
    """
    _, member, sizes = np.unique(owner, return_inverse=True, return_counts=True)
    _, stratum = np.unique(strata, return_inverse=True)
    member, stratum = member.reshape(-1), stratum.reshape(-1)
    counts = np.zeros((len(sizes), stratum.max() + 1))
    np.add.at(counts, (member, stratum), 1)
    wanted = shares[:, None] * counts.sum(0)
    best, least = np.zeros(len(sizes), dtype=int), np.inf
    for _ in range(_TRIES if sizes.max() > 1 else 1):
        order = _alternating(counts.argmax(1), chance)
        middles = np.cumsum(sizes[order]) - sizes[order] / 2
        part = np.empty(len(sizes), dtype=int)
        edges = np.cumsum(shares)[:-1] * len(owner)
        part[order] = np.searchsorted(edges, middles, side="right")
        _fill(part, sizes, len(shares))
        found = np.zeros_like(wanted)
        np.add.at(found, part, counts)
        unevenness = float((np.square(found - wanted) / np.maximum(wanted, 1e-9)).sum())
        if unevenness < least:
            best, least = part, unevenness
    return best[member]


def _alternating(strata: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """An order of groups, (G,), of which every stretch holds each stratum in proportion."""
    place = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = chance.permutation(np.flatnonzero(strata == stratum))
        place[members] = (np.arange(len(members)) + chance.random()) / len(members)
    return np.argsort(place, kind="stable")


def _fill(part: np.ndarray, sizes: np.ndarray, n_parts: int) -> None:
    """Give each empty part the smallest group of the part that has the most; in place."""
    for empty in np.setdiff1d(np.arange(n_parts), part):
        donor = np.bincount(part, minlength=n_parts).argmax()
        members = np.flatnonzero(part == donor)
        part[members[sizes[members].argmin()]] = empty


def _labelled(
    train: IndexArray, strata: np.ndarray, fraction: float, chance: np.random.Generator
) -> IndexArray:
    """Training samples that keep their target: of each stratum its share, and at least one."""
    if fraction >= 1 or len(train) == 0:
        return train
    names, counts = np.unique(strata[train], return_counts=True)
    exact = fraction * counts
    keep = np.maximum(np.floor(exact).astype(int), 1)
    left = round(fraction * len(train)) - int(keep.sum())
    largest_remainder_first = np.lexsort((chance.random(len(names)), keep - exact))
    keep[largest_remainder_first[: max(left, 0)]] += 1
    chosen = [
        chance.permutation(train[strata[train] == name])[:count]
        for name, count in zip(names, keep, strict=True)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)
