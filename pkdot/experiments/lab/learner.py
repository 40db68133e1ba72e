"""One student that learns a batch at a time, by the steps of :func:`pkdot.training.loop.fit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ...data.corpus import Corpus, IndexArray
from ...distillers import build_distiller
from ...networks.models import NetworkOutput
from ...training.finite import check_gradients, check_losses
from ...training.learning import Learning
from ...training.loop import BatchSnapshot, set_training_mode
from ...training.outputs import student_output
from ...training.student import PreparedStudent, prepare_student
from .settings import LabSettings
from .teacher import Lesson


@dataclass(frozen=True, eq=False)
class Update:
    """What one batch did.

    Attributes:
        parts: of the loss by name; ``distillation`` with its weight.
        snapshot: the batch as the loss read it.
        pull: gradient of the weighted distillation at the embedding of each sample, (B, D).
    """

    parts: dict[str, float]
    snapshot: BatchSnapshot
    pull: Tensor


class Learner:
    """A student, its optimiser, and the state from which it draws dropout and noise.

    Two of one seed begin with the same weights and draw the same, whatever their methods. All of
    it is to be called within :func:`pkdot.experiments.experiment.surroundings`.

    Args:
        lesson: what it reads.
        settings: how it learns.
        is_alone: whether it learns by no method.
    """

    def __init__(self, lesson: Lesson, settings: LabSettings, *, is_alone: bool = False) -> None:
        self._is_alone = is_alone
        self._prepared = self._prepare(lesson, settings)
        student = self.student = self._prepared.spec.network
        context, batches = lesson.context, self._prepared.spec.batches
        learning = Learning(student, (), context.training, len(batches))
        self._learning, self._fabric = learning, context.fabric
        self._module, self._optimizer = context.fabric.setup(student, learning.optimizer)
        self._draws = self._prepared.generator.get_state()

    def follow(self, lesson: Lesson, settings: LabSettings) -> None:
        """Go on with the same weights under other data or another method."""
        self._prepared = self._prepare(lesson, settings, self.student)

    def _prepare(
        self, lesson: Lesson, settings: LabSettings, student: torch.nn.Module | None = None
    ) -> PreparedStudent:
        method, options = ("none", {}) if self._is_alone else (settings.method, settings.options())
        distiller = build_distiller(method, options)
        return prepare_student(lesson.context, distiller, lesson.shared, network=student)

    @property
    def prepared(self) -> PreparedStudent:
        """The stage as it stands."""
        return self._prepared

    def update(self, indices: IndexArray) -> Update:
        """Learn from the samples ``indices`` (B,) of the corpus.

        Raises:
            TrainingError: where a loss or its gradient is not finite, before the weights move.
        """
        spec = self._prepared.spec
        names = partial(spec.names, indices)
        set_training_mode(self._module)
        self._optimizer.zero_grad(set_to_none=True)
        with self._own_draws():
            seen: list[NetworkOutput] = []
            noting = self.student.register_forward_hook(lambda *call: seen.append(call[-1]))
            try:
                parts, snapshot = spec.losses(self._module, indices)
            finally:
                noting.remove()
        assert snapshot is not None
        check_losses(parts, "student", 1, names)
        pull = _gradient(parts["distillation"], seen[-1].embedding)
        self._fabric.backward(parts["loss"])
        check_gradients(self._learning.parameters, "student", 1, names)
        self._optimizer.step()
        values = {name: float(value.detach()) for name, value in parts.items()}
        return Update(values, snapshot, pull)

    def answers(self, indices: IndexArray) -> NetworkOutput:
        """Its outputs for n samples as it stands, without dropout or noise."""
        return student_output(self._module, self._prepared.context.corpus, indices)

    @contextmanager
    def _own_draws(self) -> Iterator[None]:
        torch.set_rng_state(self._draws)
        yield
        self._draws = torch.get_rng_state()


def first_score(corpus: Corpus, output: NetworkOutput, indices: IndexArray) -> float:
    """The task's first score of outputs for n samples, e.g. the share of right answers."""
    scores = corpus.task.scores(output.outputs, corpus.targets[indices])
    return scores[corpus.task.primary.name]


def _gradient(loss: Tensor, embedding: Tensor) -> Tensor:
    """Gradient of a loss at embeddings (B, D); zeros where it depends on nothing."""
    if not loss.requires_grad:
        return torch.zeros_like(embedding)
    (gradient,) = torch.autograd.grad(loss, [embedding], retain_graph=True)
    return gradient.detach()
