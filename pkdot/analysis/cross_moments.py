"""How alike two embeddings of very many samples are, from sums that are taken chunk by chunk.

Nothing of the size of N × N or N × D is held: memory grows with the squares of the widths alone.
"""

from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


class CrossMoments:
    """Centred second moments of X (N, D) and Y (N, D'), in float64.

    Sums are taken around the mean of the first chunk, so that a large common offset costs no
    digits.

    Args:
        chunks: none, one or several pairs of (n, D) and (n, D'), see :meth:`add`.
    """

    def __init__(self, *chunks: tuple[Array, Array]) -> None:
        self.n = 0
        for one, two in chunks:
            self.add(one, two)

    def add(self, x: Array, y: Array) -> None:
        """Take in further samples, (n, D) and (n, D').

        Raises:
            InputError: if the numbers of rows differ, or a width is not that of the first chunk.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
            raise InputError(f"Moments compare (n, D) with (n, D'), not {x.shape} with {y.shape}.")
        if not len(x):
            return
        if not self.n:
            self._origins = x.mean(axis=0), y.mean(axis=0)
            widths = x.shape[1], y.shape[1]
            self._sums = np.zeros(widths[0]), np.zeros(widths[1])
            self._xx, self._yy, self._xy = (
                np.zeros(shape) for shape in ((widths[0],) * 2, (widths[1],) * 2, widths)
            )
        if (x.shape[1], y.shape[1]) != self._xy.shape:
            raise InputError(
                f"A chunk has widths {x.shape[1]} and {y.shape[1]}, the first one "
                f"{self._xy.shape[0]} and {self._xy.shape[1]}."
            )
        x, y = x - self._origins[0], y - self._origins[1]
        self._sums[0][:] += x.sum(axis=0)
        self._sums[1][:] += y.sum(axis=0)
        self._xx += x.T @ x
        self._yy += y.T @ y
        self._xy += x.T @ y
        self.n += len(x)

    def _centred(self) -> tuple[Array, Array, Array]:
        """XᵀX, YᵀY and XᵀY with columns centred."""
        if not self.n:
            raise InputError("There are no samples to compare; add some first.")
        x, y = self._sums
        return (
            self._xx - np.outer(x, x) / self.n,
            self._yy - np.outer(y, y) / self.n,
            self._xy - np.outer(x, y) / self.n,
        )

    def linear_cka(self) -> float:
        """As :func:`pkdot.analysis.agreement.linear_cka` of all samples."""
        xx, yy, xy = self._centred()
        own = np.linalg.norm(xx) * np.linalg.norm(yy)
        return float(np.square(np.linalg.norm(xy)) / own) if own > 0 else float("nan")

    def procrustes(self) -> float:
        """How near the best rotation of Y comes to X, ‖XᵀY‖ₙᵤc / (‖X‖ ‖Y‖), columns centred.

        Returns:
            From 0 to 1, equal up to rotation and scale; NaN where one is constant. Directions of
            little variance count more here than in CKA.

        Source: Schönemann, "A generalized solution of the orthogonal Procrustes problem",
        Psychometrika 31 (1966); as a measure of representations in Ding, Denain and Steinhardt,
        "Grounding Representation Similarity with Statistical Testing", NeurIPS 2021.
        """
        xx, yy, xy = self._centred()
        own = np.sqrt(np.trace(xx) * np.trace(yy))
        return float(np.linalg.norm(xy, "nuc") / own) if own > 0 else float("nan")

    def dimensions(self) -> tuple[float, float]:
        """How many directions X and Y use: (Σ λ)² / Σ λ², λ the variances along principal axes.

        Returns:
            From 1, where all lies on a line, to the width, where all directions vary alike; NaN
            where nothing varies.
        """
        xx, yy, _ = self._centred()
        return _participation(xx), _participation(yy)


def _participation(covariance: Array) -> float:
    squares = float(np.square(covariance).sum())
    return float(np.trace(covariance)) ** 2 / squares if squares > 0 else float("nan")
