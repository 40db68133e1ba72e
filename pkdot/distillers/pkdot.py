"""PKDOT: match the structure of the batch by entropic optimal transport; and its variants."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..method.anchors import select_anchors
from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from ..tasks import Task
from .base import has_target, tuning_grid
from .method import Method
from .transported import AnchorSettings, TransportDistiller, TransportSettings


class PKDOTSettings(TransportSettings, AnchorSettings):
    """Weight, anchors and transport.

    The defaults are those that measured best (``reports/benchmarks/evidence.md``); the paper's are
    ``policy="shared", k=30, blur=0.1, weight=0.6``.
    """

    weight: float | None = Field(  # type: ignore[assignment]  # PKDOT.weight narrows it
        None,
        ge=0,
        description="λ; null: by the batch, more where some of its samples have no label "
        "(PKDOT: 30, else 1.2), or a share of 1 where the targets are values; the record's metric "
        "'weight' says what was applied",
    )
    blur: float = Field(0.5, gt=0, description="square root of ε, in the unit of the rows")


class PKDOT(TransportDistiller):
    """OT(A_T, A_S) − ½ OT(A_T, A_T) − ½ OT(A_S, A_S), the debiased transport of anchor rows.

    A_T and A_S, (B, k), are the samples' cosine similarities to the anchors in teacher and student;
    the cost is half the squared distance, and OT is entropic. Reads embeddings; no labels.

    ``identity``, beyond the paper and off by default, makes the cost see the pairing of the rows;
    for ``confidence``, ``outputs`` and batches of which only some samples are pairs see
    :class:`TransportDistiller`.

    Class attributes:
        weight_unlabelled: λ where none is set, for a batch with samples that have no label and so
            learn from structure alone.
        weight_labelled: λ where none is set, for a batch without such samples. Both are what tuning
            chose (``reports/benchmarks/evidence.md``), beside a cross-entropy.
        share_of_values: the ``share`` where no λ is set and the targets are values.

    Source: PKDOT, arXiv 2401.15489.
    """

    name = "pkdot"
    title = "PKDOT"
    Settings = PKDOTSettings
    settings: PKDOTSettings
    tuning = tuning_grid((1.2, 6.0, 30.0), blur=(0.5, 0.1))
    weight_unlabelled: ClassVar[float] = 30.0
    weight_labelled: ClassVar[float] = 1.2
    share_of_values: ClassVar[float] = 1.0

    def set_task(self, task: Task) -> None:
        """As for any method; where no λ is set and targets are values, λ is a share.

        A loop of one's own that notes no pulls gets the weight that classes would have.

        Raises:
            ConfigError: if the method needs what the task does not offer.
        """
        super().set_task(task)
        unset = self.settings.weight is None and self.settings.share is None
        if task.value_names and unset:
            self.settings = self.settings.model_copy(update={"share": self.share_of_values})
            self.share_is_usual = True

    def weight(self, targets: Tensor) -> float:
        """λ as set; else ``weight_unlabelled`` or ``weight_labelled`` by the targets."""
        if self.settings.weight is not None:
            return self.settings.weight
        return self.weight_labelled if bool(has_target(targets).all()) else self.weight_unlabelled

    def losses(self, teacher: NetworkOutput, student: NetworkOutput) -> Tensor:
        """As for any transport; without outputs the rows of all batches are read at once."""
        if "outputs" in self.reads:
            return super().losses(teacher, student)
        return self.structural(teacher.embedding, student.embedding)

    def losses_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> Tensor:
        """As for any transport; without outputs the rows of all batches are read at once."""
        if "outputs" in self.reads or self.settings.policy != "all":
            return super().losses_unpaired(teacher, student, trusted)
        first = self.kept(teacher.unstacked()[0], student.unstacked()[0], trusted)
        every = torch.arange(trusted, device=student.embedding.device)
        rows = self.structural.rows(teacher.embedding, student.embedding, (every, every))
        clouds = rows[0][:, first:], rows[1][:, first:]
        return self.between(teacher, clouds, trusted - first, None)

    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Similarities to the anchors, (B, k) each."""
        return self.structural.rows(teacher.embedding, student.embedding)

    def rows_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> tuple[Tensor, Tensor]:
        """Similarities to the trusted pairs that ``policy`` chooses, (B_T, k) and (B_S, k).

        Raises:
            InputError: for the policy ``per_sample``, whose columns are no coordinates.
        """
        policy, k = self.settings.policy, self.settings.k
        if policy == "per_sample":
            raise InputError(
                "The policy 'per_sample' gives each sample anchors of its own, which two samples "
                "that are no pair cannot share; take 'all' or 'shared'."
            )
        similarity = cosine_similarity_matrix(teacher.embedding[:trusted])
        anchors = select_anchors(similarity, k, policy, generator=self.generator)
        return self.structural.rows(teacher.embedding, student.embedding, (anchors, anchors))


PKDOT_IDENTITY = Method(
    name="pkdot_identity",
    title="PKDOT, identity-aware",
    distiller=PKDOT,
    about="""PKDOT under the cost ½‖A_T[i] − A_S[j]‖² + identity · [i ≠ j].

    Between PKDOT, which sees the rows as a set, and rows matched one to one: mass goes to another
    sample only where that saves more than ``identity``. A variant of this kit.
    """,
    tuning=tuning_grid((1.2, 6.0, 30.0), identity=(0.1, 1.0)),
    defaults={"identity": 0.1},
)

PKDOT_SOFT = Method(
    name="pkdot_soft",
    title="PKDOT with soft labels in its rows",
    distiller=PKDOT,
    about="""PKDOT between rows [similarities to the anchors, √outputs · softened outputs].

    A pair costs ½‖A_T[i] − A_S[j]‖² + ½ outputs ‖o_T[i] − o_S[j]‖², and ``identity`` more where
    i ≠ j: sending a sample's mass to another is cheap only where both structure and soft label
    agree. The outputs o are roots of the softened class probabilities by default, so that half
    their squared distance is the squared Hellinger distance; near agreement that is a quarter of
    the Kullback-Leibler divergence of soft labels (arXiv 1503.02531). A variant of this kit.
    """,
    tuning=tuning_grid((0.6, 3.0, 15.0), outputs=(10.0, 3.0)),
    defaults={"weight": 3.0, "identity": 1.0, "outputs": 10.0, "outputs_as": "roots"},
)
