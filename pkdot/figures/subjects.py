"""Results person by person: who gains and who loses, in which group, and whom the T-Net serves."""

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish
from .units import counted_gains


def subject_gains(
    table: Any,
    *,
    method: str = "student with PKDOT",
    reference: str = "student alone",
    chance: float | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Accuracy of every subject without and with a method, those who gain most on top.

    Args:
        table: from :func:`pkdot.analysis.subgroups.people_table`.
        method: what the column ``method`` holds, for the legend.
        reference: what the column ``reference`` holds.
        chance: accuracy of guessing, in percent, drawn as a dotted line.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for an empty table.
    """
    import plotly.graph_objects as go

    if not len(table):
        raise InputError("This table has no subjects; run at least one fold.")
    colours = style.colours
    who = [
        f"{clean(row.subject)} · {'woman' if row.sex == 'w' else 'man'}, {row.age}"
        for row in table.itertuples()
    ]
    figure = go.Figure()
    for sign, colour in ((1, colours.student), (-1, colours.neutral)):
        x: list[float | None] = []
        y: list[str | None] = []
        for name, row in zip(who, table.itertuples(), strict=True):
            if (row.difference >= 0) == (sign > 0):
                x += [row.reference, row.method, None]
                y += [name, name, None]
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": colour, "width": 3}, hoverinfo="skip",
            showlegend=False,
        )  # fmt: skip
    for column, name, marker in (
        (
            "reference",
            reference,
            {"color": colours.paper, "line": {"color": colours.ink, "width": 1.5}},
        ),
        ("method", method, {"color": colours.student}),
    ):
        figure.add_scatter(
            x=table[column],
            y=who,
            mode="markers",
            name=clean(name),
            marker={"size": 10, **marker},
            customdata=table["difference"],
            hovertemplate="%{y}<br>" + clean(name) + ": %{x:.1f} %<br>difference "
            "%{customdata:+.1f} points<extra></extra>",
        )
    if chance is not None:
        figure.add_vline(chance, line={"color": colours.neutral, "width": 1, "dash": "dot"})
    figure.update_xaxes(title="windows of the subject that are right (%)")
    figure.update_yaxes(
        title="test subject", autorange="reversed", categoryorder="array", categoryarray=who
    )
    subtitle = counted_gains(table["difference"], "subjects")
    subtitle += "; dotted: guessing" * (chance is not None)
    return finish(
        figure,
        "Who gains, who loses?",
        style,
        subtitle=subtitle,
        height=190 + 21 * len(table),
    )


def group_gains(
    groups: Any, *, reference: str = "student alone", style: FigureStyle = DEFAULT_STYLE
) -> Any:
    """The paired difference by sex and age, with intervals over the subjects of each group.

    Args:
        groups: from :func:`pkdot.analysis.subgroups.groups_table`.
        reference: what the difference is taken against.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for an empty table.
    """
    import plotly.graph_objects as go

    if not len(groups):
        raise InputError("This table has no groups; run at least one fold.")
    colours = style.colours
    names = [f"{clean(row.group)} (n = {row.n})" for row in groups.itertuples()]
    figure = go.Figure()
    figure.add_vline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=groups["difference"],
        y=names,
        mode="markers",
        marker={"color": colours.student, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (groups["difference_high"] - groups["difference"]).fillna(0),
            "arrayminus": (groups["difference"] - groups["difference_low"]).fillna(0),
            "thickness": 1.6,
            "width": 5,
            "color": colours.neutral,
        },
        hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title=f"difference to the {clean(reference)} (points)")
    figure.update_yaxes(title="sex, age in years", autorange="reversed")
    return finish(
        figure,
        "Women and men, young and old",
        style,
        subtitle="means over the subjects of a group, bars 95 % intervals; groups are small: a "
        "question, not an answer",
        height=150 + 40 * len(names),
    )


def tnet_subjects(
    explained: Mapping[str, Mapping[str, float]], *, style: FigureStyle = DEFAULT_STYLE
) -> Any:
    """Share of each privileged feature's variance that the T-Net explains, subject by subject.

    Args:
        explained: modality -> test subject -> 1 − squared error / squared error of always saying
            the training mean.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no subject.
    """
    import plotly.graph_objects as go

    if not any(explained.values()):
        raise InputError("There are no T-Net errors by subject; was the T-Net trained?")
    colours = style.colours
    figure = go.Figure()
    for turn, (modality, found) in enumerate(explained.items()):
        ranked = sorted(found.items(), key=lambda item: -item[1])
        figure.add_scatter(
            x=[100 * value for _, value in ranked],
            y=[clean(name) for name, _ in ranked],
            mode="markers",
            name=clean(modality.replace("_", " ")),
            marker={"color": colours.privileged, "size": 10, "symbol": turn},
            hovertemplate="%{y}: %{x:.0f} %<extra>" + clean(modality) + "</extra>",
            showlegend=len(explained) > 1,
        )
    most = max(len(found) for found in explained.values())
    below = sum(value < 0 for found in explained.values() for value in found.values())
    total = sum(len(found) for found in explained.values())
    figure.add_vline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    figure.update_xaxes(title="variance of the privileged feature explained by the T-Net (%)")
    figure.update_yaxes(title="test subject", autorange="reversed")
    return finish(
        figure,
        "For whom does the T-Net hallucinate well?",
        style,
        subtitle=f"dotted: always saying the mean feature; {below} of {total} lie below it",
        height=160 + 24 * most,
    )
