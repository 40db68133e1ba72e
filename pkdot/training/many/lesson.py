"""What the members of one stage are given, and what they learn by."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...data.corpus import IndexArray
from ...networks.models import NetworkOutput
from ...tasks import Task
from ..finite import check_outputs
from ..loop import StageSpec


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch of each of m members.

    Attributes:
        members: (m,) which.
        indices: (m, B) samples of each one's corpus; those of the teacher alone come last.
        inputs: name -> (m, B, ...), what the networks read.
        rest: what the losses read besides, tensors or nests of them with m in front.
    """

    members: list[int]
    indices: IndexArray
    inputs: Mapping[str, Tensor]
    rest: Any

    def at(self, places: Sequence[int]) -> "Batch":
        """The batch of some of the members."""
        index = list(places)
        members = [self.members[i] for i in index]
        inputs = {name: x[index] for name, x in self.inputs.items()}
        return Batch(members, self.indices[index], inputs, _at(self.rest, index))


def _at(nest: Any, index: list[int]) -> Any:
    if isinstance(nest, Tensor):
        return nest[index]
    if isinstance(nest, NetworkOutput):
        return nest.map(lambda x: x[index])
    if isinstance(nest, Mapping):
        return {name: _at(x, index) for name, x in nest.items()}
    if isinstance(nest, list | tuple):
        return type(nest)(_at(x, index) for x in nest)
    return nest


class Lesson(ABC):
    """What the members of one stage are given, and what they learn by.

    Attributes:
        specs: of each member, as the stage trains it alone; of these the batches, the criteria and
            the names are read, losses and validation come from the methods below.
        generators: of each member's draws.
        adapters: of each member name -> parameter.
        inner: of each member, the rows that it is validated on.
    """

    specs: Sequence[StageSpec]
    generators: Sequence[torch.Generator]
    adapters: Sequence[Mapping[str, nn.Parameter]]
    inner: Sequence[IndexArray]

    @abstractmethod
    def begin(self, members: list[int], indices: IndexArray) -> Batch:
        """The next batch of m members, from (m, B) indices."""

    @abstractmethod
    def inputs(self, members: Sequence[int], indices: IndexArray) -> dict[str, Tensor]:
        """What the networks of m members read, (m, n, ...) each."""

    @abstractmethod
    def losses(
        self, batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Parts of the loss by name, (m,) each; ``loss`` is what each member minimises."""

    @abstractmethod
    def scores(self, member: int, output: NetworkOutput) -> dict[str, float]:
        """Validation scores of a member for its network's output for the rows of ``inner``."""


def checked_scores(
    task: Task, outputs: Tensor, targets: np.ndarray[Any, Any], names: np.ndarray[Any, Any]
) -> dict[str, float]:
    """Scores of finite outputs.

    Raises:
        TrainingError: where they are not finite.
    """
    check_outputs(outputs, names)
    return dict(task.scores(outputs, targets))
