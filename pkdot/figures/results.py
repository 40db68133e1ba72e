"""Results of several arms: means with intervals, and paired differences, on screen and in print."""

from typing import TYPE_CHECKING, Any

from plotly.subplots import make_subplots

from ..errors import InputError
from ..tasks import Score
from ..tasks.classification import ACCURACY
from .style import DEFAULT_STYLE, FigureStyle, bold_title, clean, finish
from .themes import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDED = ("arm", "mean", "low", "high", "n")
PAIRED = ("difference", "difference_low", "difference_high")


def _is_paired(table: Any) -> bool:
    """Whether the table has paired differences.

    Raises:
        InputError: if a column lacks, or there are no rows.
    """
    if absent := [name for name in NEEDED if name not in table.columns]:
        raise InputError(
            f"A table of results needs the columns {', '.join(NEEDED)}, and for paired differences "
            f"{', '.join(PAIRED)}; this one lacks {absent[0]}."
        )
    if not len(table):
        raise InputError("This table of results has no rows; run at least one arm.")
    return all(name in table.columns for name in PAIRED)


def _arm_colours(table: Any, colours: Theme) -> list[str]:
    """A colour an arm: by its ``role`` (teacher, student, baseline, unimodal), or by its name."""
    roles = table["role"] if "role" in table.columns else table["arm"]
    by_role = {"teacher": colours.teacher, "baseline": colours.neutral, "unimodal": colours.ink}
    return [by_role.get(str(role), colours.student) for role in roles]


def result_dots(
    table: Any,
    *,
    score: Score = ACCURACY,
    over: str = "seeds",
    reference: str = "",
    each: str = "arm",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Dot plot of arms with their intervals, best read from left to right.

    Args:
        table: one row an arm, in drawing order: columns arm, mean, low, high, n; for a second
            panel also difference, difference_low, difference_high (paired, NaN for the
            reference); optionally ``role``: teacher, student or baseline.
        score: what was measured.
        over: what n counts: the unit of the interval (seeds, subjects, videos).
        reference: the arm that the differences are taken against.
        each: what a row is.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if a column lacks, or there are no rows.
    """
    paired, colours = _is_paired(table), style.colours
    arms = [clean(arm) for arm in table["arm"]]
    panels = [("mean", "low", "high")] + [PAIRED] * paired
    figure = make_subplots(
        1,
        len(panels),
        shared_yaxes=True,
        horizontal_spacing=0.05,
        column_widths=[0.58, 0.42][: len(panels)],
    )
    for column, (middle, low, high) in enumerate(panels, start=1):
        values = table[middle]
        figure.add_scatter(
            x=values,
            y=arms,
            mode="markers+text" if column == 1 else "markers",
            text=[f"{value:{score.form}}" for value in values] if column == 1 else None,
            textposition="top center",
            textfont={"size": style.font(12), "color": colours.ink},
            marker={"color": _arm_colours(table, colours), "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": table[high] - values,
                "arrayminus": values - table[low],
                "thickness": 1.6,
                "width": 5,
                "color": colours.neutral,
            },
            customdata=list(zip(table[low], table[high], table["n"], strict=True)),
            hovertemplate=f"%{{y}}: %{{x:{score.form}}}<br>%{{customdata[0]:{score.form}}} to "
            f"%{{customdata[1]:{score.form}}} over %{{customdata[2]}} {clean(over)}<extra></extra>",
            showlegend=False,
            row=1,
            col=column,
        )
    figure.update_xaxes(title=_axis(score), col=1)
    figure.update_yaxes(title=clean(each), col=1)
    # room for the number over the first dot
    figure.update_yaxes(range=[len(arms) - 0.5, -0.7])
    if paired:
        figure.add_vline(0, line={"color": colours.ink, "width": 1, "dash": "dot"}, row=1, col=2)
        for arm, difference in zip(arms, table["difference"], strict=True):
            if difference != difference:  # NaN: this arm is what the others are compared with
                figure.add_annotation(
                    x=0, y=arm, text="reference", showarrow=False, xanchor="left", row=1, col=2
                )
        against = f" to {clean(reference)}" if reference else ""
        figure.update_xaxes(title=f"paired difference{against} ({score.difference_unit})", col=2)
    return finish(
        figure,
        f"{_name(score)} of each {clean(each)}",
        style,
        subtitle=f"dots are means, bars 95 % intervals over {_counts(table)} {clean(over)}",
        height=180 + 46 * len(arms),
    )


def result_print(
    table: Any,
    *,
    score: Score = ACCURACY,
    over: str = "seeds",
    style: FigureStyle = DEFAULT_STYLE,
) -> "Figure":
    """The same dot plot for white paper, by seaborn; arguments as in :func:`result_dots`.

    Returns:
        A matplotlib figure that no window or state knows of: ``figure.savefig("results.pdf")``.
    """
    import seaborn.objects as so
    from matplotlib.figure import Figure

    _is_paired(table)
    colours = FigureStyle("light").colours
    arms = [str(arm) for arm in table["arm"]]
    figure = Figure(figsize=(6.5, 1.0 + 0.34 * len(arms)), layout="constrained")
    arm_colours = dict(zip(arms, _arm_colours(table, colours), strict=True))
    (
        so.Plot(table.assign(arm=arms), y="arm", color="arm")
        .add(so.Range(linewidth=1.4), xmin="low", xmax="high", legend=False)
        .add(so.Dot(pointsize=6), x="mean", legend=False)
        .scale(color=arm_colours, y=so.Nominal(order=arms))
        .label(x=f"{_axis(score)}, 95 % interval over {_counts(table)} {over}", y="")
        .on(figure)
        .plot()
    )
    axes = figure.axes[0]
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_facecolor("white")
    axes.grid(axis="x", color=colours.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    title = bold_title(f"{_name(score)} of each arm", style.simulated)
    axes.set_title(title.replace("<b>", "").replace("</b>", ""), loc="left", fontsize=11)
    return figure


def _axis(score: Score) -> str:
    return f"{score.label} (%)" if score.percent else score.label


def _name(score: Score) -> str:
    """The score's label at the beginning of a title; abbreviations keep their form."""
    return score.label[:1].upper() + score.label[1:]


def _counts(table: Any) -> str:
    """``10``, or ``8 to 10`` where arms differ."""
    low, high = int(table["n"].min()), int(table["n"].max())
    return str(low) if low == high else f"{low} to {high}"
