"""A training that meets NaN or infinity stops before it learns from them, and says where."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from ..errors import TrainingError

TRY = (
    "lower training.learning_rate or the weight of the distillation, or look at these samples "
    "with `check`"
)
SHOWN = 5


def check_losses(
    parts: Mapping[str, Tensor], stage: str, epoch: int, samples: Callable[[], np.ndarray]
) -> None:
    """Refuse a batch of which a part of the loss is not finite.

    Args:
        parts: of the loss, scalars; ``loss`` is the one that is minimised.
        stage: what is being trained.
        epoch: which pass, from 1.
        samples: gives names of the batch, (B,).

    Raises:
        TrainingError: naming the part, the batch and its first samples.
    """
    if bool(torch.isfinite(parts["loss"])):
        return
    wrong = [
        name
        for name, value in parts.items()
        if name != "loss" and not bool(torch.isfinite(value).all())
    ]
    where = f" (by its part {', '.join(wrong)})" if wrong else ""
    raise TrainingError(
        f"In epoch {epoch} the {stage}'s loss became {float(parts['loss'].detach())}{where}, on "
        f"{_batch(samples())}. Nothing was learnt from it; {TRY}."
    )


def check_gradients(
    parameters: Iterable[Tensor], stage: str, epoch: int, samples: Callable[[], np.ndarray]
) -> None:
    """Refuse a batch whose gradient is not finite, though its loss is.

    Args:
        parameters: with their gradients.
        stage: what is being trained.
        epoch: which pass, from 1.
        samples: gives names of the batch, (B,).

    Raises:
        TrainingError: naming the batch and its first samples.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    largest = torch.nn.utils.get_total_norm(gradients, norm_type=torch.inf)
    check_largest(largest, stage, epoch, samples)


def check_largest(
    largest: Tensor, stage: str, epoch: int, samples: Callable[[], np.ndarray]
) -> None:
    """:func:`check_gradients` for a gradient whose largest entry is known.

    Raises:
        TrainingError: where that is not finite.
    """
    if not bool(torch.isfinite(largest)):
        raise TrainingError(
            f"In epoch {epoch} the gradient of the {stage}'s loss became {float(largest)}, on "
            f"{_batch(samples())}. Nothing was learnt from it; {TRY}."
        )


def check_outputs(outputs: Tensor, samples: np.ndarray) -> None:
    """Refuse answers that are not finite: scores would take NaN for a class.

    Args:
        outputs: (n, ...) of n samples.
        samples: their names, (n,).

    Raises:
        TrainingError: naming the first of these samples.
    """
    wrong = ~torch.isfinite(outputs).flatten(1).all(1)
    if bool(wrong.any()):
        names = samples[wrong.cpu().numpy()]
        raise TrainingError(f"A network's answers are not finite for {_batch(names)}; {TRY}.")


def _batch(samples: np.ndarray) -> str:
    first = ", ".join(map(str, samples[:SHOWN]))
    more = ", …" if len(samples) > SHOWN else ""
    return f"{len(samples)} sample{'' if len(samples) == 1 else 's'} ({first}{more})"
