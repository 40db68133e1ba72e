"""What the forms of PKDOT share: rows of teacher and student, and the transport between them."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..method.loss import PKDOTLoss
from ..method.partners import Masses, Partners
from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings

_LOSS_OPTIONS = {
    "k",
    "policy",
    "blur",
    "transport",
    "penalty",
    "identity",
    "relative",
    "tolerance",
    "max_iterations",
    "shift",
}
"""Settings that :class:`pkdot.PKDOTLoss` reads, under its own names."""


class AnchorSettings(DistillerSettings):
    """Which samples describe the others."""

    k: int = Field(
        30, ge=1, description="number of anchors, below the batch size; not read by policy all"
    )
    policy: Literal["shared", "per_sample", "farthest", "random", "most_similar", "all"] = Field(
        "all", description="how anchors are chosen; all: every sample of the batch is one"
    )

    shift: Literal["minimum", "minimum_detached"] | None = Field(
        None,
        description="taken off each similarity matrix: its minimum, with gradient as in the "
        "released script, or as a constant; null for nothing",
    )

    def anchors_in_batch(self) -> int:
        return 0 if self.policy == "all" else self.k


class TransportSettings(DistillerSettings):
    """Weight, the transport of :class:`pkdot.PKDOTLoss`, and what is transported."""

    weight: float = Field(
        30.0, ge=0, description="λ; the divergence of cosine rows is small beside a cross-entropy"
    )
    blur: float = Field(0.1, gt=0, description="square root of ε, in the unit of the rows")
    transport: Literal["entropic", "unbalanced", "exact"] = Field(
        "entropic", description="entropic (the method), unbalanced, or exact (slow)"
    )
    penalty: float = Field(
        1.0, gt=0, description="price of mass left behind, where transport is unbalanced"
    )
    identity: float = Field(
        0.0, ge=0, description="extra cost of sending a sample to another one; 0 is the method"
    )
    relative: bool = Field(False, description="take blur² as a fraction of the median cost")
    tolerance: float | None = Field(
        None, gt=0, description="marginal error of the transport; by the floating type if null"
    )
    max_iterations: int = Field(10_000, ge=1, description="iterations of the transport at most")
    confidence: float = Field(
        0.0, ge=0, description="a sample's mass is its teacher's confidence to this power; 0: equal"
    )
    outputs: float = Field(
        0.0, ge=0, description="weight of the outputs beside the similarities in a row; 0: none"
    )
    outputs_as: Literal["probabilities", "roots", "logits"] = Field(
        "probabilities", description="form of the outputs; roots: of the probabilities"
    )
    temperature: float = Field(2.0, gt=0, description="T, softens the outputs in a row")
    trusted_rows: bool = Field(
        False,
        description="where only some samples are pairs: these are points of the clouds too, not "
        "anchors alone",
    )
    late: ClassVar[frozenset[str]] = DistillerSettings.late | {"trusted_rows"}

    def loss_options(self) -> dict[str, Any]:
        """The options of :class:`pkdot.PKDOTLoss` among these settings."""
        return self.model_dump(include=_LOSS_OPTIONS)


class TransportDistiller(Distiller):
    """The divergence between two clouds of rows, (B, d) each; a subclass says what the rows are.

    Two settings beyond PKDOT's paper work for any rows, and read the outputs: ``outputs`` adds
    √outputs times the outputs as points (:meth:`pkdot.tasks.Task.coordinates`: of classes the
    softened probabilities) to the rows, so that one plan serves structure and soft labels;
    ``confidence`` gives samples of which the teacher is sure more mass, and needs classes.

    Where only the first n samples are pairs (:meth:`loss_unpaired`), these describe all others, and
    transport is between the teacher's others and the student's, of whatever number; with
    ``trusted_rows`` the pairs are points of both clouds too, and ``identity`` is the price of
    parting them. ``confidence`` is then each network's own, a constant. Where either network has
    seen nothing but pairs, they make up the clouds.
    """

    Settings = TransportSettings
    settings: TransportSettings

    def __init__(self, settings: TransportSettings) -> None:
        super().__init__(settings)
        # Its own, so that drawing anchors moves no draw of the student's dropout.
        self.generator = torch.Generator()
        self.structural = PKDOTLoss(generator=self.generator, **settings.loss_options())
        if settings.outputs or settings.confidence:
            self.reads = (*self.reads, "outputs")
        if settings.confidence:
            self.needs = self.needs | {"classes"}

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Seed the draws of the policy ``random`` from torch's seed in force."""
        super().prepare(teacher, student)
        self.generator.manual_seed(torch.initial_seed())

    @abstractmethod
    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Coordinates of each sample in teacher and student, (B, d) each, without outputs."""

    @abstractmethod
    def rows_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`rows`, where only the first n samples are pairs, (B_T, d) and (B_S, d)."""

    def clouds(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """What is transported: the rows, with the outputs beside them where asked for."""
        return self._with_outputs(self.rows(teacher, student), (teacher, student))

    def _with_outputs(
        self, rows: tuple[Tensor, Tensor], outputs: tuple[NetworkOutput, NetworkOutput]
    ) -> tuple[Tensor, Tensor]:
        factor = self.settings.outputs**0.5
        if not factor:
            return rows
        teacher_rows, student_rows = (
            torch.cat([own, factor * self._coordinates(output)], dim=1)
            for own, output in zip(rows, outputs, strict=True)
        )
        return teacher_rows, student_rows

    def _coordinates(self, output: NetworkOutput) -> Tensor:
        """Outputs (B, W) as points, as the task has it."""
        return self.task.coordinates(
            output.outputs, self.settings.outputs_as, self.settings.temperature
        )

    def masses(self, output: NetworkOutput, first: int = 0) -> Tensor | None:
        """Mass of each sample by a network's confidence, of sum 1; None for equal ones.

        Args:
            output: of the network, the teacher's for pairs.
            first: where the samples begin that are weighed.
        """
        if not self.settings.confidence:
            return None
        outputs = output.outputs[first:].detach()
        masses = outputs.softmax(1).amax(1).pow(self.settings.confidence)
        return masses / masses.sum()

    def transport_for(self, teacher: NetworkOutput) -> PKDOTLoss:
        """The transport for a batch with this output of the teacher's."""
        return self.structural

    @property
    def solves_together(self) -> bool:
        """Whether many batches may come at once: not where anchors are drawn."""
        drawn = getattr(self.settings, "policy", None) == "random"
        return self.structural.takes_several and not drawn

    def losses(self, teacher: NetworkOutput, student: NetworkOutput) -> Tensor:
        """The losses (M,) of M batches, each tensor (M, B, ...), by one call of the transport."""
        pairs = list(zip(teacher.unstacked(), student.unstacked(), strict=True))
        clouds = [self.clouds(*pair) for pair in pairs]
        teacher_rows, student_rows = (torch.stack([pair[i] for pair in clouds]) for i in (0, 1))
        masses = self._stacked_masses(teacher)
        return self.transport_for(pairs[0][0]).divergence(teacher_rows, student_rows, masses)

    def losses_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> Tensor:
        """The losses (M,) of M batches of which only the first n samples are pairs, likewise.

        Args:
            teacher: each tensor (M, B_T, ...).
            student: each tensor (M, B_S, ...).
            trusted: n, of every batch.
        """
        pairs = list(zip(teacher.unstacked(), student.unstacked(), strict=True))
        first = self.kept(*pairs[0], trusted)
        rows = [self._unpaired_clouds(*pair, trusted) for pair in pairs]
        clouds = [torch.stack([own[i] for own in rows]) for i in (0, 1)]
        masses = self._stacked_masses(teacher, first), self._stacked_masses(student, first)
        return self.between(pairs[0][0], (clouds[0], clouds[1]), trusted - first, masses)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        clouds = self.clouds(teacher, student)
        return self.transport_for(teacher).divergence(*clouds, self.masses(teacher))

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        first = self.kept(teacher, student, trusted)
        clouds = self._unpaired_clouds(teacher, student, trusted)
        masses = self.masses(teacher, first), self.masses(student, first)
        return self.between(teacher, clouds, trusted - first, masses)

    def kept(self, teacher: NetworkOutput, student: NetworkOutput, trusted: int) -> int:
        """The first sample of a batch that is a point of its cloud: 0, or n past the pairs.

        Raises:
            InputError: without any pair, as there is then no anchor.
        """
        if trusted < 1:
            raise InputError(
                f"The method {self.name!r} describes samples by trusted pairs, and this batch has "
                f"none; give some samples a label, or take gromov, which needs no pairs."
            )
        sizes = len(teacher.embedding), len(student.embedding)
        return 0 if self.settings.trusted_rows or trusted >= min(sizes) else trusted

    def between(
        self,
        teacher: NetworkOutput,
        clouds: tuple[Tensor, Tensor],
        pairs: int,
        masses: Masses,
    ) -> Tensor:
        """The divergence of clouds of which the first points, so many, are pairs, (...,)."""
        structural, partners = self.transport_for(teacher), None
        if structural.identity:
            own = torch.arange(pairs, device=clouds[0].device)
            partners = Partners(own, own, structural.identity)
        return structural.divergence(*clouds, masses, partners)

    def _stacked_masses(self, output: NetworkOutput, first: int = 0) -> Tensor | None:
        """Of M batches, (M, B); None for equal ones."""
        known = [own for o in output.unstacked() if (own := self.masses(o, first)) is not None]
        return torch.stack(known) if known else None

    def _unpaired_clouds(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> tuple[Tensor, Tensor]:
        first = self.kept(teacher, student, trusted)
        rows = self.rows_unpaired(teacher, student, trusted)
        teacher_rows, student_rows = self._with_outputs(rows, (teacher, student))
        return teacher_rows[first:], student_rows[first:]
