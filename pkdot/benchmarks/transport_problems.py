"""The rows that the benchmark of transport is run on.

Two kinds are drawn: ``spread``, from random embeddings in 512 dimensions, as an untrained network
gives (costs of a few epsilon at blur 0.1); and ``classes``, from embeddings in loose classes, as a
trained one does (costs of a hundred epsilon and more). Others are real: the embeddings of the probe
samples that a run recorded.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ConfigError
from ..method.anchors import gather_anchor_rows, select_anchors
from ..method.similarity import cosine_similarity_matrix


@dataclass(frozen=True, eq=False)
class Case:
    """One setting of the benchmark.

    Attributes:
        kind: of the rows, ``spread`` or ``classes``, or what they are called in the table.
        size: number of samples B.
        k: number of anchors.
        epsilon: strength of the entropy, in units of the cost.
        embeddings: of teacher and student, (B, D) each; drawn if None.
    """

    kind: str
    size: int
    k: int
    epsilon: float
    embeddings: tuple[Tensor, Tensor] | None = None

    @property
    def blur(self) -> float:
        """Square root of epsilon, which the divergence takes."""
        return self.epsilon**0.5


def cases(quick: bool = False) -> list[Case]:
    """The grid: every B at k = 30 and epsilon = 0.01, then k and epsilon one at a time.

    The last case of either kind is near the kit's default form, every sample an anchor at a blur of
    0.5.
    """
    sizes = (64, 128) if quick else (64, 128, 256, 512, 1024)
    kinds = ("spread", "classes")
    grid = [Case(kind, size, 30, 0.01) for kind in kinds for size in sizes]
    if not quick:
        grid.insert(len(sizes), Case("spread", 2048, 30, 0.01))
        grid += [Case(kind, 128, k, 0.01) for kind in kinds for k in (10, 64, 127)]
        grid += [Case(kind, 128, 30, epsilon) for kind in kinds for epsilon in (0.001, 0.1, 1.0)]
        grid += [Case(kind, 128, 127, 0.25) for kind in kinds]
    return grid


def recorded_cases(folder: Path, quick: bool = False) -> list[Case]:
    """Cases of one run record: its first, middle and last epoch, the last at other settings too.

    Raises:
        ConfigError: if the record has too few samples for 30 anchors.
    """
    from ..record.reader import open_record  # drawn rows need torch alone

    record = open_record(folder)
    epochs = record.epochs
    grid = []
    for epoch in (epochs[0], epochs[len(epochs) // 2], epochs[-1]):
        found = record.embeddings(epoch)
        pair = [torch.as_tensor(z).double() for z in (found.teacher, found.student)]
        size = len(pair[0])
        if size <= 30:
            raise ConfigError(f"{folder} follows {size} samples; the benchmark needs more than 30.")
        settings = [(30, 0.01)]
        if epoch == epochs[-1] and not quick:
            settings += [(30, 0.0025), (30, 0.09), (size - 1, 0.01), (size - 1, 0.25)]
        origin = "simulated " if record.simulated else ""
        name = f"{origin}{record.corpus}, epoch {epoch}"
        grid += [Case(name, size, k, epsilon, (pair[0], pair[1])) for k, epsilon in settings]
    return grid


def rows(case: Case, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Anchor rows of teacher and student, (B, k) each, float64."""
    teacher, student = case.embeddings or _drawn(case, seed)
    similarity = cosine_similarity_matrix(teacher)
    anchors = select_anchors(similarity, case.k)
    return (
        gather_anchor_rows(similarity, anchors),
        gather_anchor_rows(cosine_similarity_matrix(student), anchors),
    )


def _drawn(case: Case, seed: int) -> tuple[Tensor, Tensor]:
    """Embeddings of teacher and student, (B, D) each, float64."""
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    if case.kind == "spread":
        teacher = normal(case.size, 512)
        student = teacher + normal(case.size, 512)
    else:
        labels = torch.randint(5, (case.size,), generator=g)
        teacher = normal(5, 64)[labels] + normal(case.size, 64)
        student = 0.5 * teacher + 0.5 * teacher @ normal(64, 64) / 8 + 0.5 * normal(case.size, 64)
    return teacher, student
