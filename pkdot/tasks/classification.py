"""Classification: one of C classes a sample."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..errors import DataError, InputError
from .arrays import Array, as_array, at_least_float32, divergence_of_logs
from .base import Score, Tally, TargetGroups, Task
from .plain_models import CLASSIFIERS, PlainModels

if TYPE_CHECKING:
    from torch import Tensor

ACCURACY = Score("accuracy", "accuracy", percent=True)
LEAST = 1e-12
"""A probability of zero has no logit; it is taken for this."""
CROSS_ENTROPY = Score("cross_entropy", "cross-entropy", higher_is_better=False)


class Classification(Task):
    """Targets (N,) int64 in 0..C-1, -1 where missing; outputs are C logits; cross-entropy.

    Scores: ``accuracy`` (primary) and ``macro_f1`` in 0..1, the latter averaged over the classes
    that occur in targets or answers; ``cross_entropy`` in nats.
    """

    kind: Literal["classification"] = "classification"
    classes: tuple[str, ...] = Field((), description="names of the classes, by their number")
    offers: ClassVar[frozenset[str]] = frozenset({"outputs", "classes"})
    plain: ClassVar[PlainModels] = CLASSIFIERS
    decomposes: ClassVar[bool] = True
    error_label: ClassVar[str] = "wrong answers"
    disagreement_label: ClassVar[str] = "half the sum of the differences, from 0 to 1"
    outputs_label: ClassVar[str] = "classes"
    recorded_label: ClassVar[str] = "probability"
    recorded_percent: ClassVar[bool] = True

    @property
    def names(self) -> tuple[str, ...]:
        return self.classes

    def check(self, targets: Any) -> Array:
        given = as_array(targets)
        whole = given.dtype.kind in "iub" or (
            given.dtype.kind == "f" and bool((np.isfinite(given) & (given == np.rint(given))).all())
        )
        if not whole:
            raise DataError(
                f"Classes must be whole numbers, -1 where there is none, not "
                f"{given.ravel()[:3].tolist()}; number the classes from 0."
            )
        if given.ndim != 1:
            raise DataError(f"There is one class a sample, (N,), not an array {given.shape}.")
        numbers = given.astype(np.int64)
        wrong = numbers[(numbers < -1) | ((numbers >= self.output_width) & bool(self.classes))]
        if wrong.size:
            last = f" to {self.output_width - 1}, one a class name" if self.classes else ""
            raise DataError(
                f"Classes must run from 0{last}, or be -1 where there is none, not {wrong[0]}."
            )
        return numbers

    def of_recorded(self, width: int) -> Task | None:
        if width < 2:
            return None
        unnamed = (str(number) for number in range(len(self.classes), width))
        return self.model_copy(update={"classes": (*self.classes, *unnamed)})

    def unknown(self, size: int) -> Array:
        return np.full(size, -1)

    def plain_targets(self, targets: Array) -> Array:
        return targets

    def strata(self, targets: Array) -> Array:
        return targets

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        from torch.nn import functional

        if not bool((targets >= 0).any()):
            return outputs.sum() * 0.0
        return functional.cross_entropy(
            at_least_float32(outputs), targets, ignore_index=-1, label_smoothing=smoothing
        )

    def losses(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        from torch.nn import functional

        each = functional.cross_entropy(
            at_least_float32(outputs).flatten(0, -2),
            targets.flatten(),
            ignore_index=-1,
            label_smoothing=smoothing,
            reduction="none",
        )
        known = (targets >= 0).flatten(1).sum(1)
        return each.view(len(targets), -1).sum(1) / known.clamp_min(1)

    def check_smoothing(self, smoothing: float) -> None:
        """Any share below 1 will do."""

    def soft_loss(self, teacher: "Tensor", student: "Tensor", temperature: float) -> "Tensor":
        """T² · mean over samples of KL(softmax(teacher / T) ‖ softmax(student / T)).

        Source: Hinton, Vinyals and Dean, 2015, arXiv 1503.02531.
        """
        target, own = ((x / temperature).log_softmax(1) for x in (teacher, student))
        return temperature**2 * divergence_of_logs(target, own)

    def coordinates(self, outputs: "Tensor", form: str, temperature: float) -> "Tensor":
        """Softened probabilities, their roots, or centred logits.

        Half the squared distance is then half the Brier score, the squared Hellinger distance, or
        that of logits / T, which no constant added to a sample's logits changes.
        """
        softened = outputs / temperature
        if form == "logits":
            return softened - softened.mean(1, keepdim=True)
        logs = softened.log_softmax(1)
        return (0.5 * logs if form == "roots" else logs).exp()

    def mixture(self, outputs: "Tensor", shares: "Tensor", temperature: float) -> "Tensor":
        from torch import finfo

        mixed = shares @ (outputs / temperature).softmax(1)
        return temperature * mixed.clamp_min(finfo(mixed.dtype).tiny).log()

    def ideal_outputs(self, targets: Array, confidence: float | None = None) -> Array:
        known = self.known(targets)
        indicators = np.zeros((len(targets), self.output_width), dtype=np.float32)
        indicators[known, targets[known]] = 1.0
        if confidence is None:
            return indicators
        odds = confidence * (self.output_width - 1) / (1 - confidence)
        return indicators * np.float32(np.log(odds))

    @property
    def primary(self) -> Score:
        return ACCURACY

    @property
    def criterion(self) -> Score:
        return CROSS_ENTROPY

    def scores(self, outputs: Any, targets: Any) -> dict[str, float]:
        import torch
        from torch.nn import functional
        from torchmetrics.functional.classification import (
            multiclass_accuracy,
            multiclass_f1_score,
        )

        logits, classes = self._known_pair(outputs, targets)
        answers = logits.argmax(1)
        width = logits.shape[1]
        return {
            "accuracy": float(multiclass_accuracy(answers, classes, width, average="micro")),
            "macro_f1": float(multiclass_f1_score(answers, classes, width, average="macro")),
            "cross_entropy": float(functional.cross_entropy(logits, classes.to(torch.int64))),
        }

    def _known_pair(self, outputs: Any, targets: Any) -> "tuple[Tensor, Tensor]":
        """Logits (M, C) in float32 and classes (M,) of the samples whose class is known.

        Raises:
            InputError: if shapes do not match, a class is out of range, or none is known.
        """
        import torch

        logits, classes = torch.as_tensor(outputs).detach().cpu(), torch.as_tensor(targets).cpu()
        if logits.ndim != 2 or classes.shape != logits.shape[:1]:
            raise InputError(
                f"Scores need logits (N, C) and classes (N,), not {tuple(logits.shape)} and "
                f"{tuple(classes.shape)}."
            )
        known = classes >= 0
        if not bool(known.any()):
            raise InputError("Scores need at least one sample whose class is known.")
        if int(classes.max()) >= logits.shape[1]:
            raise InputError(
                f"Classes must lie in 0..{logits.shape[1] - 1} for as many logits; found "
                f"{int(classes.max())}."
            )
        if not bool(known.all()):
            logits, classes = logits[known], classes[known]
        return logits.float(), classes

    def tally(self, recorded: Array, targets: Array) -> Tally:
        """[right, all] of the samples whose class is known."""
        known = targets >= 0
        right = (self.answers(recorded) == targets)[known]
        return [int(right.sum()), int(known.sum())]

    def tallied(self, tallies: Sequence[Tally]) -> float:
        right, size = (sum(tally[i] for tally in tallies) for i in (0, 1))
        return right / size if size else float("nan")

    def recorded(self, outputs: Any) -> Array:
        """Class probabilities (N, C)."""
        import torch

        return np.asarray(torch.as_tensor(outputs).float().softmax(-1).cpu())

    def recorded_tensor(self, outputs: "Tensor") -> "Tensor":
        return outputs.float().softmax(-1)

    def unrecorded(self, recorded: Array) -> Array:
        """Logarithms of probabilities; rows that are no probabilities are logits already."""
        values = recorded.astype(float)
        sums = np.abs(np.nansum(values, axis=-1) - 1.0) < 1e-3
        known = np.isfinite(values).all(axis=-1)
        if not (np.nan_to_num(values) >= 0).all() or not sums[known].all():
            return values
        return np.log(np.maximum(values, LEAST))

    def answers(self, recorded: Array) -> Array:
        finite = np.isfinite(recorded).all(axis=1)
        return np.where(finite, np.nan_to_num(recorded).argmax(axis=1), -1)

    def answer_columns(self, recorded: Array) -> dict[str, Array]:
        """``answer``, the name of the likeliest class, and ``probability NAME`` of each."""
        names = np.array([*self.names, ""])
        shown = {f"probability {n}": recorded[:, j] for j, n in enumerate(self.names)}
        return {"answer": names[self.answers(recorded)], **shown}

    def truth(self, targets: Array) -> Array:
        judged = (targets >= 0) & (targets < self.output_width)
        indicators = self.ideal_outputs(np.where(judged, targets, -1)).astype(float)
        indicators[~judged] = np.nan
        return indicators

    def errors(self, recorded: Array, targets: Array) -> Array:
        answers = self.answers(recorded)
        judged = (answers >= 0) & (targets >= 0)
        return np.where(judged, (answers != targets).astype(float), np.nan)

    def confusion(self, recorded: Array, targets: Array) -> Array | None:
        answers, size = self.answers(recorded), recorded.shape[1]
        judged = (answers >= 0) & (targets >= 0) & (targets < size)
        counts = np.zeros((size, size), dtype=np.int64)
        np.add.at(counts, (targets[judged], answers[judged]), 1)
        return counts

    def disagreement(self, one: Array, other: Array) -> Array:
        """Total variation distance, ½ Σ |p − q|, from 0 to 1."""
        return np.asarray(0.5 * np.abs(one - other).sum(axis=1))

    def grouping(self, targets: Array) -> TargetGroups:
        return TargetGroups(targets, self.classes, "class")

    @property
    def target_label(self) -> str:
        return "class"

    def describe(self, target: Any) -> str:
        number = int(target)
        if number < 0:
            return "no label"
        return self.classes[number] if number < len(self.classes) else str(number)
