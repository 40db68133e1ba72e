"""One student in the kit's loop, in a plain torch loop, and in Lightning's.

All take the same batches, the same network and AdamW, and score the inner split after each epoch;
the kit also keeps the best weights, looks for numbers that are not finite, and reports. The peers
of the loss are the kit's own in somebody else's loop, and GeomLoss between the same anchor rows.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import IndexArray
from ..distillers import build_distiller
from ..method.anchors import gather_anchor_rows, select_anchors
from ..method.loss import PKDOTLoss
from ..method.similarity import cosine_similarity_matrix
from ..training.context import StageContext
from ..training.outputs import prevalent_input, student_output
from ..training.stages import TeacherStage
from ..training.student import prepare_student

Structure = Callable[[Tensor, Tensor], Tensor]
K, BLUR = 30, 0.5  # as the distiller has them


def geomloss_between_rows() -> Structure:
    """GeomLoss's debiased divergence between anchor rows, at its default scaling."""
    from geomloss import SamplesLoss

    divergence = SamplesLoss("sinkhorn", p=2, blur=BLUR)

    def structure(teacher: Tensor, student: Tensor) -> Tensor:
        similarity = cosine_similarity_matrix(teacher)
        anchors = select_anchors(similarity, K)
        rows = gather_anchor_rows(similarity, anchors)
        own = gather_anchor_rows(cosine_similarity_matrix(student), anchors)
        value: Tensor = divergence(rows, own)
        return value

    return structure


class Lesson:
    """A student, its batches and its teacher's embeddings, as somebody else's loop reads them."""

    def __init__(
        self, context: StageContext, shared: TeacherStage, structure: Structure | None
    ) -> None:
        prepared = prepare_student(context, build_distiller("none"), shared)
        self.student: nn.Module = prepared.spec.network
        self.batches: Batches = prepared.spec.batches
        self._corpus, self._structure = context.corpus, structure
        self._targets = torch.as_tensor(context.corpus.given_targets)
        self._teacher = shared.targets.output.embedding
        self._inner, self.settings = context.selection, context.training

    def loss(self, indices: IndexArray) -> Tensor:
        """Of one batch."""
        output = self.student(prevalent_input(self._corpus, indices, torch.device("cpu")))
        loss = functional.cross_entropy(output.outputs, self._targets[indices])
        if self._structure is not None:
            loss = loss + self._structure(self._teacher[indices], output.embedding)
        return loss

    def score(self) -> float:
        """Share of the inner split that is right."""
        outputs = student_output(self.student, self._corpus, self._inner).outputs
        return float((outputs.argmax(1) == self._targets[self._inner]).float().mean())

    def optimizer(self) -> torch.optim.Optimizer:
        """As the kit's."""
        learning = [p for p in self.student.parameters() if p.requires_grad]
        return torch.optim.AdamW(
            learning, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay
        )


def in_a_plain_loop(lesson: Lesson) -> int:
    """Train; returns how many updates were made."""
    optimizer = lesson.optimizer()
    for _ in range(lesson.settings.epochs):
        lesson.student.train()
        for indices in lesson.batches:
            optimizer.zero_grad(set_to_none=True)
            lesson.loss(indices).backward()
            optimizer.step()
        lesson.score()
    return lesson.settings.epochs * len(lesson.batches)


def in_lightning(lesson: Lesson) -> int:
    """Train by Lightning's trainer, nothing of it switched on; returns the updates."""
    import pytorch_lightning as lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.student = lesson.student

        def training_step(self, batch: IndexArray, _: int) -> Tensor:
            return lesson.loss(batch)

        def on_train_epoch_end(self) -> None:
            lesson.score()
            self.student.train()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return lesson.optimizer()

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=lesson.settings.epochs, accelerator="cpu", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Module(), lesson.batches)
    return lesson.settings.epochs * len(lesson.batches)


def peers(
    context: StageContext, shared: TeacherStage
) -> Iterator[tuple[str, str, Callable[[], int]]]:
    """Name of the peer, the kit's method that it is held against, and what trains it."""
    ours = PKDOTLoss(k=K, blur=BLUR, policy="shared")
    yield (
        "plain loop, no distillation",
        "none",
        lambda: in_a_plain_loop(Lesson(context, shared, None)),
    )
    yield "plain loop, `PKDOTLoss`", "pkdot", lambda: in_a_plain_loop(Lesson(context, shared, ours))
    if find_spec("geomloss") is not None:
        yield (
            "plain loop, GeomLoss between the same rows",
            "pkdot",
            lambda: in_a_plain_loop(Lesson(context, shared, geomloss_between_rows())),
        )
    if find_spec("pytorch_lightning") is not None:
        yield (
            "Lightning's trainer, `PKDOTLoss`",
            "pkdot",
            lambda: in_lightning(Lesson(context, shared, ours)),
        )
