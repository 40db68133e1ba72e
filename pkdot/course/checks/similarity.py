"""Exercises of ``01_similarity``."""

import torch

from ...method.similarity import cosine_similarity_matrix
from ..exercises import Exercise, Wrong

_Z = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 3.0]], dtype=torch.float64)
_WIDE = torch.tensor([[1.0, 2.0, 2.0], [3.0, 0.0, 4.0]], dtype=torch.float64)


def _of_columns(z: torch.Tensor) -> torch.Tensor:
    unit = z / z.norm(dim=0, keepdim=True)
    return unit @ unit.T


EXERCISES = (
    Exercise(
        "cosine_13",
        0.5**0.5,
        (
            Wrong(2.0, "That is the scalar product. Divide it by both lengths."),
            Wrong(1.0, "You divided by the length of one vector; the other has a length too."),
            Wrong(0.5, "The angle is half a right angle, but the cosine is not linear in it."),
        ),
        "Scalar product first, then both lengths: √(2² + 0²) and √(1² + 1²).",
        "The vectors are 45° apart.",
    ),
    Exercise(
        "cosine_matrix",
        cosine_similarity_matrix,
        (
            Wrong(lambda z: z @ z.T, "Those are scalar products; nothing divides by the lengths."),
            Wrong(_of_columns, "You took lengths along the columns. A sample is a row."),
            Wrong(
                lambda z: torch.cdist(z, z), "Distances grow for unlike samples. A cosine falls."
            ),
            Wrong(
                lambda z: z / z.norm(dim=1, keepdim=True),
                "Those are the rows with length 1. What is multiplied with what to get pairs?",
            ),
        ),
        "Give every row the length 1; then scalar products of rows are cosines.",
        probes=((_Z,), (_WIDE,)),
    ),
    Exercise(
        "blind_to",
        {"A", "B", "C"},
        (
            Wrong({"A", "B"}, "What does the cosine divide by?"),
            Wrong({"A"}, "Is an angle another one in a mirror? And who asks for lengths?"),
            Wrong(
                {"A", "B", "C", "D"},
                "Angles are seen from the origin. Move (2, 0) and (0, 1) by (9, 9) and look again.",
            ),
        ),
        "Try each on the three samples above, and compare the matrices.",
        "Angles stay, wherever the whole is turned and however long each vector is.",
    ),
    Exercise(
        "pairs",
        8128,
        (
            Wrong(16384, "That counts the diagonal, and each pair twice."),
            Wrong(16256, "The matrix is symmetric: (i, j) and (j, i) are the same pair."),
            Wrong(8256, "The diagonal is counted; it holds ones only."),
        ),
        "How many pairs can be formed of 128 samples?",
        "About as many as an embedding of 64 numbers a sample has, and each about two samples.",
    ),
)
