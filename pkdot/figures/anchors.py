"""Which samples are anchors: on the map, and as pictures, policy by policy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .images import image_grid
from .maps import bare_axes, class_points
from .style import class_name, clean, finish, named, theme_of

EXPLANATIONS = {
    "shared": "least similar to the batch on average",
    "per_sample": "each row its own least similar",
    "farthest": "far from one another",
    "random": "drawn by chance",
    "most_similar": "most similar to the batch",
    "all": "every sample",
}


def usage(anchors: Any, size: int) -> Any:
    """Share of the ``size`` rows that use each sample as an anchor, (B,).

    Args:
        anchors: (k,), used by all rows, or (B, k), one set a row.
        size: B.

    Raises:
        InputError: if an index lies outside the batch.
    """
    anchors = np.asarray(anchors)
    if anchors.ndim not in (1, 2) or anchors.size == 0:
        raise InputError(f"Anchors must have shape (k,) or (B, k), not {anchors.shape}.")
    if anchors.min() < 0 or anchors.max() >= size:
        raise InputError(f"An anchor lies outside the {size} samples of the batch.")
    counts = np.bincount(anchors.ravel(), minlength=size)
    return counts / (anchors.shape[0] if anchors.ndim == 2 else 1)


def anchor_maps(
    points: Any,
    anchors: Mapping[str, Any],
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    projection: str = "PCA",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """The anchors of one or more policies on the teacher's map.

    Args:
        points: (B, 2) coordinates of the batch.
        anchors: policy -> indices (k,) or (B, k). Of the latter, a ring grows with the share of
            rows that use the sample.
        labels: (B,) class numbers, -1 for none.
        class_names: one name a class.
        ids: (B,) names of the samples.
        projection: for the axes.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: for no policy, or an index outside the batch.
    """
    points = np.asarray(points, dtype=float)
    if not anchors:
        raise InputError("No policy was given; give at least one, with its anchors.")
    look = theme_of(theme)
    labels = np.full(len(points), -1) if labels is None else np.asarray(labels)
    ids = np.arange(len(points)) if ids is None else np.asarray(ids)
    columns = min(3, len(anchors))
    rows = -(-len(anchors) // columns)
    titles = [f"<b>{named(p)}</b><br>{EXPLANATIONS.get(p, '')}" for p in anchors]
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=titles,
        horizontal_spacing=0.03,
        vertical_spacing=0.16 / max(1, rows - 0.5),
    )
    span = 1.08 * float(np.abs(points).max(initial=1e-9))
    for position, (policy, indices) in enumerate(anchors.items()):
        row, column = position // columns + 1, position % columns + 1
        class_points(
            figure,
            points,
            labels,
            class_names,
            ids,
            look,
            row=row,
            column=column,
            legend=position == 0,
            size=5,
            opacity=0.7,
        )
        share = usage(indices, len(points))
        chosen = np.flatnonzero(share)
        figure.add_trace(
            go.Scatter(
                x=points[chosen, 0],
                y=points[chosen, 1],
                mode="markers",
                name="anchor",
                legendgroup="anchor",
                showlegend=position == 0,
                marker={
                    "symbol": "circle-open",
                    "color": look.ink,
                    "size": 4 + 9 * np.sqrt(share[chosen]),
                    "line": {"width": 1.6},
                },
                customdata=[
                    [clean(ids[i]), class_name(int(labels[i]), class_names), 100 * share[i]]
                    for i in chosen
                ],
                hovertemplate="anchor %{customdata[0]}<br>%{customdata[1]}"
                f"<br>used by %{{customdata[2]:.0f}} % of rows<extra>{named(policy)}</extra>",
            ),
            row,
            column,
        )
    figure.update_xaxes(range=[-span, span])
    figure.update_yaxes(range=[-span, span])
    for row in range(1, rows + 1):
        filled = min(columns, len(anchors) - (row - 1) * columns)
        bare_axes(figure, filled, clean(projection), row)
    figure.update_layout(legend={"title": {"text": "class"}})
    figure = finish(
        figure,
        "The anchors on the teacher's map",
        subtitle="ringed samples describe all the others; larger rings serve more rows",
        simulated=simulated,
        theme=theme,
        height=140 + (430 if columns < 3 else 340) * rows,
    )
    figure.update_layout(margin={"t": 126})
    return figure.update_annotations(font={"size": 12.5})


def anchor_images(
    views: Any,
    anchors: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    policy: str = "",
    most: int = 30,
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """The anchors as pictures, in the order of the policy (``per_sample``: most used first).

    Args:
        views: pictures (B, H, W) or (B, H, W, 3) uint8, or a mapping of such by name.
        anchors: (k,) or (B, k).
        labels: (B,) class numbers, -1 for none; they stand over the pictures.
        class_names: one name a class.
        ids: (B,) names of the samples.
        policy: for the title.
        most: draw at most so many.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.
    """
    views = dict(views) if isinstance(views, Mapping) else {"": views}
    size = len(next(iter(views.values())))
    share = usage(anchors, size)
    anchors = np.asarray(anchors)
    if anchors.ndim == 2:
        anchors = np.argsort(-share, kind="stable")[: int((share > 0).sum())]
    total, anchors = len(anchors), anchors[:most]
    labels = np.full(size, -1) if labels is None else np.asarray(labels)
    captions = [class_name(int(labels[i]), class_names) if labels[i] >= 0 else "" for i in anchors]
    kinds = len(np.unique(labels[anchors][labels[anchors] >= 0]))
    told = f"{total} anchors" + (f", the first {most} are shown" if total > most else "")
    spread = f"; these come from {kinds} of {len(np.unique(labels[labels >= 0]))} classes" * (
        kinds > 0
    )
    return image_grid(
        {name: np.asarray(view)[anchors] for name, view in views.items()},
        captions=captions,
        hover=None if ids is None else [str(ids[i]) for i in anchors],
        title=f"The anchors as pictures{f' ({named(policy)})' if policy else ''}",
        subtitle=told + spread,
        simulated=simulated,
        theme=theme,
    )
