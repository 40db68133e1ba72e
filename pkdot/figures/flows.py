"""The mass of one sample, as bars, and what flows of mass are called."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from .bundles import SampleTable, table_for
from .style import DEFAULT_STYLE, STRIPES, Array, FigureStyle, clean, finish
from .themes import Theme

LEAST = 0.1
"""Shares below this many percent are no bars."""


def _kinds(pairs: Array, labels: Array) -> Array:
    """For pairs (M, 2) of samples the index into :func:`kind_words`, (M,)."""
    source, target = labels[pairs[:, 0]], labels[pairs[:, 1]]
    kinds = np.where(source == target, 1, 2)
    kinds[(source < 0) | (target < 0)] = 3
    kinds[pairs[:, 0] == pairs[:, 1]] = 0
    return kinds


def kind_words(samples: SampleTable) -> tuple[str, ...]:
    """What flows are called: to itself, within the group, to another, of or to an unknown one."""
    one, without = clean(samples.words.one), clean(samples.words.without)
    unknown = f"to a sample {without}" if (samples.labels >= 0).any() else "to another sample"
    return "to itself", f"within its {one}", f"to another {one}", unknown


def kind_colours(colours: Theme) -> tuple[str, ...]:
    """Their colours."""
    return colours.ink, colours.prevalent, colours.other_class, colours.neutral


def kind_stripes(samples: SampleTable) -> dict[str, str]:
    """Kinds of flows that have a pattern besides their colour, and plotly's name of it."""
    return {kind_words(samples)[2]: STRIPES}


def strongest(plan: Array, most: int, source: int | None = None) -> Array:
    """The pairs (M, 2) that carry the most mass, strongest first; of one source where given."""
    masses = plan if source is None else np.where(np.arange(len(plan))[:, None] == source, plan, 0)
    order = np.argsort(-masses, axis=None, kind="stable")[:most]
    pairs = np.column_stack(np.unravel_index(order, masses.shape))
    return pairs[masses[pairs[:, 0], pairs[:, 1]] > 0]


def sample_mass(
    plan: Any,
    source: int,
    samples: SampleTable | None = None,
    *,
    most: int = 12,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Where one teacher sample sends its mass: its largest shares, as bars.

    Args:
        plan: (B, B) masses.
        source: position of the teacher sample.
        samples: the B samples.
        most: bars at most.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the plan is not square, or the sample has no mass in it.
    """
    p = np.asarray(plan, dtype=float)
    if p.ndim != 2 or p.shape[0] != p.shape[1] or not 0 <= source < len(p):
        raise InputError(f"A plan {p.shape} has no square row {source}; choose another sample.")
    if not p[source].sum() > 0:
        raise InputError("This sample has no mass in the plan; choose another.")
    colours, samples = style.colours, table_for(samples, len(p))
    names, all_kinds = samples.names, kind_words(samples)
    pairs = strongest(p, most, source)
    shares = 100 * p[source, pairs[:, 1]] / p[source].sum()
    pairs, shares = pairs[shares >= LEAST], shares[shares >= LEAST]
    kinds = _kinds(pairs, samples.labels)
    words = [clean(names[j], 24) for j in pairs[:, 1]]
    if (samples.labels >= 0).any():
        words = [f"{clean(names[j], 24)} · {samples.group_of(j)}" for j in pairs[:, 1]]
    figure = go.Figure()
    for number in np.unique(kinds):
        own = np.flatnonzero(kinds == number)
        figure.add_bar(
            x=shares[own],
            y=own,
            orientation="h",
            name=all_kinds[number],
            marker={
                "color": kind_colours(colours)[number],
                "pattern": {
                    "shape": kind_stripes(samples).get(all_kinds[number], ""),
                    "fgcolor": colours.paper,
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            text=[f"{shares[i]:.1f} %" for i in own],
            textposition="outside",
            cliponaxis=False,
            customdata=[words[i] for i in own],
            hovertemplate="%{customdata}: %{x:.1f} %<extra></extra>",
        )
    figure.update_xaxes(
        title="share of the mass (%)", range=[0, 1.16 * float(shares.max())], zeroline=False
    )
    figure.update_yaxes(
        title="student sample",
        tickmode="array",
        tickvals=list(range(len(words))),
        ticktext=words,
        autorange="reversed",
        showgrid=False,
    )
    figure.update_layout(showlegend=True, bargap=0.3)
    return finish(
        figure,
        f"Where the mass of {clean(names[source], 24)} goes",
        style,
        subtitle=f"{shares.sum():.0f} % of its mass goes to "
        + ("this student sample" if len(pairs) == 1 else f"these {len(pairs)} student samples"),
        height=190 + 26 * max(4, len(words)),
    )
