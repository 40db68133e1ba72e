"""Which samples are anchors: on the map, and as pictures, policy by policy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .bundles import SampleTable, table_for
from .images import image_grid
from .maps import bare_axes, class_points
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, in_words

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
    samples: SampleTable | None = None,
    *,
    projection: str = "PCA",
    ringed: Mapping[str, Any] | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """The anchors of one or more policies on the teacher's map.

    Args:
        points: (B, 2) coordinates of the batch.
        anchors: policy -> indices (k,) or (B, k). Of the latter, a ring grows with the share of
            rows that use the sample.
        samples: the B samples.
        projection: for the axes.
        ringed: policy -> indices of those of its anchors that alone have a ring, as they tell the
            samples apart most, see :func:`pkdot.analysis.anchor_weight.anchor_weight`.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for no policy, or an index outside the batch.
    """
    points = np.asarray(points, dtype=float)
    if not anchors:
        raise InputError("No policy was given; give at least one, with its anchors.")
    colours, samples = style.colours, table_for(samples, len(points))
    names = samples.names
    columns = min(3, len(anchors))
    rows = -(-len(anchors) // columns)
    ringed = ringed or {}
    titles = [f"<b>{in_words(p)}</b><br>{_explained(p, ringed)}" for p in anchors]
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
            samples,
            style,
            legend=position == 0,
            size=5,
            opacity=0.7,
            row=row,
            col=column,
        )
        share = usage(indices, len(points))
        chosen = np.flatnonzero(share)
        if policy in ringed:
            chosen = np.intersect1d(chosen, np.asarray(ringed[policy]))
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
                    "color": colours.ink,
                    "size": 4 + 9 * np.sqrt(share[chosen]),
                    "line": {"width": 1.6},
                },
                customdata=[
                    [clean(names[i]), samples.group_of(int(i)), 100 * share[i]] for i in chosen
                ],
                hovertemplate="anchor %{customdata[0]}<br>%{customdata[1]}"
                f"<br>used by %{{customdata[2]:.0f}} % of rows<extra>{in_words(policy)}</extra>",
            ),
            row,
            column,
        )
    figure.update_xaxes(range=[-span, span])
    figure.update_yaxes(range=[-span, span])
    for row in range(1, rows + 1):
        filled = min(columns, len(anchors) - (row - 1) * columns)
        bare_axes(figure, filled, clean(projection), row)
    figure.update_layout(legend={"title": {"text": samples.by_class().legend_title}})
    figure = finish(
        figure,
        "The anchors on the teacher's map",
        style,
        subtitle="ringed samples tell the others apart most"
        if set(anchors) <= set(ringed)
        else "ringed samples describe all the others; larger rings serve more rows",
        height=140 + (430 if rows == 1 else 270) * rows,
    )
    figure.update_layout(margin={"t": style.font(126)})
    return figure.update_annotations(font={"size": style.font(12.5)})


def _explained(policy: str, ringed: Mapping[str, Any]) -> str:
    """A policy in a few words, and how many have a ring where not every anchor has one."""
    words = EXPLANATIONS.get(policy, "")
    return f"{words}; {len(ringed[policy])} are ringed" if policy in ringed else words


def anchor_images(
    views: Any,
    anchors: Any,
    samples: SampleTable | None = None,
    *,
    policy: str = "",
    most: int = 30,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """The anchors as pictures, in the order of the policy (``per_sample``: most used first).

    Args:
        views: pictures (B, H, W) or (B, H, W, 3) uint8, or a mapping of such by name.
        anchors: (k,) or (B, k).
        samples: the B samples; their classes stand over the pictures.
        policy: for the title.
        most: draw at most so many.
        style: theme, width, and whether the data are simulated.
    """
    views = dict(views) if isinstance(views, Mapping) else {"": views}
    size = len(next(iter(views.values())))
    share = usage(anchors, size)
    anchors = np.asarray(anchors)
    if anchors.ndim == 2:
        anchors = np.argsort(-share, kind="stable")[: int((share > 0).sum())]
    total, anchors = len(anchors), anchors[:most]
    samples = table_for(samples, size)
    labels = samples.labels
    captions = [samples.group_of(int(i)) if labels[i] >= 0 else "" for i in anchors]
    kinds = len(np.unique(labels[anchors][labels[anchors] >= 0]))
    shown = f"{total} anchors" + (f", the first {most} are shown" if total > most else "")
    spread = f"; these come from {kinds} of {len(np.unique(labels[labels >= 0]))} "
    spread = f"{spread}{clean(samples.words.many)}" * (kinds > 0)
    return image_grid(
        {name: np.asarray(view)[anchors] for name, view in views.items()},
        captions=captions,
        hover=None if samples.ids is None else [str(samples.ids[i]) for i in anchors],
        title=f"The anchors as pictures{f' ({in_words(policy)})' if policy else ''}",
        subtitle=shown + spread,
        style=style,
    )
