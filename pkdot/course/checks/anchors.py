"""Exercises of ``03_anchors``."""

import torch
from torch import Tensor

from ...method.similarity import cosine_similarity_matrix
from ..exercises import Exercise, Wrong

_DRAW = torch.Generator().manual_seed(0)
_MATRICES = tuple(
    (cosine_similarity_matrix(torch.randn(size, 3, generator=_DRAW, dtype=torch.float64)), k)
    for size, k in ((6, 2), (9, 4))
)


def _shared(similarity: Tensor, k: int) -> Tensor:
    return (similarity.sum(1) - similarity.diagonal()).argsort()[:k]


EXERCISES = (
    Exercise(
        "third_farthest",
        3,
        (
            Wrong(2, "Sample 2 is like anchor 1, with a cosine of 0.5. Is the other one less so?"),
            Wrong(1, "That one is an anchor already."),
            Wrong(4, "That one is an anchor already, the first."),
        ),
        "Two samples are left. Compare their most similar anchors.",
        "At 90° it is at right angles to both anchors: the most that is left to say.",
    ),
    Exercise(
        "choose_shared",
        _shared,
        (
            Wrong(
                lambda similarity, k: similarity.sum(1).argsort(descending=True)[:k],
                "Those are the most similar ones.",
            ),
            Wrong(
                lambda similarity, k: similarity.argsort(1)[:, :k],
                "That gives every row anchors of its own. One set for all is asked for.",
            ),
            Wrong(
                lambda similarity, k: similarity.min(1).values.argsort()[:k],
                "You ordered by the one least similar partner, not by the mean over all.",
            ),
            Wrong(
                lambda similarity, k: similarity.sum(1).sort().values[:k],
                "Those are the sums themselves. The places of the smallest are asked for.",
            ),
        ),
        "One number a sample: the sum of its row without the diagonal. Then order the samples.",
        probes=_MATRICES,
    ),
    Exercise(
        "same_row",
        3,
        (
            Wrong(1, "Its cosine with sample 1 is 0. What is that of sample 1 with itself?"),
            Wrong(4, "Its cosine with sample 4 is 0. What is that of sample 4 with itself?"),
            Wrong(2, "Sample 2 lies 60° from sample 1. How far is 270° from 0°, the shorter way?"),
        ),
        "Work out both cosines of the fifth sample, and look for the same two numbers above.",
        "Opposite to it, and yet these two anchors cannot tell them apart.",
    ),
)
