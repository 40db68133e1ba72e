"""The T-Net's work: hallucinated against real privileged features."""

from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..analysis.plans import reconstruction
from .style import DEFAULT_STYLE, FigureStyle, finish, scale

MOST_POINTS = 4000
"""More entries than this are drawn as a density."""


def hallucination(real: Any, hallucinated: Any, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """Hallucinated against real features, and the share of variance explained feature by feature.

    The yardstick is the trivial predictor that always says each feature's mean: it scores R² = 0.

    Args:
        real: (N, F) privileged features as measured.
        hallucinated: (N, F), from the prevalent modality by the T-Net.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the shapes differ, or there are fewer than 2 samples.
    """
    result = reconstruction(real, hallucinated)
    x, y = (np.asarray(m, dtype=float).ravel() for m in (real, hallucinated))
    colours = style.colours
    figure = make_subplots(
        1,
        2,
        column_widths=[0.5, 0.5],
        horizontal_spacing=0.14,
        subplot_titles=["Every entry", "Every feature"],
    )
    low, high = (float(f(np.concatenate([x, y]))) for f in (np.min, np.max))
    pad = 0.04 * (high - low or 1)
    if len(x) <= MOST_POINTS:
        figure.add_scattergl(
            x=x,
            y=y,
            mode="markers",
            marker={"color": colours.privileged, "size": 4, "opacity": 0.45},
            name="entry",
            showlegend=False,
            hovertemplate="real %{x:.2f}<br>hallucinated %{y:.2f}<extra></extra>",
            row=1,
            col=1,
        )
    else:
        counts, x_edges, y_edges = np.histogram2d(x, y, bins=60, range=[[low, high]] * 2)
        figure.add_heatmap(
            z=np.log10(counts.T, where=counts.T > 0, out=np.full_like(counts.T, np.nan)),
            x=x_edges,
            y=y_edges,
            colorscale=scale(colours.sequential[1:]),
            customdata=counts.T,
            colorbar={
                "title": {"text": "entries<br>(log₁₀)"},
                "thickness": 10,
                "x": 0.44,
                "len": 0.9,
                "outlinewidth": 0,
            },
            hovertemplate="real %{x:.2f}<br>hallucinated %{y:.2f}<br>%{customdata} entries"
            "<extra></extra>",
            row=1,
            col=1,
        )
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": colours.ink, "dash": "dot", "width": 1.2},
        name="perfect",
        hoverinfo="skip",
        showlegend=False,
        row=1,
        col=1,
    )
    scores = np.sort(result.r2_by_feature[np.isfinite(result.r2_by_feature)])[::-1]
    floor = -1.0
    figure.add_scatter(
        x=np.arange(1, len(scores) + 1),
        y=scores.clip(min=floor),
        mode="markers",
        marker={"color": colours.privileged, "size": 5},
        showlegend=False,
        customdata=scores,
        hovertemplate="rank %{x}: R² = %{customdata:.2f}<extra></extra>",
        row=1,
        col=2,
    )
    figure.add_hline(
        0,
        line={"color": colours.ink, "width": 1, "dash": "dot"},
        row=1,
        col=2,
    )
    figure.update_xaxes(title="real feature (no unit)", range=[low - pad, high + pad], col=1)
    figure.update_yaxes(title="hallucinated (no unit)", range=[low - pad, high + pad], col=1)
    figure.update_xaxes(title="feature, best first (rank)", col=2)
    least = float(scores.clip(min=floor).min(initial=0))
    figure.update_yaxes(title="R² (1 is perfect)", range=[min(least, 0) - 0.08, 1.05], col=2)
    constant = int((~np.isfinite(result.r2_by_feature)).sum())
    subtitle = f"R² = {result.r2:.2f} over all features, correlation {result.correlation:.2f}"
    subtitle += "; dotted: a perfect guess, and always saying the mean"
    subtitle += f"; {constant} features never vary and are left out" * (constant > 0)
    below = int((scores < floor).sum())
    subtitle += f"; {below} features below −1 are drawn at −1" * (below > 0)
    return finish(
        figure,
        "What the T-Net hallucinates, against what was measured",
        style,
        subtitle=subtitle,
        height=430,
    )
