"""What does the released script's shift do? Its gradient beside that of the same loss without.

The public script takes off each similarity matrix its own smallest entry, and gradient flows
through that entry (arXiv 2401.15489; haseebaslam95/PKDOT, commit 4f1b6d4). Here the loss of the
preset ``released`` is differentiated with the shift, with it as a constant, and without.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..method.loss import PKDOTLoss
from ..method.similarity import cosine_similarity_matrix
from .frame import benchmark_parser, machine_facts, publish

DEFAULT_REPORT = Path("reports/benchmarks/shift.md")
SIZE, ANCHORS, WIDTH, DRAWS = 128, 30, 512, 5
EMBEDDINGS = ("independent", "in classes", "one offset")


class Effect(NamedTuple):
    """A gradient for the student's embeddings, beside that without a shift; means over draws.

    Attributes:
        pair: share of its energy on the two samples of the student's least similar pair.
        cosine: with the gradient without a shift.
        length: over that gradient's length.
        value: the loss over the loss without a shift.
    """

    pair: float
    cosine: float
    length: float
    value: float


def embeddings(kind: str, seed: int, size: int = SIZE) -> tuple[Tensor, Tensor]:
    """Random embeddings of teacher and student, (B, 512) each, in float64."""
    draw = torch.Generator().manual_seed(seed)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    teacher, student = some(size, WIDTH), some(size, WIDTH)
    if kind == "in classes":
        centres = some(5, WIDTH)[torch.arange(size) % 5]
        return centres + 0.5 * teacher, centres + student
    if kind == "one offset":
        return teacher + 2.0 * some(1, WIDTH), student + 2.0 * some(1, WIDTH)
    return teacher, student


def gradient(teacher: Tensor, student: Tensor, shift: str | None) -> tuple[float, Tensor]:
    """The loss with the settings of ``released``, and its gradient for the student, (B, 512)."""
    student = student.clone().requires_grad_(True)
    value = PKDOTLoss(ANCHORS, 0.1, "per_sample", shift=shift)(teacher, student)
    return float(value.detach()), torch.autograd.grad(value, student)[0]


def effect(kind: str, shift: str, draws: int = DRAWS, size: int = SIZE) -> Effect:
    """What a shift does to embeddings of a kind."""
    rows = []
    for seed in range(draws):
        teacher, student = embeddings(kind, seed, size)
        plain, without = gradient(teacher, student, None)
        value, its = gradient(teacher, student, shift)
        least = divmod(int(cosine_similarity_matrix(student).argmin()), size)
        pair = its[list(least)].square().sum() / its.square().sum()
        cosine = (its * without).sum() / (its.norm() * without.norm())
        rows.append([float(pair), float(cosine), float(its.norm() / without.norm()), value / plain])
    return Effect(*torch.tensor(rows).mean(0).tolist())


def measure() -> str:
    """The page."""
    lines = [
        "# The shift of the released script",
        "",
        machine_facts("torch"),
        "",
        f"Gradient of the loss of the preset `released` for the student's embeddings: B = {SIZE}, "
        f"k = {ANCHORS}, D = {WIDTH}, means over {DRAWS} draws. With the shift as in the script, "
        "nearly all of it lies on two samples of the batch; as a constant, the shift moves the "
        "centre of each cloud, and little else.",
        "",
        "| embeddings | shift | energy on the least similar pair | cosine with no shift | length "
        "over no shift | loss over no shift |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for kind in EMBEDDINGS:
        for shift in ("minimum", "minimum_detached"):
            e = effect(kind, shift)
            lines.append(
                f"| {kind} | `{shift}` | {100 * e.pair:.1f} % | {e.cosine:.3f} | {e.length:.2f} "
                f"| {e.value:.2f} |"
            )
    lines += [
        "",
        "What a student learns from it: `python -m pkdot evidence --studies shift`.",
        "",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the report, and print it. Returns the exit status."""
    options = benchmark_parser("shift", __doc__, DEFAULT_REPORT).parse_args(arguments)
    return publish(measure, options.report)


if __name__ == "__main__":
    raise SystemExit(main())
