"""A study of one factor: the gain at each of its levels."""

from typing import Any

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish

NEEDED = ("label", "n", "gain", "gain_low", "gain_high")


def study_dots(
    table: Any,
    title: str,
    *,
    factor: str,
    usual: str,
    reference: str = "student alone",
    over: str = "seeds",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Gain at each level of a factor, with intervals; the usual level is ringed.

    Args:
        table: from :func:`pkdot.evidence.ablation.study_table`: one row a level, columns label, n,
            gain, gain_low, gain_high, in points.
        title: what the numbers show, from :func:`pkdot.evidence.ablation.finding`.
        factor: what varies; names the axis.
        usual: label of the level that others are compared with.
        reference: what gains are over.
        over: what n counts.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if a column lacks, or there are no rows.
    """
    import plotly.graph_objects as go

    if absent := [name for name in NEEDED if name not in table.columns]:
        raise InputError(f"A study needs the columns {', '.join(NEEDED)}; there is no {absent[0]}.")
    if not len(table):
        raise InputError("This study has no levels; run at least its usual one.")
    colours = style.colours
    labels = [clean(label) for label in table["label"]]
    is_usual = [label == usual for label in table["label"]]
    figure = go.Figure()
    figure.add_hline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=1, xref="paper", y=0, text=clean(reference), showarrow=False, xanchor="right", yshift=9
    )
    figure.add_scatter(
        x=labels,
        y=table["gain"],
        mode="markers+text",
        text=[f"{gain:+.1f}" for gain in table["gain"]],
        textposition="middle right",
        textfont={"size": style.font(12), "color": colours.ink},
        marker={
            "opacity": 1,  # where sizes differ, plotly would make them bubbles
            "color": colours.student,
            "size": [13 if yes else 10 for yes in is_usual],
            "line": {"color": colours.ink, "width": [2 if yes else 0 for yes in is_usual]},
        },
        error_y={
            "type": "data",
            "symmetric": False,
            "array": table["gain_high"] - table["gain"],
            "arrayminus": table["gain"] - table["gain_low"],
            "thickness": 1.6,
            "width": 5,
            "color": colours.neutral,
        },
        customdata=list(zip(table["gain_low"], table["gain_high"], table["n"], strict=True)),
        hovertemplate="%{x}: %{y:+.1f}<br>%{customdata[0]:+.1f} to %{customdata[1]:+.1f}"
        f" over %{{customdata[2]}} {clean(over)}<extra></extra>",
        showlegend=False,
    )
    each = clean(over).removesuffix("s")
    # The line's name stands behind the last level.
    reach = [-0.5, len(labels) - 0.5 + 0.12 * len(labels)]
    figure.update_xaxes(title=clean(factor, 60), type="category", range=reach)
    figure.update_yaxes(title=f"gain over the {clean(reference)} (points)")
    return finish(
        figure,
        clean(title, 200),
        style,
        subtitle=f"means, 95 % intervals over {int(table['n'].min())} {clean(over)}; the others "
        f"are compared with the ring {each} by {each}",
        height=420,
    )
