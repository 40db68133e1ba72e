"""The gain of many settings against what their privileged modality adds."""

from typing import Any

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, in_words, line_marker

NEEDED = ("title", "task", "fusion", "encoder", "n", "gain", "gain_low", "gain_high")

AXES = {
    "adds": "what the privileged modality adds to the prevalent one (points)",
    "complements": "what both modalities give over the better one (points)",
    "room": "what labels of all training samples would give (points)",
    "teacher_gap": "lead of the teacher over the student alone (points)",
}
"""What gains can be drawn against."""


def gain_scatter(
    table: Any, title: str, *, against: str = "adds", style: FigureStyle = DEFAULT_STYLE
) -> Any:
    """A point a setting, with both intervals; colours and markers by task.

    Args:
        table: from :func:`pkdot.analysis.gains.gain_table`.
        title: what the numbers show.
        against: a name of :data:`AXES`.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for an unknown axis, a column that lacks, or no rows.
    """
    import plotly.graph_objects as go

    if against not in AXES:
        raise InputError(
            f"Gains cannot be drawn against {against!r}; choose from {', '.join(AXES)}."
        )
    ends = (against, f"{against}_low", f"{against}_high")
    if absent := [name for name in (*NEEDED, *ends) if name not in table.columns]:
        raise InputError(f"A figure of gains needs the column {absent[0]}, and it is not there.")
    if not len(table):
        raise InputError("There are no settings to draw; run one or more.")
    colours = style.colours
    figure = go.Figure()
    figure.add_hline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    figure.add_vline(0, line={"color": colours.faint, "width": 1})
    for number, (task, rows) in enumerate(table.groupby("task", sort=False)):
        colour, symbol = line_marker(number, colours)
        labels = zip(rows["title"], rows["fusion"], rows["encoder"], rows["n"], strict=True)
        figure.add_scatter(
            x=rows[against],
            y=rows["gain"],
            mode="markers",
            name=in_words(task),
            marker={"color": colour, "symbol": symbol, "size": 10},
            error_x=_reach(rows, against, colour),
            error_y=_reach(rows, "gain", colour),
            customdata=[[clean(text) for text in label] for label in labels],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}, %{customdata[2]}<br>"
            "adds %{x:+.1f}, gain %{y:+.1f} (%{customdata[3]} seeds)<extra></extra>",
        )
    figure.update_xaxes(title=AXES[against])
    figure.update_yaxes(title="gain over the student alone (points)")
    figure.update_layout(showlegend=True)
    return finish(
        figure,
        clean(title, 200),
        style,
        subtitle=f"one point a setting; 95 % intervals over {int(table['n'].min())} seeds; "
        "points are hundredths of each task's score",
        height=480,
    )


def _reach(rows: Any, name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": rows[f"{name}_high"] - rows[name],
        "arrayminus": rows[name] - rows[f"{name}_low"],
        "thickness": 1,
        "width": 3,
        "color": colour,
    }
