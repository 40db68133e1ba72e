"""What every task is: the form of a target, how wrong an answer is, how good a set of answers.

A network's *outputs* (..., W) are what the loss reads: logits, or standardised values. *Recorded*
outputs are what people read: probabilities, or values in their own unit. A target that is missing
is -1 among whole numbers and NaN among real ones.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ..errors import ConfigError
from ..settings import Settings
from .arrays import Array
from .groups import TargetGroups
from .score import Score

if TYPE_CHECKING:
    from torch import Tensor

    from .plain_models import PlainModels

Selection = Literal["loss", "score"]
Tally = list[Any]
"""What a score is computed from, for some samples: nested lists of numbers, as JSON keeps them."""


class Task(Settings, ABC):
    """Base class: a frozen model that a record keeps, with the functions below.

    Class attributes:
        offers: what a distiller may need: ``outputs`` always, ``classes`` where each sample has
            one of several.
        plain: the plain models of this task.
        decomposes: whether the primary score is 1 minus the mean of :meth:`errors`, so that it is
            known of every group by itself.
        error_label: what :meth:`errors` are, in words.
        disagreement_label: what :meth:`disagreement` is, in words.
        outputs_label: what outputs stand for, in words: classes, values, labels.
        output_measures: what :meth:`output_scores` gives of each target or label.
        recorded_label: what recorded outputs are, in words.
        recorded_percent: whether people read recorded outputs in percent.
    """

    offers: ClassVar[frozenset[str]] = frozenset({"outputs"})
    plain: ClassVar["PlainModels"]
    decomposes: ClassVar[bool] = False
    error_label: ClassVar[str]
    disagreement_label: ClassVar[str]
    outputs_label: ClassVar[str]
    output_measures: ClassVar[tuple[Score, ...]] = ()
    recorded_label: ClassVar[str]
    recorded_percent: ClassVar[bool] = False
    kind: str

    # -- targets -----------------------------------------------------------------------------

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """One name an output: classes, targets or labels."""

    @property
    def output_width(self) -> int:
        """W, numbers that a network puts out for a sample."""
        return len(self.names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; empty where a sample has no class."""
        return self.names if "classes" in self.offers else ()

    @property
    def value_names(self) -> tuple[str, ...]:
        """Names of the outputs that are values in units of their own; empty where none is."""
        return ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the outputs each of which holds of a sample or not; empty where none does."""
        return ()

    @abstractmethod
    def check(self, targets: Any) -> Array:
        """Targets in the form that the kit keeps: classes (N,), or values (N, T) or (N, L, T).

        Raises:
            DataError: for targets that the task cannot have.
        """

    def known(self, targets: Array) -> Array:
        """Which entries of targets are there, booleans of the same shape."""
        return targets >= 0 if targets.dtype.kind in "iu" else np.isfinite(targets)

    def has_target(self, targets: Array) -> Array:
        """Which samples have any target, (N,)."""
        known = self.known(targets)
        return np.asarray(known.any(axis=tuple(range(1, known.ndim))))

    def hidden(self, targets: Array) -> Array:
        """Targets of the same shape of which none is known."""
        return np.full_like(targets, -1 if targets.dtype.kind in "iu" else np.nan)

    def of_recorded(self, width: int) -> "Task | None":
        """The task of recorded outputs with so many numbers a sample; None where it is another."""
        return self if width == self.output_width else None

    def unknown(self, size: int) -> Array:
        """Targets of so many samples of which none is known."""
        return np.full((size, self.output_width), np.nan)

    @property
    def is_fitted(self) -> bool:
        """Whether it has what it learns from training targets."""
        return True

    def fitted(self, targets: Array) -> "Task":
        """The task with what it learns from training targets, such as their scale."""
        return self

    @abstractmethod
    def plain_targets(self, targets: Array) -> Array:
        """Targets as the plain models of this task learn them, (N,) or (N, T)."""

    @abstractmethod
    def strata(self, targets: Array) -> Array:
        """A whole number a sample, (N,), to spread alike over parts of a split; -1: unknown."""

    # -- learning ----------------------------------------------------------------------------

    @abstractmethod
    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Mean loss over all targets that are known, a scalar; 0 where none is.

        Args:
            outputs: (..., W).
            targets: as :meth:`check` gives them; missing ones are masked.
            smoothing: share of a target that is spread over the alternatives, see
                :meth:`check_smoothing`.
        """

    def losses(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """:meth:`loss` of each of M batches, (M,).

        Args:
            outputs: (M, ..., W).
            targets: (M, ...) likewise.
            smoothing: as for one batch.
        """
        import torch

        pairs = zip(outputs.unbind(), targets.unbind(), strict=True)
        return torch.stack([self.loss(own, truth, smoothing) for own, truth in pairs])

    def check_smoothing(self, smoothing: float) -> None:
        """Refuse label smoothing where targets cannot be smoothed.

        Raises:
            ConfigError: naming the task.
        """
        if smoothing:
            raise ConfigError(
                f"training.label_smoothing is {smoothing}, but the task {self.kind!r} has no "
                f"labels to smooth; set it to 0."
            )

    @abstractmethod
    def soft_loss(self, teacher: "Tensor", student: "Tensor", temperature: float) -> "Tensor":
        """How far a student's outputs are from its teacher's, (B, W) each, a scalar."""

    @abstractmethod
    def coordinates(self, outputs: "Tensor", form: str, temperature: float) -> "Tensor":
        """Outputs (B, W) as points between which half the squared distance means something."""

    @abstractmethod
    def mixture(self, outputs: "Tensor", shares: "Tensor", temperature: float) -> "Tensor":
        """Outputs (B', W) whose softened answers are means of those of the outputs given.

        Args:
            outputs: (B, W).
            shares: weights of the mean, (B', B), rows of sum 1.
            temperature: softens the answers, where they are probabilities.
        """

    @abstractmethod
    def ideal_outputs(self, targets: Array, confidence: float | None = None) -> Array:
        """Outputs (N, W) float32 of a network that knows the targets; zeros for missing ones.

        Args:
            targets: of N samples.
            confidence: probability of the right answer where outputs are logits; indicators of 0
                and 1 if left out.
        """

    # -- scores ------------------------------------------------------------------------------

    @property
    @abstractmethod
    def primary(self) -> Score:
        """The score by which arms are compared."""

    @property
    @abstractmethod
    def criterion(self) -> Score:
        """The loss of a whole set, as a score: what stops and selects by default."""

    @abstractmethod
    def scores(self, outputs: Any, targets: Any) -> dict[str, float]:
        """Every score of a set of samples by name; primary and criterion are among them.

        Args:
            outputs: (N, W) or (N, L, W), arrays or tensors.
            targets: as :meth:`check` gives them; missing ones are left out.

        Raises:
            InputError: if shapes do not match, or no target is known.
        """

    def badness(self, values: Mapping[str, float], selection: Selection) -> tuple[float, ...]:
        """What selection minimises, from the scores of the inner split; ties go to the next."""
        chosen = (self.primary, self.criterion) if selection == "score" else (self.criterion,)
        return tuple(-values[s.name] if s.higher_is_better else values[s.name] for s in chosen)

    def progress(self, values: Mapping[str, float]) -> float:
        """The primary score, signed so that more is better."""
        return values[self.primary.name] * (1.0 if self.primary.higher_is_better else -1.0)

    @abstractmethod
    def tally(self, recorded: Array, targets: Array) -> Tally:
        """What the primary score of some samples is computed from; of recorded outputs."""

    @abstractmethod
    def tallied(self, tallies: Sequence[Tally]) -> float:
        """The primary score of all samples of several tallies; NaN where it is undefined."""

    # -- for people --------------------------------------------------------------------------

    @abstractmethod
    def recorded(self, outputs: Any) -> Array:
        """Outputs (..., W) as a record keeps them: probabilities, or values in their own unit."""

    @abstractmethod
    def recorded_tensor(self, outputs: "Tensor") -> "Tensor":
        """The same as :meth:`recorded` of a tensor, on its device, so that it can be exported."""

    @abstractmethod
    def unrecorded(self, recorded: Array) -> Array:
        """Outputs (..., W) whose recorded form is the one given; NaN where that is NaN."""

    @abstractmethod
    def answers(self, recorded: Array) -> Array:
        """What recorded outputs say: classes (N,), or values or labels (N, W); -1 or NaN: none."""

    @abstractmethod
    def answer_columns(self, recorded: Array) -> dict[str, Array]:
        """Recorded outputs (N, W) as columns of a table for people, (N,) each."""

    @abstractmethod
    def truth(self, targets: Array) -> Array:
        """Targets in the form of recorded outputs, (N, W); NaN where missing."""

    @abstractmethod
    def errors(self, recorded: Array, targets: Array) -> Array:
        """How wrong each of N answers is, 0 for right, (N,); NaN where either is missing."""

    @abstractmethod
    def disagreement(self, one: Array, other: Array) -> Array:
        """How far two networks' recorded outputs (N, W) are from each other, (N,); 0: alike."""

    @abstractmethod
    def grouping(self, targets: Array) -> TargetGroups:
        """N samples sorted by their target, a few groups."""

    def judgement(self, recorded: Array, targets: Array) -> TargetGroups:
        """N answers sorted into wrong (0) and right ones (1), for colours; -1: unknown."""
        errors = self.errors(recorded, targets)
        numbers = np.where(np.isnan(errors), -1, (errors == 0).astype(int))
        return TargetGroups(numbers, ("wrong", "right"), "answer")

    def confusion(self, recorded: Array, targets: Array) -> Array | None:
        """How many samples of each true class (row) got each answer, (C, C); None without classes.

        Args:
            recorded: (N, W).
            targets: of the N samples; missing ones are left out.
        """
        return None

    def groupings(self, targets: Array) -> list[TargetGroups]:
        """All ways to sort N samples by their targets; the first is that of :meth:`grouping`."""
        return [self.grouping(targets)]

    def output_scores(self, recorded: Array, targets: Array) -> dict[str, dict[str, float]]:
        """The :attr:`output_measures` of each target or label, by its name; empty where none are.

        Args:
            recorded: (N, W).
            targets: of the N samples; missing ones are left out.
        """
        return {}

    @property
    def target_label(self) -> str:
        """What a sample's target is called: class, the name of a value, labels."""
        return self.names[0] if len(self.names) == 1 else self.outputs_label

    @property
    def summary(self) -> str:
        """What is learnt, in a few words."""
        shown = ", ".join(self.names[:8]) + (", …" if len(self.names) > 8 else "")
        return f"{self.outputs_label} ({shown})" if self.names else self.outputs_label

    @abstractmethod
    def describe(self, target: Any) -> str:
        """One target or answer in words."""
