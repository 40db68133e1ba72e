"""Other seeds of a run's teacher among the records, for the noise ceiling of its student."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RecordError
from .control import UNRELATED, are_alike

if TYPE_CHECKING:
    from .reader import RunRecord

MOST = 4
"""Other teachers that are looked at."""
_APART = UNRELATED | {"seed"}


def second_teachers(run: "RunRecord", records: Sequence["RunRecord"]) -> list["RunRecord"]:
    """Finished records of the same corpus and settings with another seed, one a seed.

    The method and its options may differ: a teacher learns before its student and without it.

    Args:
        run: whose teacher is to be compared.
        records: among which others are found.

    Returns:
        :data:`MOST` at most, the lowest seeds first.
    """
    if not run.config or run.seed is None:
        return []
    found: dict[int, RunRecord] = {}
    for record in sorted(records, key=lambda record: record.run_id):
        seed = record.seed
        if seed is None or seed == run.seed or seed in found:
            continue
        fits = record.status == "finished" and record.corpus == run.corpus
        if fits and record.epochs and are_alike(record.config, run.config, _APART):
            found[seed] = record
    return [found[seed] for seed in sorted(found)[:MOST]]


def teacher_embeddings(record: "RunRecord") -> tuple[list[str], np.ndarray[Any, Any]]:
    """Names and the teacher's embeddings (N, D) of the probe, at the epoch that was kept.

    Raises:
        RecordError: if nothing was logged, or a file is damaged.
    """
    if not record.epochs:
        raise RecordError(f"The record {record.run_id} holds no embeddings.")
    best = record.best_epoch
    epoch = best if best is not None and best in record.epochs else record.epochs[-1]
    batch = record.probe_batch(epoch)
    return [str(name) for name in batch.sample_ids], np.asarray(batch.teacher)
