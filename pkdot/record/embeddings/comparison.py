"""From two sets of embeddings to a record: no network, no training, one epoch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...analysis.agreement import agreement
from ...analysis.projection import known_projections
from ...errors import InputError
from ...tasks import Classification, Task
from ..reader import RunRecord, open_record
from ..recorder import Recorder
from ..validation import Probe
from .files import read_columns
from .names import Array, check_texts
from .rows import Pair, as_rows, joined, listed, positions
from .targets import draw_probe, task_and_targets
from .whole_set import read_whole

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "embeddings, no training"
"""The fact ``source`` of a record that compares embeddings."""
STAGE = "embeddings"


def compare_embeddings(
    teacher: Any,
    student: Any,
    targets: Any = None,
    ids: Any = None,
    names: Sequence[str] = ("teacher", "student"),
    *,
    student_ids: Any = None,
    probe: Any = None,
    seed: int = 0,
    runs_dir: str | Path | None = None,
    groups: Any = None,
    task: Task | str | None = None,
    drop_missing: bool = False,
    maps: str | Sequence[str] = ("pca",),
) -> RunRecord:
    """Compare two sets of embeddings of the same samples, and keep what was found as a record.

    All samples are read once, a few thousand at a time: matrices of a file that is mapped into
    memory need not fit there. A probe is drawn from them, which every page shows.

    Args:
        teacher: (N, D) numbers: an array, tensor or table, or the path of an npy, npz, csv or
            parquet file.
        student: (N, D') likewise; a row a sample, in any order where both have names.
        targets: (N,) or (N, T), in the order of the teacher's rows, or a file; see
            :func:`pkdot.record.embeddings.targets.task_and_targets`.
        ids: (N,) names of the teacher's rows, and of the student's where these have none. A column
            of names in a file is found by itself.
        names: what the two are called.
        student_ids: (N,) names of the student's rows.
        probe: how many samples are followed, or their names; 1,000, or all where there are fewer.
        seed: of the draw.
        runs_dir: folder of records; :func:`pkdot.record.runs_directory` by default.
        groups: (N,) the group of each sample (a subject, say), or a file.
        task: what the targets are, or its kind in words, where that cannot be told from them.
        drop_missing: leave out samples that hold NaN or infinity in either matrix, instead of
            refusing them; the fact ``left out`` says how many.
        maps: ``"pca"``, ``"umap"`` (which needs umap-learn, and compiles for seconds), or both.

    Returns:
        The record. Its metrics are of stage ``embeddings``: over ``all`` samples linear CKA,
        Procrustes and the dimensions that either uses; on the ``probe`` those of
        :func:`pkdot.analysis.agreement.agreement`.

    Raises:
        InputError: for matrices, names or targets that do not fit, or an unknown
            map. Nothing is written then.
        RecordError: if the record cannot be written.
    """
    called, drawn = _checked_names(names), known_projections(maps)
    one, other = as_rows(teacher, ids, called[0]), as_rows(student, student_ids, called[1])
    pair = joined(one, other)
    known, values, titles = _task(targets, task, pair)
    group = None if groups is None else _beside(groups, "groups", pair)[0]
    whole = read_whole(pair, called, drop_missing=drop_missing)
    total, pair = len(pair), pair.only(whole.kept)
    values = None if values is None else values[whole.kept]
    group = None if group is None else group[whole.kept]
    strata = np.zeros(len(pair), dtype=int) if values is None else known.strata(values)
    chosen = draw_probe(strata, probe, pair.ids, seed)
    followed = pair.take(chosen)
    facts: Mapping[str, Any] = {
        "source": SOURCE,
        "names": dict(zip(("teacher", "student"), called, strict=True)),
        "samples": len(pair),
        "widths": dict(zip(called, (part.shape[1] for part in followed), strict=True)),
        "left out": total - len(pair),
        "joined": pair.joined,
        "probe": _probe_in_words(len(chosen), len(pair), probe, titles, seed),
        "data": {"fingerprint": whole.fingerprint, "unit": "group"},
    }
    with Recorder(
        f"{called[0]} against {called[1]}",
        runs_dir=runs_dir,
        method=STAGE,
        seed=seed,
        task=known,
        facts=facts,
        probe=Probe(
            pair.ids[chosen],
            None if group is None else group[chosen],
            known.unknown(len(chosen)) if values is None else values[chosen],
        ),
    ) as recorder:
        recorder.log_embeddings(0, teacher=followed[0], student=followed[1])
        recorder.log_metrics(STAGE, 0, "all", whole.measures)
        recorder.log_metrics(STAGE, 0, "probe", agreement(*followed))
        recorder.finish(maps=drawn)
    return open_record(recorder.path)


def _probe_in_words(size: int, total: int, given: Any, titles: str, seed: int) -> str:
    if size == total:
        return "all of them"
    drawn = given is None or isinstance(given, int | np.integer)
    spread = f" by strata of {titles}" if titles else ""
    how = f"drawn{spread}, seed {seed}" if drawn else "as named"
    return f"{size} of {total} samples, {how}"


def _checked_names(names: Sequence[str]) -> tuple[str, str]:
    called = () if isinstance(names, str) else tuple(" ".join(str(n).split()) for n in names)
    if len(called) != 2 or not all(called) or called[0] == called[1]:
        raise InputError(f"Two different names are needed, one a matrix, not {names!r}.")
    return called


def _task(targets: Any, task: Task | str | None, pair: Pair) -> tuple[Task, Array | None, str]:
    """The task, the targets (N,) or (N, T) where there are any, and what they are called."""
    if targets is None:
        if task is not None:
            raise InputError("A task needs targets; give both, or neither.")
        return Classification(), None, ""
    values, titles = _beside(targets, "targets", pair)
    known, checked = task_and_targets(values, task, titles)
    return known, checked, ", ".join(titles) or "the targets"


def _beside(given: Any, what: str, pair: Pair) -> tuple[Any, tuple[str, ...]]:
    """A column or table beside the samples of a pair, in their order, and its titles.

    Raises:
        InputError: if it is not as long as they are, or lacks one of their names.
    """
    if isinstance(given, str | Path):
        given = read_columns(given)
    titles: tuple[str, ...] = ()
    if hasattr(given, "columns"):
        titles = tuple(str(name) for name in given.columns)
        given = _ordered(given, what, pair)
    elif hasattr(given, "name") and given.name is not None:
        titles = (str(given.name),)
    if len(given) != len(pair):
        raise InputError(f"There are {len(pair)} samples, but {len(given)} {what}; give one each.")
    if what == "groups":
        columns = given.to_numpy() if hasattr(given, "to_numpy") else np.asarray(given)
        if columns.ndim != 1 and columns.shape[1:] != (1,):
            raise InputError(f"Groups must have shape (N,), not {columns.shape}.")
        groups = [str(name) for name in columns.reshape(-1).tolist()]
        check_texts("The column of groups", groups)
        return np.array(groups, dtype=str), titles
    return given, titles


def _ordered(table: "pd.DataFrame", what: str, pair: Pair) -> "pd.DataFrame":
    """Rows of a table with names in the order of a pair's samples; further ones are left out."""
    if not (pair.named and table.index.dtype.kind in "OU"):
        return table
    names = np.asarray(table.index, dtype=str)
    kinds, counts = np.unique(names, return_counts=True)
    if len(kinds) < len(names):
        raise InputError(f"The {what} name {listed(kinds[counts > 1])} twice or more.")
    index = positions(pair.ids, names)
    if (index < 0).any():
        lacking = pair.ids[index < 0]
        raise InputError(f"The {what} lack {len(lacking)} samples: {listed(lacking)}.")
    return table.iloc[index]
