"""MT-PKDOT: of several teachers, the one that does its task best in this batch is distilled."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from .base import tuning_grid
from .geometry import length
from .pkdot import PKDOT, PKDOTSettings

JOINT = "joint embedding"


class ManyTeachersSettings(PKDOTSettings):
    """As PKDOT's, with the centroid's weight."""

    centroid: float = Field(0.1, ge=0, description="weight of the centroid term beside transport")


def _pooled(feature: Tensor) -> Tensor:
    """One vector a sample: tokens (B, T, F) are averaged."""
    return feature if feature.ndim == 2 else feature.flatten(1, -2).mean(1)


class ManyTeachers(PKDOT):
    """PKDOT from the best teacher of the batch, + centroid · ‖mean row S_T − mean row S_S‖₂.

    The teachers are the joint embedding z, with the teacher's own logits, and one for each modality
    m: a_m, a linear adapter's map of the teacher's feature, as wide as z, with a linear head on it.
    Adapters learn by 1 − cos(a_m, z), heads and adapters by self-distillation from the joint
    teacher, KL(p ‖ p_m), and by cross-entropy where there are labels; means over the batch, summed
    over modalities. The batch's teacher is the one with the lowest cross-entropy on its labelled
    samples; where none has a label (all -1), it is the joint embedding. It is a constant to the
    student, and S_T, (B, B), is the cosine matrix of its embeddings.

    The paper trains adapters and heads with the teachers, before the student. Here they learn
    beside it, from the teacher's output alone; their terms are part of the loss but give the
    student no gradient. Both choose by the task loss on training samples, which flatters whichever
    teacher fits them best.

    Source: MT-PKDOT, arXiv 2408.09035.
    """

    name = "mt_pkdot"
    title = "MT-PKDOT"
    Settings = ManyTeachersSettings
    settings: ManyTeachersSettings
    reads = ("embedding", "logits", "features", "labels")
    quiet = 6.0
    tuning = tuning_grid((6.0, 30.0, 150.0), centroid=(0.1, 1.0))

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Make an adapter and a head for every modality of the teacher."""
        super().prepare(teacher, student)
        width, classes = teacher.embedding.shape[1], teacher.logits.shape[1]
        for name, feature in teacher.features.items():
            self.adapters[f"adapter of {name}"] = nn.Linear(feature.shape[-1], width)
            self.adapters[f"head of {name}"] = nn.Linear(width, classes)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        teachers = {JOINT: teacher}
        for name, feature in teacher.features.items():
            z = self.adapted(f"adapter of {name}", _pooled(feature))
            logits = self.adapted(f"head of {name}", z)
            teachers[name] = NetworkOutput(logits, z, {})
        alone = [own for name, own in teachers.items() if name != JOINT]
        learning = sum(self._adapters_learn(teacher, own, labels) for own in alone)
        chosen = teachers[self.best_teacher(teachers, labels)]
        constant = chosen._replace(
            embedding=chosen.embedding.detach(), logits=chosen.logits.detach()
        )
        told, imitated = (
            cosine_similarity_matrix(o.embedding).mean(0) for o in (constant, student)
        )
        structure = super().loss(constant, student, labels)
        return structure + self.settings.centroid * length(told - imitated) + learning

    @torch.no_grad()
    def best_teacher(self, teachers: dict[str, NetworkOutput], labels: Tensor) -> str:
        """The name of the teacher with the lowest task loss; the first without any label."""
        given = labels >= 0
        if not given.any():
            return next(iter(teachers))
        losses = {
            name: float(functional.cross_entropy(own.logits[given], labels[given]))
            for name, own in teachers.items()
        }
        return min(losses, key=losses.__getitem__)

    def _adapters_learn(self, joint: NetworkOutput, own: NetworkOutput, labels: Tensor) -> Tensor:
        """Alignment, self-distillation and task loss of one modality."""
        aligned = 1.0 - functional.cosine_similarity(own.embedding, joint.embedding).mean()
        pair = own.logits.log_softmax(1), joint.logits.log_softmax(1)
        imitated = functional.kl_div(*pair, reduction="batchmean", log_target=True)
        given = labels >= 0
        task = functional.cross_entropy(own.logits[given], labels[given], reduction="sum")
        return aligned + imitated + task / given.sum().clamp_min(1)
