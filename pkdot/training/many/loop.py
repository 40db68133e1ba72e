"""The training loop of many members: :func:`pkdot.training.loop.fit` for all of them at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...data.corpus import IndexArray
from ...errors import PkdotError, TrainingError
from ...networks.models import NetworkOutput
from ..finite import check_largest, check_losses
from ..loop import Metrics
from ..settings import TrainingSettings
from .draws import Draws
from .lesson import Batch, Lesson
from .networks import StackedNetworks
from .optimizer import StackedAdamW


@dataclass(frozen=True)
class MemberEpoch:
    """What one epoch of one member came to; epoch 0 is its state before training."""

    member: int
    epoch: int
    metrics: Metrics
    best_epoch: int


@dataclass(frozen=True)
class MemberEnd:
    """A member that has left the batch, its best weights in its network; or why it failed."""

    member: int
    best_epoch: int
    error: PkdotError | None = None


@dataclass
class _State:
    """Where a member stands."""

    epoch: int = 0
    best: tuple[float, ...] = ()
    best_epoch: int = 0
    order: list[IndexArray] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    done: int = 0


def fit_many(lesson: Lesson, settings: TrainingSettings) -> Iterator[MemberEpoch | MemberEnd]:
    """Train all members of a lesson, each as :func:`pkdot.training.loop.fit` trains one.

    Every update moves every member that still trains, each on the next batch of its own order;
    epochs may differ in length. A member leaves the batch when it has had its epochs or its
    patience, or fails; its network then has its best weights. No member's numbers depend on another
    but for rounding, and for how far beyond its tolerance a common transport is solved.
    """
    yield from _Training(lesson, settings).run()


class _Training:
    def __init__(self, lesson: Lesson, settings: TrainingSettings) -> None:
        self.lesson, self.settings = lesson, settings
        specs = lesson.specs
        self.networks = StackedNetworks([spec.network for spec in specs], lesson.adapters)
        self.optimizer = StackedAdamW(
            self.networks.flat, settings, [len(spec.batches) for spec in specs]
        )
        self.draws = Draws(lesson.generators)
        self.states = [_State() for _ in specs]
        self.best = self.networks.state()
        self.active = list(range(len(specs)))
        self.sums: dict[str, Tensor] = {}

    def run(self) -> Iterator[MemberEpoch | MemberEnd]:
        """Epoch 0 of all, then updates until nobody is left."""
        yield from self._validate(list(self.active))
        while self.active:
            for member in self.active:
                state = self.states[member]
                if not state.order:
                    state.epoch += 1
                    state.order = list(self.lesson.specs[member].batches)
            yield from self._update()
            ended = [m for m in self.active if not self.states[m].order]
            if ended:
                yield from self._validate(ended)

    def _update(self) -> Iterator[MemberEnd]:
        chosen = np.stack([self.states[m].order.pop(0) for m in self.active])
        batch = self.lesson.begin(list(self.active), chosen)
        parameters = self.networks.parameters()
        output = self.networks.forward(parameters, batch.inputs, self.draws)
        parts, refused = self._losses(batch, output, parameters)
        failed = {batch.members[place]: error for place, error in refused.items()}
        kept = [place for place in range(len(batch.members)) if place not in refused]
        if kept:
            parts["loss"].sum().backward()
            gradient = self.networks.flat.grad
            assert gradient is not None
            own = gradient[kept] if failed else gradient
            not_finite = self._not_finite(batch.at(kept) if failed else batch, parts, own)
            self.optimizer.step(self.networks.flat)
            self.networks.flat.grad = None
            for member in self.active:
                self.states[member].done += 1
            yield from self._leave(failed)
            for name, value in parts.items():
                known = self.sums.get(name)
                value = value.detach()
                self.sums[name] = value.clone() if known is None else known + value
            failed = not_finite
        yield from self._leave(failed)

    def _losses(
        self, batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[int, PkdotError]]:
        """Parts of the losses; and by its place in the batch, what refuses a member's.

        A loss that refuses one member refuses the batch: each is then asked for alone, and parts
        are those of the others.
        """
        try:
            return self.lesson.losses(batch, output, parameters), {}
        except PkdotError:
            refused: dict[int, PkdotError] = {}
            for place in range(len(batch.members)):
                try:
                    with torch.no_grad():
                        self.lesson.losses(*_rows([place], batch, output, parameters))
                except PkdotError as error:
                    refused[place] = error
            if not refused:
                raise
        kept = [place for place in range(len(batch.members)) if place not in refused]
        if not kept:
            return {}, refused
        return self.lesson.losses(*_rows(kept, batch, output, parameters)), refused

    def _not_finite(
        self, batch: Batch, parts: Mapping[str, Tensor], gradient: Tensor
    ) -> dict[int, PkdotError]:
        """Member -> error, where a loss or its gradient, a row of (m, P), is not finite."""
        # A sum is finite only if every term is, and is quicker than testing each.
        if bool(torch.isfinite(gradient.sum(1) + parts["loss"].detach()).all()):
            return {}
        largest = gradient.abs().amax(1)
        finite = torch.isfinite(largest) & torch.isfinite(parts["loss"].detach())
        failed: dict[int, PkdotError] = {}
        for place in torch.nonzero(~finite).flatten().tolist():
            member = batch.members[place]
            spec, epoch = self.lesson.specs[member], self.states[member].epoch
            names = partial(spec.names, batch.indices[place])
            try:
                check_losses({n: v[place] for n, v in parts.items()}, spec.stage, epoch, names)
                check_largest(largest[place], spec.stage, epoch, names)
            except TrainingError as error:
                failed[member] = error
        return failed

    def _validate(self, members: list[int]) -> Iterator[MemberEpoch | MemberEnd]:
        """End an epoch of some members; those that have had enough leave."""
        failed: dict[int, PkdotError] = {}
        finished: dict[int, PkdotError | None] = {}
        outputs = self._inner_outputs(members)
        for member, output in zip(members, outputs, strict=True):
            state, spec = self.states[member], self.lesson.specs[member]
            try:
                scores = self.lesson.scores(member, output)
            except PkdotError as error:
                failed[member] = error
                continue
            metrics: Metrics = {"validation": scores}
            place = self.active.index(member)
            if state.epoch:
                self.optimizer.note(place, spec.progress(scores))
                sums = {n: float(x[place]) / state.done for n, x in self.sums.items()}
                metrics["train"] = sums
            badness = spec.badness(scores)
            if not state.epoch or badness < state.best:
                state.best, state.best_epoch = badness, state.epoch
                self.networks.copy_row(place, self.best, member)
            yield MemberEpoch(member, state.epoch, metrics, state.best_epoch)
            waited = state.epoch - state.best_epoch
            if state.epoch >= self.settings.epochs or (
                state.epoch and waited >= self.settings.patience
            ):
                finished[member] = None
        places = [self.active.index(m) for m in members]
        for x in self.sums.values():
            x[places] = 0.0
        for member in members:
            self.states[member].done = 0
        yield from self._leave(failed | finished)

    def _inner_outputs(self, members: list[int]) -> list[NetworkOutput]:
        """Outputs in eval mode for the rows of ``inner``; shorter ones are filled up, then cut."""
        inner = [self.lesson.inner[member] for member in members]
        most = max(map(len, inner))
        indices = np.stack([np.resize(own, most) for own in inner])
        places = [self.active.index(member) for member in members]
        output = self.networks.evaluate(self.lesson.inputs(members, indices), places)
        each = zip(output.unstacked(), inner, strict=True)
        return [own.map(partial(_first, len(rows))) for own, rows in each]

    def _leave(self, reasons: Mapping[int, PkdotError | None]) -> Iterator[MemberEnd]:
        """Take members out of the batch; those without an error get their best weights."""
        if not reasons:
            return
        kept = [i for i, member in enumerate(self.active) if member not in reasons]
        self.active = [self.active[i] for i in kept]
        if kept:
            index = torch.tensor(kept)
            self.networks.keep(kept)
            self.optimizer.keep(kept)
            self.draws.keep(kept)
            self.sums = {name: x[index.to(x.device)] for name, x in self.sums.items()}
        for member, error in reasons.items():
            if error is None:
                self.networks.restore(self.lesson.specs[member].network, self.best, member)
            yield MemberEnd(member, self.states[member].best_epoch, error)


def _rows(
    places: list[int], batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
) -> tuple[Batch, NetworkOutput, dict[str, Tensor]]:
    """What the losses read, of the members at some places alone."""
    own = {name: x[places] for name, x in parameters.items()}
    return batch.at(places), output.map(lambda x: x[places]), own


def _first(count: int, x: Tensor) -> Tensor:
    return x[:count].float() if x.is_floating_point() else x[:count]
