"""How much a privileged modality adds: plain models of either and of both, on held-out groups.

The difference between a model of both modalities and one of the prevalent modality estimates, from
below and in units of the task's score, the conditional information I(target; privileged |
prevalent). A plain model sees less than a network might, so zero means "nothing that it can see".
With few labels and many inputs it falls below zero: what does not help costs samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..tasks import Task

Array = np.ndarray[Any, np.dtype[Any]]

HALVINGS = 10
"""Random halvings of the held-out groups; their mean is the score."""


@dataclass(frozen=True)
class PlainRows:
    """Samples as plain models read them.

    Attributes:
        inputs: (n, D); of two modalities, one behind the other.
        targets: of the n samples, as the task has them.
        groups: (n,) names of what must stay together.
    """

    inputs: Array
    targets: Array
    groups: Array


@dataclass(frozen=True)
class Probe:
    """Scores of plain models on held-out groups, signed so that more is better.

    Attributes:
        prevalent: of a model that reads the prevalent modalities.
        privileged: of one that reads the privileged ones.
        both: of one that reads all.
        all_labels: of the prevalent modalities again, learnt with the label of every training
            sample; NaN where these are not known.
    """

    prevalent: float
    privileged: float
    both: float
    all_labels: float = float("nan")

    @property
    def adds(self) -> float:
        """What the privileged modalities add to the prevalent ones."""
        return self.both - self.prevalent

    @property
    def complements(self) -> float:
        """What both give over the better of the two."""
        return self.both - max(self.prevalent, self.privileged)

    @property
    def room(self) -> float:
        """What the labels of all training samples would give to a model of the prevalent ones."""
        return self.all_labels - self.prevalent

    def columns(self) -> dict[str, float]:
        """Scores and differences by name, a row of a table."""
        names = (*self.__dataclass_fields__, "adds", "complements", "room")
        return {name: getattr(self, name) for name in names}


def plain_score(task: Task, fit: PlainRows, held: PlainRows) -> float:
    """Score of a plain model on held-out groups that chose none of its settings.

    Every model of the task's standard ones is fitted once. The held-out groups are halved at
    random; the model that is best on one half is scored on the other, and the other way round. A
    choice and its score on the same samples would flatter the larger grid and the wider input.

    Args:
        task: tells models and score.
        fit: what models learn from; samples with a missing target are left out. Its columns are
            standardised, and those of ``held`` alike.
        held: what chooses and scores.

    Returns:
        The task's primary score, signed so that more is better.

    Raises:
        InputError: for fewer than two held-out groups, or targets to learn from that are all alike.
    """
    known = task.known(fit.targets).reshape(len(fit.targets), -1).all(axis=1)
    targets = task.plain_targets(fit.targets[known])
    if len(np.unique(targets)) < 2:
        raise InputError(
            "A plain model needs at least two different targets to learn from; give it more "
            "labelled samples."
        )
    names, owner = np.unique(held.groups, return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"The held-out samples are of {len(names)} group; two or more are needed, one to "
            "choose a model and one to score it."
        )
    seen = fit.inputs[known]
    centre, scale = seen.mean(0), seen.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    answers = [
        task.recorded(task.plain.outputs(model, (held.inputs - centre) / scale, task.output_width))
        for model in _fitted(task, (seen - centre) / scale, targets)
    ]

    def tally(model: int, rows: Array) -> Any:
        return task.tally(answers[model][rows], held.targets[rows])

    def value(score: float) -> float:
        return task.progress({task.primary.name: score})

    found = []
    for half in _halvings(len(names)):
        parts = [np.flatnonzero(half[owner] == side) for side in (False, True)]
        tallies = []
        for choose, score in (parts, parts[::-1]):
            on_choice = [value(task.tallied([tally(m, choose)])) for m in range(len(answers))]
            best = int(np.argmax(np.nan_to_num(on_choice, nan=-np.inf)))
            tallies.append(tally(best, score))
        found.append(value(task.tallied(tallies)))
    return float(np.mean(found))


def probe_information(
    task: Task,
    fit: tuple[PlainRows, PlainRows],
    held: tuple[PlainRows, PlainRows],
    everybody: PlainRows | None = None,
) -> Probe:
    """What each side tells, what both tell, and what more labels would.

    Args:
        task: what is learnt.
        fit: the labelled training samples, through the prevalent and the privileged modalities.
        held: the same of the inner split, other groups.
        everybody: all training samples with their labels, through the prevalent modalities; for
            ``all_labels``.

    Raises:
        InputError: as :func:`plain_score` does, or where the two sides differ in number.
    """
    for prevalent, privileged in (fit, held):
        if len(prevalent.inputs) != len(privileged.inputs):
            raise InputError(
                f"Both sides need the same samples; {len(prevalent.inputs)} and "
                f"{len(privileged.inputs)} were given."
            )
    return Probe(
        prevalent=plain_score(task, fit[0], held[0]),
        privileged=plain_score(task, fit[1], held[1]),
        both=plain_score(task, _joined(*fit), _joined(*held)),
        all_labels=float("nan") if everybody is None else plain_score(task, everybody, held[0]),
    )


def _joined(one: PlainRows, other: PlainRows) -> PlainRows:
    return PlainRows(np.concatenate([one.inputs, other.inputs], axis=1), one.targets, one.groups)


def _fitted(task: Task, inputs: Array, targets: Array) -> Iterator[Any]:
    for name in task.plain.standard:
        for model in task.plain.models[name]():
            yield model.fit(inputs, targets)


def _halvings(n: int) -> Iterator[Array]:
    """Which of n groups are in the second half, (n,), the same for every model and input."""
    rng = np.random.default_rng(0)
    for _ in range(HALVINGS):
        yield rng.permutation(n) < n // 2
