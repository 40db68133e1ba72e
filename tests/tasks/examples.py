"""One small problem of every task: targets with gaps, and outputs of a network."""

from dataclasses import dataclass

import numpy as np

from pkdot.tasks import KINDS, Classification, Multilabel, Ordinal, Regression, Task

N = 40


@dataclass(frozen=True, eq=False)
class Problem:
    """N samples, every fifth without a target, and outputs (N, W)."""

    task: Task
    targets: np.ndarray
    outputs: np.ndarray


def problem(kind: str, seed: int = 0, *, gaps: bool = True) -> Problem:
    """A problem of a task, its targets drawn anew for each seed."""
    rng = np.random.default_rng(seed)
    if kind in ("classification", "ordinal"):
        task: Task = (Classification if kind == "classification" else Ordinal)(
            classes=("low", "middle", "high")
        )
        targets = rng.integers(3, size=N)
        targets[:3] = (0, 1, 2)
        gap = -1
    elif kind == "regression":
        task = Regression(targets=("valence", "arousal"))
        targets = 3 + 2 * rng.standard_normal((N, 2)) * (1, 5)
        gap = np.nan
    else:
        task = Multilabel(labels=("hole", "stroke"))
        targets = (rng.random((N, 2)) < 0.4).astype(float)
        targets[:2] = 1.0
        gap = np.nan
    if gaps:
        targets[4::5] = gap
    targets = task.check(targets)
    task = task.fitted(targets)
    return Problem(task, targets, rng.standard_normal((N, task.output_width)))


assert set(KINDS) == {"classification", "ordinal", "regression", "multilabel"}
