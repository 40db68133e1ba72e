"""Recorded windows: frames of the clip above, signals below, on one axis of time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..errors import InputError
from .images import png
from .style import DEFAULT_STYLE, FigureStyle, clean, finish

_FRAMES = 5  # of each clip; more would be too small to read a face
_CAPTION, _FRAME, _CURVE, _GAP, _AXIS = 24, 78, 110, 8, 52
"""Pixels: of a caption, a row of pictures, a row of curves, between rows, of the axis below."""


def sample_windows(
    clips: Mapping[str, Any],
    signals: Mapping[str, Any],
    *,
    captions: Sequence[str],
    seconds: tuple[float, float],
    unit: str = "deviations from the subject's mean",
    columns: int = 2,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """A few windows as they were recorded.

    Args:
        clips: modality -> (n, T, H, W, 3) uint8; five frames of each are shown.
        signals: modality -> (n, L).
        captions: n short texts, e.g. subject and class.
        seconds: where the windows begin and end.
        unit: of the signals.
        columns: windows side by side.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the modalities differ in n, or there is nothing to show.
    """
    views = {name: np.asarray(view) for name, view in {**clips, **signals}.items()}
    if {len(view) for view in views.values()} != {len(captions)} or not captions:
        raise InputError("Every modality must show the same windows, at least one, each captioned.")
    colours, n = style.colours, len(captions)
    columns = min(columns, n)
    lines = -(-n // columns)
    parts = [*clips, *signals]
    rows = [_FRAME if name in clips else _CURVE for name in parts]
    line_height = _CAPTION + sum(rows) + _GAP * (len(rows) - 1) + _AXIS
    figure = make_subplots(rows=lines * len(parts), cols=columns, horizontal_spacing=0.05)
    start, stop = seconds
    for window in range(n):
        line, column = divmod(window, columns)
        for place, name in enumerate(parts):
            row = line * len(parts) + place + 1
            where = {"row": row, "col": column + 1}
            top = line * line_height + _CAPTION + sum(rows[:place]) + _GAP * place
            ends = [
                1 - (top + rows[place]) / (lines * line_height),
                1 - top / (lines * line_height),
            ]
            figure.update_yaxes(domain=ends, **where)
            if name in clips:
                _strip(figure, views[name][window], seconds, where)
                figure.update_xaxes(visible=False, range=[start, stop], **where)
                figure.update_yaxes(visible=False, range=[0, 1], **where)
            else:
                values = views[name][window]
                figure.add_scatter(
                    x=np.linspace(start, stop, len(values), endpoint=False),
                    y=values,
                    mode="lines",
                    line={"color": colours.privileged, "width": 1.6},
                    showlegend=False,
                    hovertemplate=f"{clean(name)} %{{y:.2f}} at %{{x:.1f}} s<extra></extra>",
                    **where,
                )
                low, high = float(views[name].min()), float(views[name].max())
                pad = 0.06 * (high - low or 1)
                figure.update_yaxes(
                    title=clean(name.upper() if len(name) <= 3 else name) if column == 0 else None,
                    range=[low - pad, high + pad],
                    showticklabels=column == 0,
                    **where,
                )
                last = place == len(parts) - 1
                figure.update_xaxes(
                    title="time in the window (s)" if last else None,
                    showticklabels=last,
                    range=[start, stop],
                    **where,
                )
            if place == 0:
                figure.add_annotation(
                    text=f"<b>{clean(captions[window])}</b>",
                    xref="x domain", yref="y domain", x=0, y=1, yanchor="bottom", xanchor="left",
                    showarrow=False, **where,
                )  # fmt: skip
    for empty in range(n, lines * columns):
        for place in range(len(parts)):
            where = {"row": empty // columns * len(parts) + place + 1, "col": empty % columns + 1}
            figure.update_xaxes(visible=False, **where)
            figure.update_yaxes(visible=False, **where)
    subtitle = f"signals in {clean(unit)}, on one scale for all windows" if signals else ""
    figure = finish(
        figure,
        "Windows as they were recorded",
        style,
        subtitle=subtitle,
        height=96 + 12 + lines * line_height,
    )
    figure.update_layout(margin={"b": 12})
    return figure.update_annotations(font={"size": style.font(13), "color": colours.ink})


def _strip(
    figure: Any, clip: np.ndarray, seconds: tuple[float, float], where: Mapping[str, int]
) -> None:
    """Frames from the first to the last, side by side, each above the moment it shows."""
    chosen = np.unique(np.linspace(0, len(clip) - 1, min(_FRAMES, len(clip))).round().astype(int))
    width = (seconds[1] - seconds[0]) / len(chosen)
    for place, frame in enumerate(chosen):
        figure.add_layout_image(
            source=png(clip[frame]),
            x=seconds[0] + place * width,
            y=1,
            sizex=0.98 * width,
            sizey=1,
            sizing="contain",
            xanchor="left",
            yanchor="top",
            layer="above",
            **where,
        )
    # An axis that holds nothing but pictures is not drawn.
    figure.add_scatter(
        x=list(seconds), y=[0, 1], mode="markers", marker={"opacity": 0}, hoverinfo="skip",
        showlegend=False, **where,
    )  # fmt: skip
