"""A problem of seconds for the lessons: sharp digits for a teacher, coarse ones for a student.

A plain loop of a page, so that a lesson can change any part of it. One that is tuned, records and
compares fairly is :func:`pkdot.run_experiment`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..data.digits import coarse_view

Distillation = Callable[[Tensor, Tensor], Tensor]
"""Teacher's and student's embeddings of the same B samples, (B, D) each -> a scalar."""


@dataclass(frozen=True, eq=False)
class Classroom:
    """The digits, drawn with one seed.

    Attributes:
        sharp: (N, 8, 8) images, grey 0 to 1: what the teacher sees.
        coarse: (N, 16) means of 2 × 2 blocks with noise, standardised: what the student sees.
        labels: (N,) digits.
        z_teacher: (N, 9), a linear discriminant of the sharp images, fitted to ``labelled``;
            centred, of mean square 1.
        labelled, unlabelled, validation, test: indices.
    """

    sharp: Tensor
    coarse: Tensor
    labels: Tensor
    z_teacher: Tensor
    labelled: Tensor
    unlabelled: Tensor
    validation: Tensor
    test: Tensor

    @property
    def train(self) -> Tensor:
        """Indices of all training samples, with a label or without."""
        return torch.cat([self.labelled, self.unlabelled])

    def with_teacher(self, seen: Tensor) -> "Classroom":
        """The same problem under a teacher that sees something else.

        Args:
            seen: (N, F); the teacher is a linear discriminant of it, fitted to the labelled images.
        """
        return replace(self, z_teacher=linear_teacher(seen, self.labels, self.labelled))

    def accuracy_of(self, z: Tensor) -> float:
        """Share of the test images, 0 to 1, whose nearest mean of labelled images is right.

        Args:
            z: embeddings (N, D).
        """
        known = self.labels[self.labelled]
        means = torch.stack([z[self.labelled][known == digit].mean(0) for digit in range(10)])
        nearest = torch.cdist(z[self.test], means).argmin(1)
        return float((nearest == self.labels[self.test]).float().mean())


def linear_teacher(seen: Tensor, labels: Tensor, labelled: Tensor) -> Tensor:
    """Embeddings (N, 9) by a linear discriminant of ``seen`` (N, F), centred, of mean square 1."""
    teacher = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    inputs = seen.double().numpy()
    z = teacher.fit(inputs[labelled], labels[labelled].numpy()).transform(inputs)
    z = z - z[labelled].mean(0)  # a common offset would make all cosines alike
    return torch.as_tensor(z / np.sqrt(np.square(z).mean())).float()


def open_classroom(
    seed: int = 0, *, labelled: int = 100, unlabelled: int = 900, noise: float = 0.2
) -> Classroom:
    """Draw split and noise, and fit the teacher.

    Args:
        seed: of both draws.
        labelled: images with a label.
        unlabelled: images seen by both, without a label.
        noise: deviation of the noise on the coarse view, where grey runs from 0 to 1.
    """
    rng = np.random.default_rng(seed)
    bundled = load_digits()
    sharp, labels = bundled.images / 16.0, bundled.target
    order = torch.as_tensor(rng.permutation(len(labels)))
    parts = torch.split(
        order, [labelled, unlabelled, 100, len(order) - labelled - unlabelled - 100]
    )
    coarse = coarse_view(sharp, noise, rng).reshape(-1, 16)
    own = coarse[order[: labelled + unlabelled]]
    coarse = (coarse - own.mean(0)) / own.std(0)
    images, views = torch.as_tensor(sharp).float(), torch.as_tensor(coarse).float()
    known = torch.as_tensor(labels)
    z = linear_teacher(torch.as_tensor(sharp.reshape(-1, 64)), known, parts[0])
    return Classroom(images, views, known, z, *parts)


@dataclass(frozen=True, eq=False)
class Report:
    """What became of a student.

    Attributes:
        accuracy: share of the test images that are right, 0 to 1, at the step chosen below.
        embedding: (N, D) of all images, at that step.
        step: the one of least cross-entropy on the validation images.
    """

    accuracy: float
    embedding: Tensor
    step: int


def train_student(
    room: Classroom,
    distillation: Distillation | None = None,
    weight: float = 10.0,
    *,
    seed: int = 0,
    steps: int = 150,
    batch: int = 128,
    width: int = 32,
    with_labelled: bool = False,
    stop_early: bool = True,
) -> Report:
    """Train a small student on the labelled images, and on a distillation loss of all.

    Args:
        room: the problem.
        distillation: from embeddings of teacher and student to a loss; none for a student alone.
        weight: λ, the factor of that loss beside the cross-entropy.
        seed: of first weights, batches, noise and dropout; what ran before changes nothing.
        steps: updates.
        batch: B, samples that the distillation loss reads at a time.
        width: D of the student's embedding, which ends in a BatchNorm.
        with_labelled: let the distillation loss read all labelled images first, in their order,
            and ``batch`` unlabelled ones behind them.
        stop_early: report the step of least validation loss; else the last one.
    """
    with torch.random.fork_rng(devices=[]):  # dropout draws from the global generator
        torch.manual_seed(seed)
        return _trained(
            room,
            distillation,
            weight,
            draw=torch.Generator().manual_seed(seed),
            steps=steps,
            batch=batch,
            width=width,
            with_labelled=with_labelled,
            stop_early=stop_early,
        )


def _trained(
    room: Classroom,
    distillation: Distillation | None,
    weight: float,
    *,
    draw: torch.Generator,
    steps: int,
    batch: int,
    width: int,
    with_labelled: bool,
    stop_early: bool,
) -> Report:
    """The loop of :func:`train_student`; ``draw`` draws the batches and their noise."""
    embed = nn.Sequential(
        nn.Linear(16, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, width),
        nn.BatchNorm1d(width),
    )
    head = nn.Linear(width, 10)
    parameters = [*embed.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.1)

    def noisy(rows: Tensor) -> Tensor:
        views = room.coarse[rows]
        return views + 0.5 * torch.randn(views.shape, generator=draw)

    best = (float("inf"), 0.0, torch.empty(0), 0)
    for step in range(1, steps + 1):
        embed.train()
        loss = cross_entropy(head(embed(noisy(room.labelled))), room.labels[room.labelled])
        if distillation is not None:
            drawn = room.unlabelled if with_labelled else room.train
            rows = drawn[torch.randperm(len(drawn), generator=draw)[:batch]]
            rows = torch.cat([room.labelled, rows]) if with_labelled else rows
            loss = loss + weight * distillation(room.z_teacher[rows], embed(noisy(rows)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (stop_early and step % 10 == 0) or step == steps:
            best = min(best, (*_examined(room, embed, head), step), key=lambda found: found[0])
    return Report(*best[1:])


@torch.no_grad()
def _examined(room: Classroom, embed: nn.Module, head: nn.Module) -> tuple[float, float, Tensor]:
    """Validation loss, test accuracy and all embeddings."""
    z = embed.eval()(room.coarse)
    outputs = head(z)
    loss = cross_entropy(outputs[room.validation], room.labels[room.validation])
    right = outputs.argmax(1)[room.test] == room.labels[room.test]
    return float(loss), float(right.float().mean()), z
