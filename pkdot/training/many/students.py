"""The student's stage of many members."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...data.corpus import IndexArray
from ...networks.models import NetworkOutput
from ..context import visible_targets
from ..pulls import pulls_of
from ..student import PreparedStudent
from .distillation import StackedDistillers, StackedTerm
from .lesson import Batch, Lesson, checked_scores
from .loop import MemberEnd, MemberEpoch, fit_many
from .networks import obstacle, shape_of
from .rows import StackedTargets, rows_of, samples_of
from .tasks import task_losses


def student_obstacle(prepared: PreparedStudent) -> str:
    """Why a student cannot train together with others; empty where it can."""
    context = prepared.context
    corpus, fabric = context.corpus, context.fabric
    if fabric.world_size > 1:
        return "trainings over several ranks go one by one"
    if type(fabric.strategy.precision).__name__ != "Precision":
        return "half precision trains one by one"
    if context.device.type not in ("cpu", "cuda"):
        return f"students on {context.device.type} train one by one"
    if corpus.is_sequence:
        return "windows of frames train one by one"
    if not corpus.complete.all() and not corpus.is_unpaired:
        return "samples that lack a modality make batches of unequal size, which train one by one"
    return obstacle(prepared.spec.network)


def student_shape(prepared: PreparedStudent) -> tuple[Any, ...]:
    """Equal for students of one config, but for seed, data and weights, that can be members."""
    distillation, batches = prepared.distillation, prepared.spec.batches
    targets = None
    if distillation is not None:
        read = distillation.read.output
        parts = {"outputs": read.outputs, "embedding": read.embedding, **read.features}
        targets = tuple((name, x.shape[1:]) for name, x in parts.items())
    of_target = prepared.context.corpus.targets.shape[1:]
    return (batches.sizes, targets, of_target, *shape_of(prepared.spec.network))


def train_students(prepared: Sequence[PreparedStudent]) -> Iterator[MemberEpoch | MemberEnd]:
    """Train students of one :func:`student_shape` and config; a member is its place among them.

    Methods, settings and training are those of the first; seeds, data, teachers and weights may
    differ. Each student ends with the weights that it would have alone, but for rounding.
    """
    yield from fit_many(_Students(prepared), prepared[0].context.training)


class _Students(Lesson):
    def __init__(self, prepared: Sequence[PreparedStudent]) -> None:
        first = prepared[0]
        self._context, self._corpora = first.context, [p.context.corpus for p in prepared]
        device = first.context.device
        self.specs = [p.spec for p in prepared]
        self.generators = [p.generator for p in prepared]
        self.inner = [p.context.selection for p in prepared]
        self._samples = {
            name: samples_of(self._corpora, name, device) for name in self._corpora[0].prevalent
        }
        self._batches = first.spec.batches
        self._targets = rows_of([visible_targets(corpus) for corpus in self._corpora], device)
        found = [p.distillation for p in prepared if p.distillation is not None]
        self._distillers = StackedDistillers([d.distiller for d in found]) if found else None
        self.adapters = self._distillers.adapters() if self._distillers else [{} for _ in prepared]
        self._joint = ()
        if found:
            tnets = getattr(first.spec.network, "tnets", {})
            if first.context.network.tnet == "joint":
                self._joint = tuple(tnets)
            distiller = found[0].distiller
            reads = "features" in distiller.reads or bool(getattr(distiller, "methods", ()))
            self._read = StackedTargets([d.read for d in found], device, reads)
            # Only a control lets the distiller read what the T-Net is not to reconstruct.
            same = all(d.read is d.targets for d in found) and reads
            own = [d.targets for d in found]
            self._own = self._read if same else StackedTargets(own, device, True)

    def inputs(self, members: Sequence[int], indices: IndexArray) -> dict[str, Tensor]:
        return {name: rows.take(members, indices) for name, rows in self._samples.items()}

    def begin(self, members: list[int], indices: IndexArray) -> Batch:
        own, taught = self._batches.of_student(indices), self._batches.of_teacher(indices)
        targets = self._targets.take(members, own)
        rest: dict[str, Any] = {"targets": targets}
        if self._distillers is not None:
            rest["read"] = self._read.take(members, taught)
            if self._joint:
                same = self._own is self._read
                taken = rest["read"] if same else self._own.take(members, taught)
                rest["real"] = taken.features
        return Batch(members, indices, self.inputs(members, own), rest)

    def losses(
        self, batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        rest, settings = batch.rest, self._context.training
        tasks = [self._corpora[member].task for member in batch.members]
        task = task_losses(tasks, output.outputs, rest["targets"], settings.label_smoothing)
        parts = {"loss": task, "task": task}
        if self._distillers is None:
            return parts
        terms = self._distillers.terms(
            batch.members,
            parameters,
            (rest["read"], output, rest["targets"]),
            self._batches.trusted,
        )
        parts |= _weighted(terms, task, output.embedding, rest["targets"])
        parts["loss"] = parts["loss"] + parts["distillation"]
        if self._joint:
            errors = [
                (output.features[name].float() - rest["real"][name]).square().mean((1, 2))
                for name in self._joint
            ]
            parts["reconstruction"] = torch.stack(errors).mean(0)
            parts["loss"] = parts["loss"] + settings.reconstruction_weight * parts["reconstruction"]
        return parts

    def scores(self, member: int, output: NetworkOutput) -> dict[str, float]:
        corpus, inner = self._corpora[member], self.inner[member]
        given = corpus.given_targets[inner]
        return checked_scores(corpus.task, output.outputs, given, corpus.ids[inner])


def _weighted(
    terms: Sequence[StackedTerm], task: Tensor, embedding: Tensor, targets: Tensor
) -> dict[str, Tensor]:
    """The weighted sum of the terms as ``distillation``, (m,), and the λ that were applied.

    Without gradients losses are only looked at, see ``fit_many``: no weight moves on.
    """
    if not torch.is_grad_enabled():
        return {"distillation": torch.stack([term.losses for term in terms]).sum(0)}
    balanced = [term for term in terms if term.balanced]
    if balanced:
        measured = [pulls_of(x, embedding) for x in (task, *(t.losses for t in balanced))]
        of_task, *own = torch.stack(measured).tolist()
        for term, of_method in zip(balanced, own, strict=True):
            term.note(of_task, of_method)
    weights = [term.weigh(targets) for term in terms]
    found = [w.to(t.losses.dtype) * t.losses for w, t in zip(weights, terms, strict=True)]
    parts = {"distillation": torch.stack(found).sum(0)}
    names = [[*term.parts[0].applied_weights()] for term in terms]  # none has no weight
    alone = sum(map(len, names)) == 1
    for own, weight in zip(names, weights, strict=True):
        parts |= {"weight" if alone else f"weight of {name}": weight for name in own}
    return parts
