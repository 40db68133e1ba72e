"""DIST: correlation with the teacher's probabilities, within samples and within classes."""

from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import centred_unit


class DISTSettings(DistillerSettings):
    """Weight, temperature and the balance of the two parts.

    Default weight and temperature are those that tuning chose wherever labels are few or wrong
    (``reports/benchmarks/evidence.md``).
    """

    weight: float = Field(30.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(1.0, gt=0, description="T, softens both distributions")
    inter: float = Field(1.0, ge=0, description="β, factor of the part within samples")
    intra: float = Field(1.0, ge=0, description="γ, factor of the part within classes")


def _distance(x: Tensor, y: Tensor) -> Tensor:
    """One less the mean Pearson correlation of rows; a constant row correlates with nothing."""
    return 1.0 - (centred_unit(x) * centred_unit(y)).sum(1).mean()


class DIST(Distiller):
    """T² · (β · (1 − mean_i ρ(P_T[i, :], P_S[i, :])) + γ · (1 − mean_c ρ(P_T[:, c], P_S[:, c]))).

    P = softmax(logits / T), (B, C), and ρ is Pearson's correlation: the first part compares the
    classes of each sample (inter-class), the second the samples for each class (intra-class). A
    match up to shift and scale is enough, however much stronger the teacher. With two classes the
    first part has no gradient, as two probabilities up to shift and scale are only a sign. Reads
    logits; no labels.

    Source: Huang, You, Wang, Qian and Xu, "Knowledge Distillation from A Stronger Teacher",
    NeurIPS 2022, arXiv 2205.10536.
    """

    name = "dist"
    title = "DIST"
    Settings = DISTSettings
    settings: DISTSettings
    reads = ("outputs",)
    needs = frozenset({"classes"})
    tuning = tuning_grid((0.5, 4.0, 30.0), temperature=(4.0, 1.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        s = self.settings
        p_teacher = (teacher.outputs / s.temperature).softmax(1)
        p_student = (student.outputs / s.temperature).softmax(1)
        within_samples = _distance(p_teacher, p_student)
        within_classes = _distance(p_teacher.T, p_student.T)
        return s.temperature**2 * (s.inter * within_samples + s.intra * within_classes)
