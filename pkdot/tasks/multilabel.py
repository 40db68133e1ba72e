"""Multilabel: each of T labels holds of a sample or not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..errors import DataError
from .arrays import Array, as_array, at_least_float32, flat_pair, mean_of_known, scored_pair
from .base import Score, Tally, TargetGroups, Task
from .groups import GroupWords
from .plain_models import LABELLERS, PlainModels

if TYPE_CHECKING:
    from torch import Tensor

PRECISION = Score("mean_average_precision", "mean average precision", percent=True)
MOST_GROUPS = 9
LEAST = 1e-7
"""A probability nearer to 0 or 1 than this is taken to be so near."""
MEASURES = (
    Score("average_precision", "average precision", percent=True),
    Score("f1", "F1", percent=True),
)
CROSS_ENTROPY = Score("binary_cross_entropy", "binary cross-entropy", higher_is_better=False)


class Multilabel(Task):
    """Targets (N, T) of 0 and 1, NaN where missing; outputs are T logits; binary cross-entropy.

    Scores: ``mean_average_precision`` (primary), the mean over labels that occur of the area under
    precision against recall; ``macro_f1``, the mean over labels at a probability of one half; and
    ``binary_cross_entropy`` in nats. Percentages of the first two also stand for each label.
    """

    kind: Literal["multilabel"] = "multilabel"
    labels: tuple[str, ...] = Field((), description="names of the labels")
    combinations: tuple[tuple[int, ...], ...] = Field(
        (), description="the most frequent sets of labels in training, for colours"
    )
    plain: ClassVar[PlainModels] = LABELLERS
    error_label: ClassVar[str] = "share of labels that are wrong"
    disagreement_label: ClassVar[str] = "mean of the differences, from 0 to 1"
    outputs_label: ClassVar[str] = "labels"
    output_measures: ClassVar[tuple[Score, ...]] = MEASURES
    recorded_label: ClassVar[str] = "probability"
    recorded_percent: ClassVar[bool] = True

    @property
    def names(self) -> tuple[str, ...]:
        return self.labels

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.labels

    def check(self, targets: Any) -> Array:
        given = as_array(targets)
        if given.dtype.kind not in "iubf" or given.ndim not in (2, 3):
            raise DataError(
                f"Labels are a matrix (N, T) of 0 and 1, not {given.dtype} of shape {given.shape}."
            )
        values = given.astype(float)
        if values.shape[-1] != self.output_width:
            raise DataError(
                f"There are {self.output_width} labels, but {values.shape[-1]} columns."
            )
        wrong = values[np.isfinite(values) & (values != 0) & (values != 1)]
        if wrong.size:
            raise DataError(f"A label is 0 or 1, or NaN where missing; found {wrong[0]:g}.")
        return values

    @property
    def is_fitted(self) -> bool:
        return bool(self.combinations)

    def fitted(self, targets: Array) -> "Multilabel":
        return self.model_copy(update={"combinations": self._frequent(targets)})

    def plain_targets(self, targets: Array) -> Array:
        return targets

    def strata(self, targets: Array) -> Array:
        """How many labels hold of a sample."""
        counts = np.nansum(targets.reshape(len(targets), -1), axis=1).astype(int)
        return np.where(self.has_target(targets), counts, -1)

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        import torch
        from torch.nn import functional

        known = torch.isfinite(targets)
        if not bool(known.any()):
            return outputs.sum() * 0.0
        outputs = at_least_float32(outputs)[known]
        truth = targets[known].to(outputs) * (1.0 - smoothing) + 0.5 * smoothing
        return functional.binary_cross_entropy_with_logits(outputs, truth)

    def check_smoothing(self, smoothing: float) -> None:
        """Any share below 1 will do."""

    def soft_loss(self, teacher: "Tensor", student: "Tensor", temperature: float) -> "Tensor":
        """T² · mean over samples and labels of KL(Bernoulli(p_T) ‖ Bernoulli(p_S)), softened.

        Source: one binary distillation a label, as in Yang et al., "Multi-Label Knowledge
        Distillation", ICCV 2023, arXiv 2308.06453.
        """
        from torch.nn import functional

        t, s = (at_least_float32(x) / temperature for x in (teacher, student))
        p = t.sigmoid()
        cross = functional.binary_cross_entropy_with_logits(s, p)
        own = functional.binary_cross_entropy_with_logits(t, p)
        return temperature**2 * (cross - own)

    def coordinates(self, outputs: "Tensor", form: str, temperature: float) -> "Tensor":
        """Softened probabilities of each label, their roots, or logits / T."""
        softened = outputs / temperature
        if form == "logits":
            return softened
        return softened.sigmoid().sqrt() if form == "roots" else softened.sigmoid()

    def mixture(self, outputs: "Tensor", shares: "Tensor", temperature: float) -> "Tensor":
        from torch import finfo

        mixed = shares @ (outputs / temperature).sigmoid()
        return temperature * mixed.logit(finfo(mixed.dtype).eps)

    def ideal_outputs(self, targets: Array, confidence: float | None = None) -> Array:
        known = np.isfinite(targets)
        if confidence is None:
            return np.where(known, targets, 0.0).astype(np.float32)
        odds = np.log(confidence / (1 - confidence))
        return np.where(known, (2 * np.nan_to_num(targets) - 1) * odds, 0.0).astype(np.float32)

    @property
    def primary(self) -> Score:
        return PRECISION

    @property
    def criterion(self) -> Score:
        return CROSS_ENTROPY

    def scores(self, outputs: Any, targets: Any) -> dict[str, float]:
        x, y = scored_pair(outputs, targets, self.output_width)
        known = np.isfinite(y)
        columns = [(x[k, t], y[k, t]) for t, k in enumerate(known.T)]
        precisions = np.array([average_precision(*pair) for pair in columns])
        f1 = np.array([_f1(scores > 0, truth > 0) for scores, truth in columns])
        found = {"mean_average_precision": mean_of_known(precisions)}
        found["macro_f1"] = mean_of_known(f1)
        for name, of_label in (("average_precision", precisions), ("f1", f1)):
            found |= {
                f"{name} {label}": float(value)
                for label, value in zip(self.labels, of_label, strict=True)
            }
        losses = np.logaddexp(0.0, x[known]) - x[known] * y[known]
        found["binary_cross_entropy"] = float(losses.mean()) if losses.size else float("nan")
        return found

    def tally(self, recorded: Array, targets: Array) -> Tally:
        """For each label its probabilities and truths: a ranking cannot be joined from less."""
        x, y = flat_pair(recorded, targets, self.output_width)
        return [
            [[float(f"{p:.6g}") for p in x[k, t]], y[k, t].astype(int).tolist()]
            for t, k in enumerate(np.isfinite(y).T)
        ]

    def tallied(self, tallies: Sequence[Tally]) -> float:
        each = [
            average_precision(
                np.concatenate([np.array(tally[t][0], dtype=float) for tally in tallies]),
                np.concatenate([np.array(tally[t][1], dtype=float) for tally in tallies]),
            )
            for t in range(self.output_width)
        ]
        return mean_of_known(np.array(each))

    def recorded(self, outputs: Any) -> Array:
        """Probability of each label, (..., T)."""
        x = as_array(outputs).astype(float)
        return np.exp(-np.logaddexp(0.0, -x))

    def recorded_tensor(self, outputs: "Tensor") -> "Tensor":
        return outputs.float().sigmoid()

    def unrecorded(self, recorded: Array) -> Array:
        """Log-odds of probabilities; where any number lies outside 0 to 1, all are logits."""
        values = recorded.astype(float)
        inside = np.nan_to_num(values, nan=0.5)
        if inside.min() < 0 or inside.max() > 1:
            return values
        values = np.clip(values, LEAST, 1 - LEAST)
        return np.log(values) - np.log1p(-values)

    def answers(self, recorded: Array) -> Array:
        return np.where(np.isfinite(recorded), (recorded > 0.5).astype(float), np.nan)

    def answer_columns(self, recorded: Array) -> dict[str, Array]:
        """``answer NAME``, 1 or 0, and ``probability NAME`` of each label."""
        said = self.answers(recorded)
        answers = {f"answer {n}": said[:, j] for j, n in enumerate(self.names)}
        return answers | {f"probability {n}": recorded[:, j] for j, n in enumerate(self.names)}

    def truth(self, targets: Array) -> Array:
        return targets

    def errors(self, recorded: Array, targets: Array) -> Array:
        """Share of the known labels that are answered wrongly."""
        answers = self.answers(recorded)
        judged = np.isfinite(answers) & np.isfinite(targets)
        wrong = (judged & (answers != targets)).sum(axis=1)
        counts = judged.sum(axis=1)
        return np.where(counts > 0, wrong / np.maximum(counts, 1), np.nan)

    def disagreement(self, one: Array, other: Array) -> Array:
        """Mean absolute difference of the probabilities over labels, from 0 to 1."""
        return np.asarray(np.abs(one - other).mean(axis=1))

    def grouping(self, targets: Array) -> TargetGroups:
        """The most frequent sets of labels, and the other ones."""
        kinds = self.combinations or self._frequent(targets)
        numbers = np.full(len(targets), -1)
        numbers[np.isfinite(targets).all(axis=1)] = len(kinds)
        for number, kind in enumerate(kinds):
            numbers[(targets == np.array(kind)).all(axis=1)] = number
        names = [self.describe(np.array(kind)) for kind in kinds]
        note = (
            f"the groups are the {len(kinds)} most frequent sets of labels, and one of all others"
        )
        words = GroupWords("set of labels", "sets of labels", note=note)
        return TargetGroups(numbers, (*names, "other labels"), "labels", words)

    def groupings(self, targets: Array) -> list[TargetGroups]:
        """Sets of labels, then each label by itself."""
        each = [
            TargetGroups(
                np.where(np.isfinite(column), column, -1).astype(int),
                (f"not {label}", label),
                label,
                GroupWords("side", "sides"),
            )
            for label, column in zip(self.labels, targets.T, strict=True)
        ]
        return [self.grouping(targets), *each]

    def output_scores(self, recorded: Array, targets: Array) -> dict[str, dict[str, float]]:
        """Average precision and F1 of each label."""
        x, y = flat_pair(recorded, targets, self.output_width)
        known = np.isfinite(x) & np.isfinite(y)
        pairs = {
            name: (x[k, t], y[k, t])
            for (t, k), name in zip(enumerate(known.T), self.labels, strict=True)
        }
        return {
            name: {
                "average_precision": average_precision(p, truth),
                "f1": _f1(p > 0.5, truth > 0),
            }
            for name, (p, truth) in pairs.items()
        }

    def _frequent(self, targets: Array) -> tuple[tuple[int, ...], ...]:
        rows = targets.reshape(-1, self.output_width)
        whole = rows[np.isfinite(rows).all(axis=1)].astype(int)
        kinds, counts = np.unique(whole, axis=0, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:MOST_GROUPS]
        return tuple(tuple(int(label) for label in kinds[i]) for i in order)

    def describe(self, target: Any) -> str:
        values = np.atleast_1d(np.asarray(target, dtype=float))
        if not np.isfinite(values).any():
            return "no label"
        held = [name for name, value in zip(self.labels, values, strict=True) if value == 1]
        return ", ".join(held) or "none"


def average_precision(scores: Array, truth: Array) -> float:
    """Σ (recall_n − recall_{n−1}) · precision_n over falling thresholds; NaN without a positive.

    Args:
        scores: (n,), higher where the label is likelier.
        truth: (n,) of 0 and 1.
    """
    positives = float(truth.sum())
    if not positives:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order]
    last = np.r_[np.flatnonzero(np.diff(scores)), len(scores) - 1]  # ends of equal scores
    right = np.cumsum(truth)[last]
    precision, recall = right / (last + 1), right / positives
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _f1(answers: Array, truth: Array) -> float:
    """2 tp / (2 tp + fp + fn); NaN where the label neither holds nor is answered."""
    right = float((answers & truth).sum())
    whole = float(answers.sum() + truth.sum())
    return 2 * right / whole if whole else float("nan")
