"""Names and groups of samples: unique, whole, and what is said where there are none."""

from collections.abc import Sequence

import numpy as np

from .findings import Finding, OwnDataError, count, some
from .settings import OwnSettings

LIKE_GROUPS = ("subject", "subject_id", "participant", "person", "speaker", "actor", "patient",
               "patient_id", "user", "video", "session", "group")  # fmt: skip
"""Columns that often hold what must not stand on both sides of a split."""


def numbered(size: int) -> np.ndarray:
    """Names of samples that have none: their number from 0, of one width."""
    width = len(str(max(size - 1, 0)))
    return np.array([f"{i:0{width}d}" for i in range(size)])


def check_ids(ids: np.ndarray, place: str) -> None:
    """Refuse names of samples that are empty or occur twice.

    Raises:
        OwnDataError: naming the first of them.
    """
    empty = int((ids == "").sum())
    if empty:
        raise OwnDataError(f"{count(empty, 'sample')} of {place} have an empty id; name them all.")
    names, times = np.unique(ids, return_counts=True)
    twice = names[times > 1].tolist()
    if twice:
        raise OwnDataError(
            f"{count(len(twice), 'id')} of {place} stand there more than once ({some(twice)}); "
            f"give each sample its own."
        )


def group_findings(
    place: str, groups: np.ndarray | None, settings: OwnSettings, columns: Sequence[str]
) -> tuple[Finding, ...]:
    """What is to be said of groups.

    Raises:
        OwnDataError: for a sample without one, where others have one.
    """
    if groups is not None:
        empty = np.flatnonzero(groups == "")
        if len(empty):
            raise OwnDataError(
                f"{count(len(empty), 'sample')} of {place} have no group (rows "
                f"{some([str(i + 1) for i in empty])}); name one for each."
            )
        return ()
    like = [name for name in columns if name.lower() in LIKE_GROUPS]
    hint = f"; --group {like[0]} would keep samples of one {like[0]} together" if like else ""
    return (Finding("group", f"Every sample is a group of its own{hint}."),)
