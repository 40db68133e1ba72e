"""Regression: one or several real values a sample, or a frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..errors import DataError
from .arrays import Array, as_array, at_least_float32, flat_pair, mean_of_known, scored_pair
from .base import Score, Tally, TargetGroups, Task
from .moments import Moments
from .plain_models import REGRESSORS, PlainModels
from .ranges import fifths, ranges

if TYPE_CHECKING:
    from torch import Tensor

CCC = Score("ccc", "CCC")
MEASURES = (
    CCC,
    Score("pearson", "Pearson's r"),
    Score("rmse", "RMSE", higher_is_better=False, own_unit=True),
    Score("mae", "MAE", higher_is_better=False, own_unit=True),
)
LOSSES = {
    "ccc": Score("one_minus_ccc", "1 − CCC", higher_is_better=False),
    "mse": Score("mse", "mean squared error, standardised", higher_is_better=False),
    "huber": Score("huber", "Huber loss, standardised", higher_is_better=False),
}


class Regression(Task):
    """Targets (N, T) or (N, L, T) in their own unit, NaN where missing; outputs are standardised.

    A network learns targets that were standardised by their training mean and deviation. Scores
    are of all samples (and frames) concatenated, with population moments, one for each target and
    their mean: ``ccc`` (primary; 0 for a constant answer), ``pearson``, ``rmse`` and ``mae``, the
    last two in the targets' own units.
    """

    kind: Literal["regression"] = "regression"
    targets: tuple[str, ...] = Field(("target",), description="names of the targets")
    objective: Literal["ccc", "mse", "huber"] = Field(
        "mse",
        description="loss: 1 − CCC over a batch, squared error, or Huber's at one deviation",
    )
    means: tuple[float, ...] = Field((), description="training means, one a target")
    deviations: tuple[float, ...] = Field((), description="training deviations, one a target")
    edges: tuple[float, ...] = Field(
        (), description="fifths of the first target in training, for strata and colours"
    )
    plain: ClassVar[PlainModels] = REGRESSORS
    error_label: ClassVar[str] = "error, in training deviations"
    disagreement_label: ClassVar[str] = "mean difference, in training deviations"
    outputs_label: ClassVar[str] = "values"
    output_measures: ClassVar[tuple[Score, ...]] = MEASURES
    recorded_label: ClassVar[str] = "value"

    @property
    def names(self) -> tuple[str, ...]:
        return self.targets

    @property
    def value_names(self) -> tuple[str, ...]:
        return self.targets

    def check(self, targets: Any) -> Array:
        given = as_array(targets)
        if given.dtype.kind not in "iubf":
            raise DataError(f"Regression needs numbers as targets, not {given.dtype}.")
        values = given.astype(float)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim not in (2, 3) or values.shape[-1] != self.output_width:
            raise DataError(
                f"Targets of {', '.join(self.targets)} must have shape (N, {self.output_width}) or "
                f"(N, L, {self.output_width}), not {given.shape}."
            )
        if np.isinf(values).any():
            raise DataError("A target is infinite; give numbers, and NaN where one is missing.")
        return values

    @property
    def is_fitted(self) -> bool:
        return bool(self.means)

    def fitted(self, targets: Array) -> "Regression":
        flat = targets.reshape(-1, self.output_width)
        means, deviations = [], []
        for column in flat.T:
            known = column[np.isfinite(column)]
            deviation = float(known.std()) if len(known) else 0.0
            means.append(float(known.mean()) if len(known) else 0.0)
            deviations.append(deviation if deviation > 0 else 1.0)
        fitted = {"means": tuple(means), "deviations": tuple(deviations)}
        return self.model_copy(update=fitted | {"edges": tuple(fifths(_first(targets)))})

    def plain_targets(self, targets: Array) -> Array:
        return self.standardised(targets)

    def strata(self, targets: Array) -> Array:
        """Fifths of the first target, of windows of its mean."""
        value = _first(targets)
        edges = np.array(self.edges) if self.edges else fifths(value)
        return np.where(np.isfinite(value), np.searchsorted(edges, value), -1)

    def _scale(self) -> tuple[Array, Array]:
        width = self.output_width
        return (
            np.array(self.means or (0.0,) * width),
            np.array(self.deviations or (1.0,) * width),
        )

    def standardised(self, targets: Array) -> Array:
        """Targets in deviations from their training mean."""
        mean, deviation = self._scale()
        return (targets - mean) / deviation

    # -- learning ----------------------------------------------------------------------------

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        import torch

        mean, deviation = (torch.as_tensor(x).to(targets) for x in self._scale())
        known = torch.isfinite(targets)
        outputs = at_least_float32(outputs)
        truth = torch.where(known, (targets - mean) / deviation, 0.0).to(outputs)
        return self._objective(outputs, truth, known)

    def soft_loss(self, teacher: "Tensor", student: "Tensor", temperature: float) -> "Tensor":
        """Mean squared distance of standardised answers; the temperature has no part in it.

        Source: the imitation of a teacher's regression output by squared error, as in Saputra et
        al., "Distilling Knowledge From a Deep Pose Regressor Network", 2019, arXiv 1908.00858.
        """
        return (at_least_float32(student) - at_least_float32(teacher)).square().mean()

    def coordinates(self, outputs: "Tensor", form: str, temperature: float) -> "Tensor":
        """The standardised values themselves; form and temperature have no part in it."""
        return outputs

    def mixture(self, outputs: "Tensor", shares: "Tensor", temperature: float) -> "Tensor":
        """Means of the values themselves; the temperature has no part in it."""
        return shares @ outputs

    def ideal_outputs(self, targets: Array, confidence: float | None = None) -> Array:
        values = self.standardised(targets)
        return np.where(np.isfinite(values), values, 0.0).astype(np.float32)

    def _objective(self, outputs: "Tensor", truth: "Tensor", known: "Tensor") -> "Tensor":
        """The objective over the known entries of standardised values (..., T)."""
        import torch
        from torch.nn import functional

        if not bool(known.any()):
            return outputs.sum() * 0.0
        if self.objective == "mse":
            return (outputs - truth)[known].square().mean()
        if self.objective == "huber":
            return functional.huber_loss(outputs[known], truth[known])
        width = self.output_width
        x, y, there = (v.reshape(-1, width) for v in (outputs, truth, known))
        each = [_one_minus_ccc(x[there[:, t], t], y[there[:, t], t]) for t in range(width)]
        return torch.stack([v for v, t in zip(each, there.any(0), strict=True) if t]).mean()

    # -- scores ------------------------------------------------------------------------------

    @property
    def primary(self) -> Score:
        return CCC

    @property
    def criterion(self) -> Score:
        return LOSSES[self.objective]

    def scores(self, outputs: Any, targets: Any) -> dict[str, float]:
        import torch

        x, y = scored_pair(outputs, targets, self.output_width)
        moments = [Moments.of(*pair) for pair in self._known_columns(self.recorded(x), y)]
        names = [f" {name}" for name in self.targets]
        found: dict[str, float] = {}
        for score in (score.name for score in MEASURES):
            each = [float(getattr(m, score)) for m in moments]
            found[score] = mean_of_known(np.array(each))
            if len(names) > 1:
                found |= {score + name: value for name, value in zip(names, each, strict=True)}
        known = torch.as_tensor(np.isfinite(y))
        truth = torch.as_tensor(self.ideal_outputs(y))
        found[self.criterion.name] = float(
            self._objective(torch.as_tensor(x, dtype=torch.float32), truth, known)
        )
        return found

    def _known_columns(self, values: Array, truth: Array) -> list[tuple[Array, Array]]:
        """For each target its values and truths (M,) where the truth is known."""
        known = np.isfinite(truth)
        return [(values[known[:, t], t], truth[known[:, t], t]) for t in range(self.output_width)]

    def tally(self, recorded: Array, targets: Array) -> Tally:
        """For each target the :class:`Moments` of answers and truth."""
        x, y = flat_pair(recorded, targets, self.output_width)
        return [Moments.of(*pair).as_list() for pair in self._known_columns(x, y)]

    def tallied(self, tallies: Sequence[Tally]) -> float:
        each = [
            Moments.together([Moments(*tally[t]) for tally in tallies]).ccc
            for t in range(self.output_width)
        ]
        return mean_of_known(np.array(each))

    # -- for people --------------------------------------------------------------------------

    def recorded(self, outputs: Any) -> Array:
        """Values in the targets' own unit."""
        mean, deviation = self._scale()
        return as_array(outputs) * deviation + mean

    def recorded_tensor(self, outputs: "Tensor") -> "Tensor":
        mean, deviation = (outputs.new_tensor(x) for x in self._scale())
        return outputs * deviation + mean

    def unrecorded(self, recorded: Array) -> Array:
        return self.standardised(recorded.astype(float))

    def answers(self, recorded: Array) -> Array:
        return recorded

    def answer_columns(self, recorded: Array) -> dict[str, Array]:
        """The value of each target, under its name."""
        return {name: recorded[:, j] for j, name in enumerate(self.names)}

    def truth(self, targets: Array) -> Array:
        return targets

    def errors(self, recorded: Array, targets: Array) -> Array:
        """Mean absolute error over the targets that are known, in training deviations."""
        _, deviation = self._scale()
        return _mean_over_known(np.abs(recorded - targets) / deviation)

    def judgement(self, recorded: Array, targets: Array) -> TargetGroups:
        """The half with the larger errors (0), and the other one (1)."""
        errors = self.errors(recorded, targets)
        known = np.isfinite(errors)
        middle = np.median(errors[known]) if known.any() else 0.0
        numbers = np.where(known, (errors <= middle).astype(int), -1)
        return TargetGroups(numbers, ("larger error", "smaller error"), "answer")

    def disagreement(self, one: Array, other: Array) -> Array:
        """Mean absolute difference over targets, in training deviations."""
        _, deviation = self._scale()
        return _mean_over_known(np.abs(one - other) / deviation)

    def grouping(self, targets: Array) -> TargetGroups:
        """Fifths of the first target."""
        return ranges(_first(targets), self.edges, self.targets[0])

    def groupings(self, targets: Array) -> list[TargetGroups]:
        """Fifths of each target; edges are known of the first, of the others they are found."""
        others = zip(targets.T[1:], self.targets[1:], strict=True)
        return [self.grouping(targets), *(ranges(column, (), name) for column, name in others)]

    def output_scores(self, recorded: Array, targets: Array) -> dict[str, dict[str, float]]:
        """CCC, Pearson correlation, RMSE and MAE of each target."""
        x, y = flat_pair(recorded, targets, self.output_width)
        y = np.where(np.isfinite(x), y, np.nan)
        moments = [Moments.of(*pair) for pair in self._known_columns(x, y)]
        return {
            name: {score.name: float(getattr(m, score.name)) for score in MEASURES}
            for name, m in zip(self.targets, moments, strict=True)
        }

    def describe(self, target: Any) -> str:
        values = np.atleast_1d(np.asarray(target, dtype=float))
        if not np.isfinite(values).any():
            return "no target"
        texts = [f"{v:.3g}" if np.isfinite(v) else "–" for v in values]
        if len(texts) == 1:
            return texts[0]
        return ", ".join(f"{name} {text}" for name, text in zip(self.targets, texts, strict=True))


def _first(targets: Array) -> Array:
    """The first target of each sample, of windows its mean over the frames that have it; (N,)."""
    frames = targets[..., 0].reshape(len(targets), -1)
    return _mean_over_known(frames)


def _mean_over_known(values: Array) -> Array:
    """Mean of each row (N, T) over the entries that are not NaN; NaN where all are, (N,)."""
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _one_minus_ccc(x: "Tensor", y: "Tensor") -> "Tensor":
    """1 − CCC of two vectors with population moments; 1 where both are constant.

    Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics 45
    (1989).
    """
    if len(x) < 1:
        return x.sum() * 0.0
    mean_x, mean_y = x.mean(), y.mean()
    covariance = ((x - mean_x) * (y - mean_y)).mean()
    spread = (x - mean_x).square().mean() + (y - mean_y).square().mean()
    whole = spread + (mean_x - mean_y).square()
    return 1.0 - 2.0 * covariance / whole.clamp_min(1e-12)
