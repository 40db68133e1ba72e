"""The samples of a record's probe at one epoch, with all that is known of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...analysis.agreement import NEIGHBOURS
from ...analysis.lost_structure import nearest_samples, share_lost
from ...analysis.predictions import outputs_of
from ...analysis.projection import known_projections, project
from ...errors import InputError, RecordError, printable
from ...tasks import Task
from ..arrays import Array
from ..target_columns import targets_of

if TYPE_CHECKING:
    import pandas as pd

    from ..reader import RunRecord

NETWORKS = ("teacher", "student")


@dataclass(frozen=True, eq=False)
class ExportedSamples:
    """N samples as other programs take them.

    Attributes:
        columns: N rows: ``id``, and as far as the record knows them ``label`` or ``target NAME``,
            ``group``, ``split``, ``teacher_prediction``, ``student_prediction`` and the errors of
            both; ``neighbours_kept``, the share of a sample's nearest in the teacher that are
            near in the student, too. None and NaN where unknown.
        embeddings: network -> (N, D).
        points: network -> its map (N, 2), on one scale, the student's turned onto the teacher's.
    """

    columns: "pd.DataFrame"
    embeddings: dict[str, Array]
    points: dict[str, Array]


def exported_samples(
    record: "RunRecord", epoch: int | None = None, projection: str = "pca"
) -> ExportedSamples:
    """Everything that a record knows of its probe at one epoch.

    Args:
        record: of a run, or of embeddings that were compared.
        epoch: a logged one; by default the best, or the last where that was not logged.
        projection: of the maps; the record's own where it has them.

    Raises:
        RecordError: if nothing was logged yet, or a file is damaged.
        InputError: for an epoch that was not logged, an unknown projection, or embeddings that
            cannot be drawn.
    """
    import pandas as pd

    (projection,) = known_projections(projection)
    if not record.epochs:
        raise RecordError(
            f"{record.run_id} has no embeddings yet; they come as the student learns."
        )
    if epoch is None:
        epoch = record.best_epoch if record.best_epoch in record.epochs else record.epochs[-1]
    if epoch not in record.epochs:
        known = ", ".join(map(str, record.epochs))
        raise InputError(f"{record.run_id} has no embeddings of epoch {epoch}; logged: {known}.")
    pair, probe = record.embeddings(epoch), record.probe
    if len(probe) not in (0, len(pair.teacher)):
        raise RecordError(f"{record.run_id} has not one embedding for each probe sample.")
    ids = probe["sample_id"].astype(str).to_numpy() if len(probe) else _numbers(len(pair.teacher))
    columns: dict[str, Any] = {"id": [printable(name) for name in ids]}
    if len(probe):
        targets = targets_of(probe)
        columns |= _target_columns(record.task, targets)
        groups = [printable(name) for name in probe["subject"].astype(str)]
        columns |= {"group": groups} if any(groups) else {}
        columns |= _answer_columns(record, ids, targets)
    near = [nearest_samples(z, NEIGHBOURS) for z in pair]
    columns["neighbours_kept"] = np.round(1 - share_lost(*near), 6)
    return ExportedSamples(
        pd.DataFrame(columns),
        dict(zip(NETWORKS, pair, strict=True)),
        _points(record, epoch, projection, pair),
    )


def _numbers(size: int) -> Array:
    return np.arange(size).astype(str)


def _target_columns(task: Task, targets: Array) -> dict[str, Any]:
    known = task.has_target(targets)
    if not known.any():
        return {}
    if targets.ndim == 1:
        return {"label": _words(task, targets, known)}
    return {f"target {printable(n)}": targets[:, j] for j, n in enumerate(task.names)}


def _answer_columns(record: "RunRecord", ids: Array, targets: Array) -> dict[str, Any]:
    """What both networks answered, how wrong they were, and the part of the data it was."""
    table, task = record.predictions, record.task
    outputs = outputs_of(table, ids, targets, task)
    if outputs is None:
        return {}
    named = table.assign(sample_id=table["sample_id"].astype(str)).drop_duplicates("sample_id")
    splits = named.set_index("sample_id")["split"].reindex(ids).tolist()
    columns: dict[str, Any] = {
        "split": [printable(name) if isinstance(name, str) else None for name in splits]
    }
    for who in NETWORKS:
        answers = outputs.answers(who)
        if answers.ndim == 1:
            columns[f"{who}_prediction"] = _words(task, answers, outputs.known)
        else:
            for name, values in zip(task.names, answers.T, strict=True):
                columns[f"{who}_prediction {printable(name)}"] = values
        errors = outputs.errors(who)
        if np.isfinite(errors).any():
            columns[f"{who}_error"] = errors
    return columns


def _words(task: Task, targets: Array, known: Array) -> list[str | None]:
    """Targets or answers in words, None where there is none."""
    pairs = zip(targets, known, strict=True)
    return [printable(task.describe(target)) if there else None for target, there in pairs]


def _points(record: "RunRecord", epoch: int, projection: str, pair: Any) -> dict[str, Array]:
    """The maps that the record keeps, or else new ones."""
    table = record.maps()
    own = table[(table["projection"] == projection) & (table["epoch"] == epoch)]
    kept = {who: own[own["network"] == who][["x", "y"]].to_numpy(float) for who in NETWORKS}
    if all(
        len(points) == len(pair.teacher) and np.isfinite(points).all() for points in kept.values()
    ):
        return kept
    maps = project(pair.teacher, pair.student, projection)
    return {"teacher": maps.teacher, "student": maps.student}
