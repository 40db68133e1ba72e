"""Curves of training: one panel a metric, one line a split."""

from typing import Any

from plotly.subplots import make_subplots

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, in_words

SPLITS = {"train": "dot", "validation": "solid", "test": "dash"}


def training_curves(
    metrics: Any,
    *,
    stage: str = "student",
    names: Any = None,
    best_epoch: int | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """How the metrics of one stage went, epoch by epoch.

    Args:
        metrics: table with columns stage, epoch, split, name, value.
        stage: which network learned: its colour is the figure's.
        names: which metrics, in which order; all by default.
        best_epoch: the epoch that was selected; marked where given.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the table has nothing about this stage or metric.
    """
    rows = metrics[metrics["stage"] == stage]
    known = list(dict.fromkeys(rows["name"]))
    names = known if names is None else [name for name in names if name in known]
    if rows.empty or not names:
        stages = ", ".join(dict.fromkeys(metrics["stage"])) or "none yet"
        raise InputError(f"No such metric of stage {stage!r} was logged; logged stages: {stages}.")
    colours = style.colours
    colour = {
        "teacher": colours.teacher,
        "student": colours.student,
        "tnet": colours.privileged,
        "encoders": colours.prevalent,
    }.get(stage, colours.neutral)
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure = make_subplots(
        lines,
        columns,
        horizontal_spacing=0.08,
        vertical_spacing=0.28 / lines,
    )
    shown: set[str] = set()
    for position, name in enumerate(names):
        row, column = position // columns + 1, position % columns + 1
        for split, values in rows[rows["name"] == name].groupby("split", sort=False):
            values = values.sort_values("epoch")
            figure.add_scatter(
                x=values["epoch"],
                y=values["value"],
                mode="lines" if len(values) > 1 else "markers",
                name=clean(split),
                legendgroup=clean(split),
                showlegend=split not in shown,
                line={
                    "color": colour,
                    "dash": SPLITS.get(str(split), "dashdot"),
                    "width": 2.4 if split == "validation" else 1.6,
                },
                marker={"color": colour, "size": 8},
                hovertemplate=f"epoch %{{x}}: %{{y:.3g}}<extra>{clean(split)}</extra>",
                row=row,
                col=column,
            )
            shown.add(str(split))
        if best_epoch is not None:
            figure.add_vline(
                best_epoch,
                line={"color": colours.neutral, "width": 1, "dash": "dash"},
                annotation={"text": "best", "yanchor": "bottom", "xanchor": "center"},
                annotation_position="top",
                row=row,
                col=column,
            )
        figure.update_yaxes(title=in_words(name), row=row, col=column)
        if position + columns >= len(names):  # elsewhere the next one's "best" has its place
            figure.update_xaxes(title="epoch", row=row, col=column)
    figure.update_layout(legend={"title": {"text": "split"}})
    best = "" if best_epoch is None else f"; epoch {best_epoch} was selected on validation"
    return finish(
        figure,
        f"Training of the {in_words(stage)}",
        style,
        subtitle=f"epoch 0 is before training{best}",
        height=120 + (250 if lines == 1 else 200) * lines,
    )
