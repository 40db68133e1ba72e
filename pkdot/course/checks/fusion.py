"""Exercises of ``07_fusion``."""

import torch
from torch import Tensor

from ..exercises import Exercise, Wrong

_A = torch.tensor([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype=torch.float64)
_B = torch.tensor([[1.0, 2.0, 2.0], [0.0, 1.0, 0.0], [4.0, 0.0, 3.0]], dtype=torch.float64)


def _unit(z: Tensor) -> Tensor:
    return z / z.norm(dim=1, keepdim=True)


EXERCISES = (
    Exercise(
        "gate_by_hand",
        1.476,
        (
            Wrong(3.0, "That is the plain mean. The shares are not equal."),
            Wrong(4.524, "The shares are exchanged: the face has the larger one."),
            Wrong(2.0, "Those are scores times features. The shares come out of the softmax."),
        ),
        "Each feature times its own share, added up.",
        "Near the face's 1.0: the gate trusts it more.",
    ),
    Exercise(
        "fused_cosine",
        0.76,
        (
            Wrong(0.2, "That is the plain mean. The longer feature counts more."),
            Wrong(0.55, "Lengths count squared: 9 to 1, not 3 to 1."),
            Wrong(0.4, "Cosines do not add up; their weighted mean is asked for."),
        ),
        "Weights are 3² and 1²; divide by their sum.",
        "Modality A has nine tenths of the say.",
    ),
    Exercise(
        "fuse",
        lambda a, b, w: torch.cat([w**0.5 * _unit(a), (1 - w) ** 0.5 * _unit(b)], dim=1),
        (
            Wrong(
                lambda a, b, w: torch.cat([w * _unit(a), (1 - w) * _unit(b)], dim=1),
                "Cosines are quadratic in the features: which factor gives w when squared?",
            ),
            Wrong(
                lambda a, b, w: torch.cat([w**0.5 * a, (1 - w) ** 0.5 * b], dim=1),
                "Rows keep their own lengths; a long one would rule whatever w says.",
            ),
            Wrong(
                lambda a, b, w: torch.cat([(1 - w) ** 0.5 * _unit(a), w**0.5 * _unit(b)], dim=1),
                "The shares are exchanged: w belongs to a.",
            ),
        ),
        "Three steps: rows of length 1, their factors, torch.cat along the right axis.",
        probes=((_A, _B, 0.25), (_A, _B, 0.9)),
    ),
    Exercise(
        "which_weight",
        0.0,
        (
            Wrong(0.5, "Half of the structure would then be noise."),
            Wrong(1.0, "Then all of the structure would be noise."),
            Wrong(0.3, "A share by accuracies would still let chance have a say."),
        ),
        "What does a sensor add that knows nothing?",
        "And then there is nothing privileged to distil.",
    ),
)
