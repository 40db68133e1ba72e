"""Pictures in a grid: what the student sees against what the teacher sees."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from .style import DEFAULT_STYLE, PAGE_WIDTH, WIDTH, Array, FigureStyle, clean, finish, in_words

CRISP = 96
"""Side, in pixels, up to which images are enlarged before they are handed to the browser."""


def png(image: Array) -> str:
    """An image (H, W) or (H, W, 3) uint8 as a ``data:`` address.

    Browsers smooth what they enlarge. Small images are enlarged here, pixel by pixel, so that
    four by four pixels look like four by four pixels.
    """
    from PIL import Image

    enlarge = max(1, CRISP // max(image.shape[:2]))
    image = image.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def image_grid(
    views: Mapping[str, Any],
    *,
    captions: Sequence[str] | None = None,
    hover: Sequence[str] | None = None,
    columns: int = 10,
    title: str = "What the student sees, and what the teacher sees",
    subtitle: str = "",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Samples side by side, one line of pictures a view.

    Args:
        views: name -> pictures of the same n samples, (n, H, W) or (n, H, W, 3) uint8. Sizes may
            differ from view to view: a coarse view is drawn with coarse pixels.
        captions: n short words over the samples, e.g. their classes.
        hover: n names that appear under the pointer; a click hands over the picture's position.
        columns: samples side by side before the next line begins.
        title: of the figure.
        subtitle: one line on how to read it.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no picture, the views differ in n, or one is not uint8 pictures.
    """
    stacks = {name: np.asarray(view) for name, view in views.items()}
    counts = {len(stack) for stack in stacks.values()}
    if len(counts) != 1 or counts == {0}:
        raise InputError(f"A grid needs as many pictures in every view, and some; got {counts}.")
    for name, stack in stacks.items():
        colour = stack.ndim == 4 and stack.shape[-1] == 3
        if stack.dtype != np.uint8 or not (stack.ndim == 3 or colour):
            raise InputError(
                f"View {name!r} must be uint8 pictures (n, H, W) or (n, H, W, 3), not "
                f"{stack.dtype} {stack.shape}."
            )
    colours, n = style.colours, counts.pop()
    columns = min(columns, max(n, 6))
    lines = -(-n // columns)
    figure = go.Figure()
    left = 16 + 8 * max((len(in_words(name)) for name in stacks), default=0)
    # Pixels; heights below are in cells. A page gives it two thirds of its width.
    cell = ((WIDTH if style.width else PAGE_WIDTH) - left - 20) / columns
    label_height = 0.02 if captions is None else 26 / cell
    heights = [0.06 + 0.94 * min(1.0, s.shape[1] / s.shape[2]) for s in stacks.values()]
    tops = np.cumsum([0.0, *heights])
    line_height = tops[-1] + label_height + 0.04
    images, words = [], []  # given all at once: added one by one, plotly takes seconds
    for sample in range(n):
        line, column = divmod(sample, columns)
        top = line * line_height + label_height
        for row, (name, stack) in enumerate(stacks.items()):
            y = float(top + tops[row])
            images.append(
                {
                    "source": png(stack[sample]),
                    "xref": "x",
                    "yref": "y",
                    "x": column + 0.03,
                    "y": y,
                    "sizex": 0.94,
                    "sizey": 0.94,
                    "sizing": "contain",
                    "layer": "below",
                }
            )
            if column == 0 and name:
                words.append(
                    {
                        "xref": "x domain",
                        "x": 0,
                        "xshift": -8,
                        "y": y + heights[row] / 2,
                        "text": in_words(name),
                        "showarrow": False,
                        "xanchor": "right",
                    }
                )
        if captions is not None:
            words.append(
                {
                    "x": column + 0.5,
                    "y": top - 13 / cell,
                    "text": clean(captions[sample], 12),
                    "showarrow": False,
                }
            )
    figure.update_layout(images=images, annotations=words, dragmode=False)
    if hover is not None:
        places = [(sample, row) for row in range(len(stacks)) for sample in range(n)]
        figure.add_scatter(
            x=[sample % columns + 0.5 for sample, _ in places],
            y=[
                sample // columns * line_height + label_height + tops[row] + heights[row] / 2
                for sample, row in places
            ],
            mode="markers",
            marker={"opacity": 0, "size": 40},
            text=[clean(hover[sample]) for sample, _ in places],
            customdata=[[sample] for sample, _ in places],
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    # On a wide page, the pictures stay beside their names.
    room = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[0, columns], constraintoward="left", **room)
    figure.update_yaxes(
        range=[lines * line_height, 0], scaleanchor="x", constraintoward="top", **room
    )
    figure = finish(
        figure,
        title,
        style,
        subtitle=subtitle,
        height=int(96 + cell * lines * line_height),
    )
    figure.update_layout(margin={"l": style.font(left), "r": 20, "t": style.font(84), "b": 12})
    return figure.update_annotations(font={"size": style.font(12.5), "color": colours.ink})
