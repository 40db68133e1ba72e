"""What is measured over all samples, however many: one pass, some thousand rows at a time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...analysis.cross_moments import CrossMoments
from ...errors import InputError
from .names import Array
from .rows import FEWEST, Pair, listed


@dataclass(frozen=True, eq=False)
class WholeSet:
    """What one pass over all samples gives.

    Attributes:
        measures: measure -> value.
        fingerprint: hash of both matrices as they are joined.
        kept: (n,) positions of the samples without NaN or infinity in either matrix.
    """

    measures: dict[str, float]
    fingerprint: str
    kept: Array


def read_whole(pair: Pair, names: Sequence[str], *, drop_missing: bool = False) -> WholeSet:
    """Measures over all samples, in one pass that holds a few thousand rows at a time.

    Args:
        pair: of matrices.
        names: of teacher and student.
        drop_missing: leave out rows that hold NaN or infinity, instead of refusing them.

    Raises:
        InputError: naming rows that hold NaN or infinity, or if too few rows are left.
    """
    moments, digest = CrossMoments(), hashlib.blake2b(digest_size=16)
    whole: dict[str, list[Array]] = {name: [] for name in names}
    for _, *both in pair.chunks():
        for name, chunk in zip(names, both, strict=True):
            whole[name].append(np.asarray(np.isfinite(chunk).all(axis=1)))
            digest.update(chunk.tobytes())
        kept = np.logical_and(*(flags[-1] for flags in whole.values()))
        moments.add(*(chunk[kept] for chunk in both))
    flags = {name: np.concatenate(chunks) for name, chunks in whole.items()}
    for name, good in flags.items():
        if not (drop_missing or good.all()):
            broken = pair.ids[~good]
            raise InputError(
                f"{len(broken)} rows of {name} hold NaN or infinity: {listed(broken)}; leave these "
                f"samples out, by drop_missing=True or --drop-missing."
            )
    kept = np.flatnonzero(np.logical_and(*flags.values()))
    if len(kept) < FEWEST:
        raise InputError(
            f"{len(kept)} of {len(pair)} samples hold numbers in both matrices; a comparison needs "
            f"{FEWEST} or more."
        )
    teacher, student = moments.dimensions()
    measures = {
        "cka": moments.linear_cka(),
        "procrustes": moments.procrustes(),
        "teacher_dimensions": teacher,
        "student_dimensions": student,
    }
    return WholeSet(measures, digest.hexdigest(), kept)
