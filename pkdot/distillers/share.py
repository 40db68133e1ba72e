"""λ as a share: distillation pulls on the embedding as strongly as so many task losses."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

MEMORY = 0.95
"""What a moving average keeps at each update: it looks back over some 20 of them."""


@dataclass
class MovingAverage:
    """Exponential moving average, corrected for its start (Kingma and Ba, 2015, section 3).

    Attributes:
        total: the average without its correction.
        seen: numbers averaged.
        largest: of the corrected averages so far.
    """

    total: float = 0.0
    seen: int = 0
    largest: float = 0.0

    @property
    def value(self) -> float:
        """The average; 0 before the first number."""
        return self.total / (1.0 - MEMORY**self.seen) if self.seen else 0.0

    def add(self, number: float) -> None:
        """Take in the next number."""
        self.total = MEMORY * self.total + (1.0 - MEMORY) * number
        self.seen += 1
        self.largest = max(self.largest, self.value)


@dataclass
class Balance:
    """λ of one method, from how strongly its loss and the task's pull on the student's embedding.

    The *pull* of a loss is the sum over samples of the length of its gradient at each one's
    embedding. Of a mean over samples that is the mean pull on a sample that the loss reads: the
    size of the batch and how many of its samples have a label do not matter. With moving averages
    T of the task's pulls and D of the method's,

        λ = share · max T / max(D, max D / cap),

    max over the updates so far. T vanishes once the labels are learnt, and λ does not follow it
    down; D vanishes once the student agrees with its teacher, and λ follows it up ``cap`` times at
    most.

    Attributes:
        share: pull of the weighted method over that of the task.
        cap: how far λ may rise above share · max T / max D.
        task, method: T and D.
        noted: batches so far.
    """

    share: float
    cap: float
    task: MovingAverage = field(default_factory=MovingAverage)
    method: MovingAverage = field(default_factory=MovingAverage)
    noted: int = 0

    def note(self, task: float, method: float) -> None:
        """Take in the pulls of a batch; those that half precision could not hold are left out."""
        self.noted += 1
        if isfinite(task) and isfinite(method):
            self.task.add(task)
            self.method.add(method)

    @property
    def weight(self) -> float:
        """λ; 0 while the method has not pulled at all."""
        least = max(self.method.value, self.method.largest / self.cap)
        return self.share * self.task.largest / least if least > 0 else 0.0

    def get_state(self) -> dict[str, Any]:
        """Where it stands, in plain numbers."""
        return {"task": asdict(self.task), "method": asdict(self.method), "noted": self.noted}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.task = MovingAverage(**state["task"])
        self.method = MovingAverage(**state["method"])
        self.noted = state["noted"]
