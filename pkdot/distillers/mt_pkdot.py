"""MT-PKDOT: of several teachers, the one with the lowest task loss in this batch is distilled."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from .base import Distiller, has_target, tuning_grid
from .geometry import length
from .pkdot import PKDOT, PKDOTSettings

JOINT = "joint embedding"


class MTPKDOTSettings(PKDOTSettings):
    """As PKDOT's, with the centroid's weight."""

    centroid: float = Field(0.1, ge=0, description="weight of the centroid term beside transport")


def _pooled(feature: Tensor) -> Tensor:
    """One vector a sample: tokens (B, T, F) are averaged."""
    return feature if feature.ndim == 2 else feature.flatten(1, -2).mean(1)


class MTPKDOT(PKDOT):
    """PKDOT from the best teacher of the batch, + centroid · ‖mean row S_T − mean row S_S‖₂.

    The teachers are the joint embedding z, (B, D), with the teacher's own logits, and one for each
    modality m: a_m, (B, D), a linear adapter's map of the teacher's feature, with a linear head on
    it. Adapters learn by 1 − cos(a_m, z), heads and adapters by self-distillation from the joint
    teacher (of classes KL(p ‖ p_m)) and by the task loss where there are targets; means over the
    batch, summed over modalities. The batch's teacher is the one with the lowest task loss; where
    no sample has a target, it is the joint embedding. It is a constant to the
    student, and S_T, (B, B), is the cosine matrix of its embeddings. Reads embeddings, outputs,
    features and targets.

    The paper trains adapters and heads with the teachers, before the student. Here they learn
    beside it, from the teacher's output alone; their terms are part of the loss but give the
    student no gradient. Both choose by the task loss on training samples, which flatters whichever
    teacher fits them best.

    Source: MT-PKDOT, arXiv 2408.09035.
    """

    name = "mt_pkdot"
    title = "MT-PKDOT"
    Settings = MTPKDOTSettings
    settings: MTPKDOTSettings
    reads = ("embedding", "outputs", "features", "targets")
    weight_labelled = 6.0
    tuning = tuning_grid((6.0, 30.0, 150.0), centroid=(0.1, 1.0))

    @property
    def solves_together(self) -> bool:
        """Not: which teacher is best is told batch by batch."""
        return False

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Build an adapter and a head for every modality of the teacher."""
        super().prepare(teacher, student)
        dim, width = teacher.embedding.shape[1], teacher.outputs.shape[1]
        for name, feature in teacher.features.items():
            self.adapters[f"adapter of {name}"] = nn.Linear(feature.shape[-1], dim)
            self.adapters[f"head of {name}"] = nn.Linear(dim, width)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        teachers = {JOINT: teacher}
        for name, feature in teacher.features.items():
            z = self.adapted(f"adapter of {name}", _pooled(feature))
            teachers[name] = NetworkOutput(self.adapted(f"head of {name}", z), z, {})
        unimodal = [output for name, output in teachers.items() if name != JOINT]
        adapter_loss = sum(self._adapter_loss(teacher, output, targets) for output in unimodal)
        best = teachers[self.best_teacher(teachers, targets)]
        best = best._replace(embedding=best.embedding.detach(), outputs=best.outputs.detach())
        mean_teacher, mean_student = (
            cosine_similarity_matrix(o.embedding).mean(0) for o in (best, student)
        )
        structure = super().loss(best, student, targets)
        centroid = self.settings.centroid * length(mean_teacher - mean_student)
        return structure + centroid + adapter_loss

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        """Of the trusted pairs alone: which teacher is best is told by their targets."""
        return Distiller.loss_unpaired(self, teacher, student, targets, trusted)

    @torch.no_grad()
    def best_teacher(self, teachers: dict[str, NetworkOutput], targets: Tensor) -> str:
        """The name of the teacher with the lowest task loss; the first without any target."""
        if not bool(has_target(targets).any()):
            return next(iter(teachers))
        losses = {n: float(self.task.loss(o.outputs, targets)) for n, o in teachers.items()}
        return min(losses, key=losses.__getitem__)

    def _adapter_loss(self, joint: NetworkOutput, own: NetworkOutput, targets: Tensor) -> Tensor:
        """Alignment, self-distillation and task loss of one modality's teacher, a scalar."""
        alignment = 1.0 - functional.cosine_similarity(own.embedding, joint.embedding).mean()
        self_distillation = self.task.soft_loss(joint.outputs, own.outputs, 1.0)
        return alignment + self_distillation + self.task.loss(own.outputs, targets)
