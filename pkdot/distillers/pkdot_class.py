"""PKDOT with the mean direction of each class as anchors."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import tuning_grid
from .geometry import unit
from .transported import TransportDistiller, TransportSettings


class PKDOTClassSettings(TransportSettings):
    """As PKDOT's, without anchors."""

    weight: float = Field(20.0, ge=0, description="λ, factor of this loss beside the task loss")


class PKDOTClass(TransportDistiller):
    """PKDOT's divergence between cosine similarities to the classes' mean directions, (B, G).

    The samples of a batch fall into the classes that the teacher finds most probable; m_c is the
    mean of the unit embeddings in class c, taken among the teacher's embeddings for the teacher's
    rows, and among the student's of the same samples for the student's. Row i is cos(z_i, m_c) over
    the G classes c present in the batch. Reads embeddings and logits; no labels.

    Source: a form of this kit, on PKDOT, arXiv 2401.15489.
    """

    name = "pkdot_class"
    title = "PKDOT on class means"
    Settings = PKDOTClassSettings
    settings: PKDOTClassSettings
    reads = ("embedding", "outputs")
    needs = frozenset({"classes"})
    tuning = tuning_grid((4.0, 20.0, 100.0), identity=(0.0, 1.0))

    @property
    def solves_together(self) -> bool:
        """Not: batches with different numbers of classes have rows of different lengths."""
        return False

    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Similarities to the means of the G classes present, (B, G) each."""
        return self._similarities(teacher, student, slice(None))

    def rows_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> tuple[Tensor, Tensor]:
        """Similarities to the means of the classes present among the trusted pairs."""
        return self._similarities(teacher, student, slice(trusted))

    @staticmethod
    def _similarities(
        teacher: NetworkOutput, student: NetworkOutput, pairs: slice
    ) -> tuple[Tensor, Tensor]:
        """Of all samples to the means over the pairs."""
        classes = teacher.outputs[pairs].argmax(1).unique(return_inverse=True)[1]
        members = functional.one_hot(classes).to(teacher.embedding).T
        teacher_rows, student_rows = (
            directions @ unit(members @ directions[pairs]).T
            for directions in (unit(teacher.embedding), unit(student.embedding))
        )
        return teacher_rows, student_rows
