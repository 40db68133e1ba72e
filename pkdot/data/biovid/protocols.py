"""Who trains, who is tested: the evaluation protocols of BioVid, as splits of window indices.

Every protocol but ``released_5fold`` divides *subjects* and only then looks up their windows, so
that nobody can stand on both sides. ``released_5fold`` divides clips, as the released PKDOT script
does: it leaks, is there for comparison, and :func:`leaks` says so.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from ...errors import ConfigError, DataError
from ..corpus import IndexArray, Split

Protocol = Literal["grouped_5fold", "loso_87", "loso_67", "holdout", "released_5fold"]

LOW_EXPRESSIVE = frozenset(
    [
        "082315_w_60", "082414_m_64", "082909_m_47", "083009_w_42", "083013_w_47",
        "083109_m_60", "083114_w_55", "091914_m_46", "092009_m_54", "092014_m_56",
        "092509_w_51", "092714_m_64", "100514_w_51", "100914_m_39", "101114_w_37",
        "101209_w_61", "101809_m_59", "101916_m_40", "111313_m_64", "120614_w_61",
    ]
)  # fmt: skip
"""The 20 subjects whose faces hardly react; some studies leave them out (67 of 87 remain)."""

HOLDOUT = frozenset(
    [
        "100914_m_39", "101114_w_37", "082315_w_60", "083114_w_55", "083109_m_60",
        "072514_m_27", "080309_m_29", "112016_m_25", "112310_m_20", "092813_w_24",
        "112809_w_23", "112909_w_20", "071313_m_41", "101309_m_48", "101609_m_36",
        "091809_w_43", "102214_w_36", "102316_w_50", "112009_w_43", "101814_m_58",
        "101908_m_61", "102309_m_61", "112209_m_51", "112610_w_60", "112914_w_51",
        "120514_w_56",
    ]
)  # fmt: skip
"""The 26 subjects that the database's owners propose as a test set."""

_FOLDS = 5


def leaks(protocol: Protocol) -> bool:
    """Whether the protocol puts windows of one subject on both sides."""
    return protocol == "released_5fold"


def check_exclusion(protocol: Protocol, exclude_low_expressive: bool) -> None:
    """Raise :class:`ConfigError` where the hold-out meets the exclusion list."""
    if protocol == "holdout" and exclude_low_expressive:
        shared = sorted(LOW_EXPRESSIVE & HOLDOUT)
        raise ConfigError(
            f"The hold-out and the exclusion of low-expressive subjects cannot be combined: "
            f"{len(shared)} subjects stand on both lists ({', '.join(shared)}), and the test set "
            f"would no longer be the owners'; drop one of the two."
        )


def excluded_subjects(
    subjects: Sequence[str], protocol: Protocol, exclude_low_expressive: bool
) -> frozenset[str]:
    """Subjects to leave out before anything is split.

    Raises:
        ConfigError: for a combination that contradicts itself.
        DataError: if ``loso_67`` or the exclusion is asked of a corpus that lists none of them.
    """
    check_exclusion(protocol, exclude_low_expressive)
    if protocol != "loso_67" and not exclude_low_expressive:
        return frozenset()
    found = LOW_EXPRESSIVE & set(subjects)
    if not found:
        raise DataError(
            "None of the 20 low-expressive subjects is in this corpus, so leaving them out means "
            "nothing here; use loso_87 (every subject) without the exclusion."
        )
    return found


def n_folds(protocol: Protocol, subjects: Sequence[str]) -> int:
    """How many folds the protocol has for these subjects (one entry per window, or unique)."""
    if protocol in ("loso_87", "loso_67"):
        return len(set(subjects))
    return 1 if protocol == "holdout" else _FOLDS


