"""Exercises of ``02_local_structure``."""

import torch
from torch import Tensor

from ...method.similarity import cosine_similarity_matrix
from ..exercises import Exercise, Wrong

_DRAW = torch.Generator().manual_seed(0)
_Z = torch.randn(9, 3, generator=_DRAW, dtype=torch.float64)
_LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 0, 1, 2])


def _purity(similarity: Tensor, labels: Tensor, m: int) -> Tensor:
    others = similarity.clone().fill_diagonal_(-2)
    return (labels[others.topk(m, dim=1).indices] == labels[:, None]).double().mean()


def _with_itself(similarity: Tensor, labels: Tensor, m: int) -> Tensor:
    return (labels[similarity.topk(m, dim=1).indices] == labels[:, None]).double().mean()


def _farthest(similarity: Tensor, labels: Tensor, m: int) -> Tensor:
    return _purity(-similarity, labels, m)


def _counted(similarity: Tensor, labels: Tensor, m: int) -> Tensor:
    return m * _purity(similarity, labels, m)


EXERCISES = (
    Exercise(
        "labels_travel",
        [8, 3],
        (
            Wrong([3, 8], "Those are the labels by the teacher's matrix. Take the right one."),
            Wrong([3, 3], "For image 2, compare its similarities to image 1 and to image 4."),
            Wrong([8, 8], "For image 3, compare its similarities to image 1 and to image 4."),
        ),
        "Each image compares two numbers of its row: that of image 1 and that of image 4.",
        "Both differ from the teacher's: before it learns, the student sends labels wrong ways.",
    ),
    Exercise(
        "two_steps",
        3,
        (
            Wrong(8, "That is without image 2. Its similarity to image 3 is larger than 0.4."),
            Wrong(2, "That is the image which is nearest. Which label did it take?"),
        ),
        "Among images 1, 2 and 4, which is nearest to image 3, and which label has it by now?",
        "Image 2 passes it on: 0.6 is more than 0.4.",
    ),
    Exercise(
        "purity",
        _purity,
        (
            Wrong(_with_itself, "Each sample counts itself among its neighbours."),
            Wrong(_farthest, "Those are the least similar samples."),
            Wrong(_counted, "That is how many, not which share of the m."),
        ),
        "Put something small on the diagonal, take the m largest of each row, compare labels.",
        probes=(
            (cosine_similarity_matrix(_Z), _LABELS, 2),
            (cosine_similarity_matrix(_Z), _LABELS, 4),
        ),
    ),
)
