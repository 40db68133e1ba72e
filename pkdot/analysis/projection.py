"""Maps: embeddings of teacher and student drawn in the plane, to be compared by eye.

A map's rotation, reflection and scale mean nothing. Each map is therefore centred and brought to
unit root-mean-square radius, and the student's is then turned or mirrored onto the teacher's
(orthogonal Procrustes): what still differs is structure, not orientation.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Maps:
    """Two maps of the same N samples, on one scale.

    Attributes:
        teacher: (N, 2).
        student: (N, 2), aligned to the teacher's.
    """

    teacher: Array
    student: Array


def unit_rows(z: Array) -> Array:
    """Rows brought to length 1, (N, D) -> (N, D) float64; rows of zeros stay zeros.

    The method compares directions only (cosine), so the maps do too.
    """
    z = np.asarray(z, dtype=np.float64)
    if z.ndim != 2 or len(z) < 3 or not np.isfinite(z).all():
        reason = "it holds NaN or infinity" if z.ndim == 2 and len(z) >= 3 else f"shape {z.shape}"
        raise InputError(
            f"A map needs a finite matrix (N, D) with at least 3 samples, and this one cannot be "
            f"drawn ({reason}); look at an earlier epoch."
        )
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(length == 0, 1, length)


def pca_map(z: Array) -> Array:
    """Project unit rows onto their two directions of largest variance.

    Args:
        z: embeddings (N, D).

    Returns:
        Coordinates (N, 2). The sign of each axis is set so that its largest entry is positive,
        which makes the map the same on every machine.

    Raises:
        InputError: for fewer than 3 samples, or values that are not finite.
    """
    rows = unit_rows(z)
    rows = rows - rows.mean(axis=0)
    left, strength, _ = np.linalg.svd(rows, full_matrices=False)
    scores = (left * strength)[:, :2]
    if scores.shape[1] < 2:  # one-dimensional embeddings lie on a line
        scores = np.column_stack([scores, np.zeros(len(scores))])
    largest = np.abs(scores).argmax(axis=0)
    signs = np.where(scores[largest, [0, 1]] < 0, -1.0, 1.0)
    return scores * signs


def umap_map(z: Array, *, seed: int = 0, neighbours: int = 15) -> Array:
    """Project with UMAP, by cosine distance.

    Args:
        z: embeddings (N, D).
        seed: fixes the map; it also makes UMAP run on one thread.
        neighbours: how many samples count as near; at most N - 1.

    Returns:
        Coordinates (N, 2). Distances between far groups mean little in such a map.

    Raises:
        InputError: for fewer than 8 samples, values that are not finite, embeddings of one
            dimension or one direction, or where umap-learn is not installed.
    """
    rows = unit_rows(z)
    try:
        import umap  # here, not above: importing it compiles for seconds
    except ImportError as error:
        raise InputError("UMAP maps need umap-learn; install pkdot[maps], or use 'pca'.") from error
    if len(rows) < 8:
        raise InputError(f"UMAP needs at least 8 samples, not {len(rows)}; use 'pca'.")
    if rows.shape[1] < 2 or np.ptp(rows, axis=0).max() == 0:
        raise InputError(
            "UMAP needs embeddings of two dimensions or more that differ in direction; use 'pca'."
        )
    reducer = umap.UMAP(
        n_components=2,
        n_neighbors=min(neighbours, len(rows) - 1),
        metric="cosine",
        init="pca",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(reducer.fit_transform(rows), dtype=np.float64)


PROJECTIONS: dict[str, Callable[[Array], Array]] = {"pca": pca_map, "umap": umap_map}


def known_projections(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names of projections, one or several, checked before anything is drawn.

    Raises:
        InputError: for one that does not exist.
    """
    given = (names,) if isinstance(names, str) or not isinstance(names, Iterable) else tuple(names)
    for name in given:
        if not isinstance(name, str) or name not in PROJECTIONS:
            raise InputError(f"Unknown projection {name!r}; choose {', '.join(PROJECTIONS)}.")
    return given


def normalised(points: Array) -> Array:
    """Centre points (N, 2) and bring them to unit root-mean-square radius."""
    centred = points - points.mean(axis=0)
    radius = np.sqrt(np.square(centred).sum(axis=1).mean())
    return centred / radius if radius > 1e-12 else np.zeros_like(centred)


def aligned(points: Array, target: Array) -> Array:
    """Turn or mirror ``points`` onto ``target``, both (N, 2) and normalised.

    The orthogonal matrix Q that minimises ‖points Q − target‖ (Frobenius) is U Vᵀ, where U Σ Vᵀ
    is the singular value decomposition of pointsᵀ target (Schönemann 1966).
    """
    u, _, vt = np.linalg.svd(points.T @ target)
    return points @ (u @ vt)


def project(teacher: Array, student: Array, projection: str = "pca") -> Maps:
    """Draw teacher and student embeddings of the same samples as two comparable maps.

    Args:
        teacher: (N, D).
        student: (N, D').
        projection: ``"pca"`` or ``"umap"``.

    Raises:
        InputError: for an unknown projection, unequal numbers of rows, or embeddings that cannot
            be drawn (see :func:`pca_map`, :func:`umap_map`).
    """
    known_projections(projection)
    if len(teacher) != len(student):
        raise InputError(
            f"Teacher and student maps need the same samples; given are {len(teacher)} and "
            f"{len(student)} rows."
        )
    draw = PROJECTIONS[projection]
    target = normalised(draw(teacher))
    return Maps(target, aligned(normalised(draw(student)), target))
