"""How every stage learns."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ..settings import Settings
from ..tasks import Selection


class TrainingSettings(Settings):
    """How every stage learns; the same for every method that is compared."""

    epochs: int = Field(300, ge=1, description="at most so many epochs a stage")
    patience: int = Field(
        20, ge=1, description="epochs without a better validation score before a stage stops"
    )
    min_batches: int = Field(
        4, ge=1, description="an epoch has at least so many batches, however few the samples"
    )
    batch_size: int = Field(128, ge=2, description="B")
    labelled_share: float = Field(
        0.5, gt=0, le=1, description="share of a batch with labels, where unlabelled samples exist"
    )
    class_balanced: bool = Field(
        False, description="as many labelled samples of each class in the student's batches"
    )
    learning_rate: float = Field(1e-3, gt=0, description="of Adam")
    weight_decay: float = Field(0.1, ge=0, description="of Adam (decoupled)")
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the student's task target that is spread evenly over all classes",
    )
    selection: Selection = Field(
        "loss",
        description="what stops and selects teacher and student on the inner split: the task's "
        "loss, or its score (accuracy, CCC, …)",
    )
    selection_on: Literal["inner_split", "test_fold_leak"] = Field(
        "inner_split",
        description="which samples stop and select; the released script's test fold is a leak",
    )
    schedule: Literal["constant", "one_cycle", "plateau"] = Field(
        "constant",
        description="learning rate: constant, one warm-up and decay over the epochs, or a "
        "hundredth after 5 epochs without a better validation score",
    )
    doubtful_pairs: Literal["leave_out", "keep"] = Field(
        "leave_out",
        description="what becomes of unlabelled pairs whose two sides do not seem to belong "
        "together, where wrong pairs are likely",
    )
    late: ClassVar[frozenset[str]] = frozenset({"doubtful_pairs"})
    reconstruction_weight: float = Field(
        1.0, ge=0, description="weight of a joint T-Net's squared error"
    )

    @field_validator("selection", mode="before")
    @classmethod
    def _older_words(cls, given: Any) -> Any:
        older = {"accuracy": "score", "cross_entropy": "loss"}
        return older.get(given, given) if isinstance(given, str) else given
