"""Task losses of many members."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...tasks import Task


def task_losses(
    tasks: Sequence[Task], outputs: Tensor, targets: Tensor, smoothing: float = 0.0
) -> Tensor:
    """The task losses (m,) of m members, each by its own task; one call where all are equal."""
    if all(task is tasks[0] or task == tasks[0] for task in tasks):
        return tasks[0].losses(outputs, targets, smoothing)
    each = zip(tasks, outputs.unbind(), targets.unbind(), strict=True)
    return torch.stack([task.loss(own, truth, smoothing) for task, own, truth in each])
