"""The method on one A4 page: the whole loss as a picture, with four samples worked out."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..atomic_files import written_aside
from ..errors import ConfigError
from .page_parts import (
    COLOURS,
    HEIGHT,
    LEFT,
    SMALL,
    WIDTH,
    add_arrow,
    add_axes,
    add_box,
    add_matrix,
    add_points,
    add_rule,
    add_step,
    add_text,
    plain_number,
)
from .worked_example import WorkedExample, four_samples

KINDS = (".pdf", ".svg", ".png")
WEIGHT = 0.6
"""λ of the paper, in the last line of the example."""
_FIXED: dict[str, dict[str, Any]] = {  # the same page twice is the same file
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
    ".png": {},
}


def write_summary(dest: Path) -> None:
    """Write the page; the file appears whole or not at all.

    Raises:
        ConfigError: for a name that does not end in .pdf, .svg or .png.
        RecordError: if the disk refuses.
    """
    kind = dest.suffix.lower()
    if kind not in KINDS:
        raise ConfigError(
            f"The page is written as {', '.join(KINDS)}, not as {dest.name!r}; try {dest.stem}.pdf."
        )
    from matplotlib import rc_context

    figure = draw_summary(four_samples())
    with written_aside(dest) as aside, rc_context({"svg.hashsalt": "pkdot"}):
        figure.savefig(aside, format=kind[1:], dpi=150, metadata=_FIXED[kind])


def draw_summary(example: WorkedExample) -> Figure:
    """The page, as a matplotlib figure of 8.27 × 11.69 inches that no window knows of."""
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    add_text(figure, LEFT, 11.18, "Structural distillation on one page", size=17, weight="bold")
    add_text(
        figure,
        LEFT,
        10.93,
        "PKDOT (arXiv 2401.15489). Blue is the teacher, orange the student. "
        "Every number below is computed by the kit.",
        colour=COLOURS.neutral,
    )
    _way(figure)
    _similarity(figure, example)
    _rows(figure, example)
    _transport(figure, example)
    _loss(figure, example)
    _foot(figure)
    return figure


# --- parts of the page, from above ----------------------------------------------------------------


def _way(figure: Figure) -> None:
    """From sensors to the loss."""
    axes = add_axes(figure, LEFT, 9.22, WIDTH - 2 * LEFT, 1.55)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH - 2 * LEFT)
    axes.set_ylim(0, 1.55)
    upper, lower, high = 0.92, 0.08, 0.5
    blue, orange, ink = COLOURS.teacher, COLOURS.student, COLOURS.ink
    add_box(axes, 0.0, upper, 1.15, high, "all sensors\n(in training)", COLOURS.privileged)
    add_box(axes, 1.4, upper, 1.0, high, "teacher\n(frozen)", blue)
    add_box(axes, 2.65, upper, 0.95, high, "embeddings\n$Z_T$", blue)
    add_box(axes, 3.85, upper, 1.35, high, "cosines $S_T$\nrows $A_T$", blue)
    add_box(axes, 0.0, lower, 1.15, high, "prevalent sensor\n(also later)", COLOURS.prevalent)
    add_box(axes, 1.4, lower, 1.0, high, "student\n(+ T-Net)", orange)
    add_box(axes, 2.65, lower, 0.95, high, "embeddings\n$Z_S$", orange)
    add_box(axes, 3.85, lower, 1.35, high, "cosines $S_S$\nrows $A_S$", orange)
    add_box(axes, 5.45, 0.5, 0.75, high, "plan $P$\n$L_{OT}$", ink)
    add_box(axes, 6.42, 0.5, 0.75, high, r"$L_{task} +$" + "\n" + r"$\lambda\, L_{OT}$", ink)
    for y in (upper + high / 2, lower + high / 2):
        for begin, end in ((1.15, 1.4), (2.4, 2.65), (3.6, 3.85)):
            add_arrow(axes, (begin, y), (end, y))
    add_arrow(axes, (5.2, upper + 0.2), (5.45, 0.85))
    add_arrow(axes, (5.2, lower + 0.3), (5.45, 0.65))
    add_arrow(axes, (6.2, 0.75), (6.42, 0.75))
    add_arrow(axes, (4.5, upper), (4.5, lower + high), "same anchors")


def _similarity(figure: Figure, example: WorkedExample) -> None:
    add_step(
        figure,
        8.95,
        "1  Similarity",
        "The cosine of each pair of samples:",
        r"$S_{ij} = z_i \cdot z_j \;/\; \Vert z_i \Vert \, \Vert z_j \Vert$",
        "The teacher puts four samples at 0°, 60°, 90°",
        "and 180°; the student mixes up 2 and 3.",
        f"$S_T[1,2] = \\cos 60° = {plain_number(example.teacher_similarity[0, 1])}$",
    )
    turn = np.linspace(0, np.pi, 90)
    for bottom, points, colour in (
        (8.2, example.teacher, COLOURS.teacher),
        (7.4, example.student, COLOURS.student),
    ):
        axes = _plane(figure, 3.62, bottom, 1.3, 0.72, (-1.5, 1.5), (-0.2, 1.46))
        axes.plot(np.cos(turn), np.sin(turn), color=COLOURS.faint, linewidth=1)
        add_points(axes, points, colour, lift=(0.0, 0.3))
    add_matrix(figure, 5.12, 7.45, 1.17, example.teacher_similarity, "$S_T$", COLOURS.teacher)
    add_matrix(figure, 6.53, 7.45, 1.17, example.student_similarity, "$S_S$", COLOURS.student)


def _rows(figure: Figure, example: WorkedExample) -> None:
    means = ", ".join(plain_number(value) for value in example.to_others)
    anchors = " and ".join(str(place + 1) for place in example.anchors)
    columns = [f"to {place + 1}" for place in example.anchors]
    add_step(
        figure,
        7.0,
        "2  Anchors and rows",
        "Mean cosine to the others, in $S_T$:",
        f"{means}.",
        f"The $k = {len(example.anchors)}$ smallest are the anchors: {anchors}.",
        "Each sample is now its row of similarities to",
        "them: a point. Two clouds of four points.",
    )
    axes = _plane(figure, 3.85, 5.55, 1.0, 1.0, (-1.3, 1.3), (-1.3, 1.3))
    axes.axhline(0, color=COLOURS.faint, linewidth=1, zorder=1)
    axes.axvline(0, color=COLOURS.faint, linewidth=1, zorder=1)
    add_points(axes, example.teacher_rows, COLOURS.teacher, lift=(0.28, 0.16), size=75)
    add_points(axes, example.student_rows, COLOURS.student, lift=(-0.28, -0.24), size=18)
    _name(axes, f"across: {columns[0]}; up: {columns[1]}")
    add_matrix(
        figure, 5.12, 5.5, 1.2, example.teacher_rows, "$A_T$", COLOURS.teacher,
        columns=columns, width=0.8,
    )  # fmt: skip
    add_matrix(
        figure, 6.53, 5.5, 1.2, example.student_rows, "$A_S$", COLOURS.student,
        columns=columns, width=0.8,
    )  # fmt: skip


def _transport(figure: Figure, example: WorkedExample) -> None:
    half = example.cost[1, 1]
    add_step(
        figure,
        5.05,
        "3  Transport",
        r"Cost: $C_{ij} = \frac{1}{2} \Vert A_T[i] - A_S[j] \Vert^2$",
        f"$C_{{22}} = \\frac{{1}}{{2}} (0.5^2 + 0.5^2) = {plain_number(half)}$",
        r"Plan: $\min_P \; \langle P, C \rangle + \varepsilon \, \mathrm{KL}(P \Vert ab^{\top})$,",
        f"each row and column sums to ¼; $\\varepsilon = {example.epsilon:.2g}$.",
        "Students 2 and 3 share what 2 and 3 send.",
    )
    axes = _plane(figure, 3.72, 3.6, 1.2, 1.15, (-1.2, 1.2), (-0.4, 1.3))
    _on_two_lines(axes, example)
    for i, j in np.argwhere(example.plan > 0.01):
        ends = example.teacher_rows[i, 0], example.student_rows[j, 0]
        width = 14 * example.plan[i, j]
        axes.plot(ends, (1, 0), color=COLOURS.faint, linewidth=width, zorder=1)
    _name(axes, "the plan, on column 1")
    add_matrix(figure, 5.12, 3.55, 1.17, example.cost, "cost $C$", COLOURS.ink)
    add_matrix(figure, 6.53, 3.55, 1.17, example.plan, "plan $P$", COLOURS.ink, digits=3)


def _loss(figure: Figure, example: WorkedExample) -> None:
    between, own, other, whole = (
        f"{value:.4f}"
        for value in (
            example.between, example.of_teacher, example.of_student, example.divergence,
        )
    )  # fmt: skip
    add_step(
        figure,
        3.1,
        "4  Loss",
        r"$L_{OT} = \mathrm{OT}(A_T, A_S) - \frac{1}{2} \mathrm{OT}(A_T, A_T)"
        r" - \frac{1}{2} \mathrm{OT}(A_S, A_S)$",
        rf"$= {between} - \frac{{1}}{{2}} \cdot {own} - \frac{{1}}{{2}} \cdot {other}$ = {whole}",
        "Zero for a copy; the self-terms undo the shrinking by ε.",
        r"$L = L_{task} + \lambda L_{OT}$; with the paper's $\lambda = "
        + f"{WEIGHT}$: $\\lambda L_{{OT}} = {WEIGHT * example.divergence:.4f}$.",
        r"Gradient: $\sum_i P_{ij} (A_S[j] - A_T[i]) - \sum_i Q_{ij} (A_S[j] - A_S[i])$",
        "$Q$ is the student's plan to itself. The teacher gets none.",
    )
    columns = [f"to {place + 1}" for place in example.anchors]
    axes = _plane(figure, 4.75, 1.65, 1.2, 1.05, (-1.2, 1.2), (-0.4, 1.3))
    _on_two_lines(axes, example)
    for x, slope in zip(example.student_rows[:, 0], example.gradient[:, 0], strict=True):
        if abs(slope) > 1e-3:
            add_arrow(axes, (x, 0), (x - 0.5 * np.sign(slope), 0))
    _name(axes, "the pull, on column 1")
    add_matrix(
        figure, 6.53, 1.6, 1.2, example.gradient, "gradient at $A_S$", COLOURS.student,
        columns=columns, width=1.0, digits=4,
    )  # fmt: skip


def _plane(
    figure: Figure,
    left: float,
    bottom: float,
    width: float,
    height: float,
    across: tuple[float, float],
    up: tuple[float, float],
) -> Axes:
    """Axes without a frame, at a place in inches, over these ranges."""
    axes = add_axes(figure, left, bottom, width, height)
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    axes.set_axis_off()
    return axes


def _on_two_lines(axes: Axes, example: WorkedExample) -> None:
    """The first column of the rows: the teacher's above, the student's below."""
    for height, rows, colour, lift in (
        (1, example.teacher_rows, COLOURS.teacher, 0.18),
        (0, example.student_rows, COLOURS.student, -0.22),
    ):
        points = np.stack([rows[:, 0], np.full(len(rows), height)], 1)
        add_points(axes, points, colour, lift=(0.0, lift))


def _name(axes: Axes, words: str) -> None:
    axes.set_title(words, size=SMALL, color=COLOURS.ink, pad=3)


def _foot(figure: Figure) -> None:
    add_rule(figure, 1.22)
    left = (
        "It needs: both networks saw the same anchors. No label,",
        "no class, no equal width. Row i of a cloud needs no partner.",
        "It is blind to: order of the rows, lengths, turns.",
    )
    right = (
        "Small ε: single samples. Large ε: only the centres count.",
        "Put a BatchNorm first: an offset makes cosines alike.",
        "Order: backbones, teacher, T-Net, student.",
    )
    for column, lines in ((LEFT, left), (4.2, right)):
        for number, line in enumerate(lines):
            add_text(figure, column, 0.98 - 0.19 * number, line, size=SMALL + 0.5)