def make_split(
    table: pd.DataFrame,
    protocol: Protocol,
    fold: int,
    seed: int,
    *,
    validation_fraction: float = 0.2,
    label_fraction: float = 1.0,
    label_unit: Literal["window", "subject"] = "window",
    fold_seed: int = 0,
) -> Split:
    """The four parts of one fold.

    Folds depend on ``fold_seed`` alone, so that seeds of training meet the same test sets; the
    inner validation and the choice of labels follow ``seed``.

    Args:
        table: one row per window, with columns ``subject`` and ``class_id``.
        protocol: which one.
        fold: 0 … :func:`n_folds` − 1.
        seed: of the inner split and the labels.
        validation_fraction: share of the training *subjects* (of the clips in
            ``released_5fold``) that early stopping sees; their labels come on top of
            ``label_fraction``.
        label_fraction: share of the remaining training windows that keep their label; the others
            become unlabelled pairs.
        label_unit: ``"window"`` takes that share within every subject and class;
            ``"subject"`` labels everything of some subjects and nothing of the others.
        fold_seed: of the assignment of subjects to folds.

    Raises:
        ConfigError: for a fold that does not exist.
        DataError: if there are too few subjects.
    """
    subjects = table["subject"].to_numpy(dtype=str)
    classes = table["class_id"].to_numpy(dtype=np.int64)
    folds = n_folds(protocol, subjects.tolist())
    if not 0 <= fold < folds:
        raise ConfigError(f"Protocol {protocol} has folds 0 to {folds - 1}, not {fold}.")
    chance = np.random.default_rng([seed, fold])
    if leaks(protocol):
        test, train, validation = _clip_parts(classes, fold, fold_seed, validation_fraction, chance)
    else:
        tested = _test_subjects(sorted(set(subjects.tolist())), protocol, fold, fold_seed)
        others = np.array(sorted(set(subjects.tolist()) - tested))
        inner = _inner_subjects(others, validation_fraction, chance)
        is_test = np.isin(subjects, sorted(tested))
        is_inner = np.isin(subjects, inner)
        test, validation = np.flatnonzero(is_test), np.flatnonzero(is_inner)
        train = np.flatnonzero(~is_test & ~is_inner)
    labelled = _labelled(train, subjects, classes, label_fraction, label_unit, chance)
    split = Split(
        labelled=labelled,
        unlabelled=np.setdiff1d(train, labelled),
        validation=validation,
        test=test,
    )
    split.check(len(table), None if leaks(protocol) else subjects)
    return split


def _test_subjects(names: list[str], protocol: Protocol, fold: int, fold_seed: int) -> set[str]:
    if protocol == "holdout":
        tested = HOLDOUT & set(names)
        if not tested or len(tested) == len(names):
            raise DataError(
                f"The owners' hold-out names 26 subjects, of which {len(tested)} are among the "
                f"{len(names)} of this corpus: there is no one to test or to train; use "
                f"grouped_5fold."
            )
        return set(tested)
    if protocol in ("loso_87", "loso_67"):
        return {names[fold]}
    if len(names) < _FOLDS + 1:
        raise DataError(
            f"Five grouped folds with an inner split need at least {_FOLDS + 1} subjects, this "
            f"corpus has {len(names)}; use loso_87."
        )
    from sklearn.model_selection import GroupKFold  # slow to import: settings need it not

    folds = GroupKFold(_FOLDS, shuffle=True, random_state=fold_seed)
    parts = list(folds.split(names, groups=names))
    return {names[i] for i in parts[fold][1]}


def _inner_subjects(others: np.ndarray, fraction: float, chance: np.random.Generator) -> np.ndarray:
    """Training subjects that early stopping sees: the share asked for, at least one."""
    if len(others) < 2:
        raise DataError(
            f"An inner split needs at least two training subjects, there are {len(others)}; use a "
            f"corpus with more subjects."
        )
    count = min(max(1, round(fraction * len(others))), len(others) - 1)
    return np.sort(chance.permutation(others)[:count])


def _clip_parts(
    classes: np.ndarray, fold: int, fold_seed: int, fraction: float, chance: np.random.Generator
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Test, train and validation clips, with subjects on every side."""
    if np.bincount(classes).max(initial=0) < _FOLDS or len(classes) < 2 * _FOLDS:
        raise DataError(f"Clip-level folds need more than the {len(classes)} clips there are.")
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=fold_seed)
    rest, test = list(folds.split(classes, classes))[fold]
    count = min(max(1, round(fraction * len(rest))), len(rest) - 1)
    inner = chance.permutation(rest)[:count]
    return np.sort(test), np.setdiff1d(rest, inner), np.sort(inner)


def _labelled(
    train: IndexArray,
    subjects: np.ndarray,
    classes: np.ndarray,
    fraction: float,
    unit: Literal["window", "subject"],
    chance: np.random.Generator,
) -> IndexArray:
    """Training windows that keep their label, sorted."""
    if fraction >= 1:
        return train
    if unit == "subject":
        names = np.unique(subjects[train])
        count = max(1, round(fraction * len(names)))
        chosen = chance.permutation(names)[:count]
        return train[np.isin(subjects[train], chosen)]
    # Within every (subject, class) the whole part of its share; the rest goes to those whose
    # remainder is largest, in turn over the classes, so that the total is right, classes stay
    # even and nobody is far from the share.
    cells = pd.Series(train).groupby([subjects[train], classes[train]]).indices
    counts = {cell: int(fraction * len(rows)) for cell, rows in cells.items()}
    left = max(round(fraction * len(train)), len(np.unique(classes[train]))) - sum(counts.values())
    turn: dict[int, int] = {}
    order = []
    for i in chance.permutation(len(cells)):
        cell = list(cells)[i]
        turn[cell[1]] = turn.get(cell[1], 0) + 1
        order.append((counts[cell] - fraction * len(cells[cell]), turn[cell[1]], cell))
    for _, _, cell in sorted(order)[:left]:
        counts[cell] += 1
    kept = [train[chance.permutation(rows)[: counts[cell]]] for cell, rows in cells.items()]
    return np.sort(np.concatenate(kept)).astype(np.int64)
