"""The plan as flows: bundled by group, and one bundle opened into its samples."""

from typing import Any

import numpy as np

from ..analysis.plan_bundles import PlanBundles, plan_bundles, pooled, strongest_flows
from ..errors import InputError
from ..method.plan_measures import within_class_mass
from .bundles import SampleTable, table_for
from .flows import kind_colours, kind_stripes, kind_words
from .ribbons import Bar, Flow, draw_ribbons, side_rooms
from .style import DEFAULT_STYLE, Array, FigureStyle, class_name, clean, finish

MOST_GROUPS = 12
"""Groups a side; of more, those between which least moves are one."""
MOST_FLOWS = 20
"""Ribbons between groups, or between samples."""
MOST_SAMPLES = 10
"""Samples a side of an opened bundle; the others are one."""
NARROW = 600
"""Pixels that a figure has on a page at least; names then have the room that they need."""
SMALL = 0.01
"""Of an opened bundle, a sample with less mass is among the others."""
THIN = 0.0005
"""Of all mass: what is thinner than this is not seen."""


def group_flows(
    plan: Any, samples: SampleTable | None = None, *, style: FigureStyle = DEFAULT_STYLE
) -> Any:
    """How much mass goes from group to group of the samples, as ribbons.

    What stays within a group is drawn whole; of what leaves it, the strongest flows. A click hands
    over the numbers of the two groups; -2 are the groups that were put together.

    Args:
        plan: (B, B) masses from teacher samples to student samples.
        samples: the B samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if shapes do not fit, the plan has no mass, or no sample has a group.
    """
    samples = table_for(samples, len(np.asarray(plan)))
    if (samples.labels < 0).all():
        raise InputError("Flows between groups need samples whose group is known.")
    found = pooled(plan_bundles(plan, samples.labels), MOST_GROUPS)
    words, names = kind_words(samples), _group_names(found, samples)
    flows = _staying_flows(found, names, words)
    leaving = found.mass * (1 - np.eye(len(names)))
    drawn = [p for p in strongest_flows(leaving, most=MOST_FLOWS) if leaving[tuple(p)] > THIN]
    for g, h in drawn:
        pair = (int(found.groups[g]), int(found.groups[h]))
        text = f"{names[g]} → {names[h]}: {100 * leaving[g, h]:.1f} % of all mass"
        kind = words[3] if -1 in pair else words[2]
        flows.append(Flow(int(g), int(h), float(leaving[g, h]), kind, text, pair))
    colours = [_group_colour(int(group), samples, style) for group in found.groups]
    sides = tuple(
        [
            Bar(name, _share_note(out, whole, word), colour, float(whole))
            for name, out, whole, colour in zip(names, moved, masses, colours, strict=True)
        ]
        for moved, masses, word in (
            (leaving.sum(axis=1), found.mass.sum(axis=1), "leaves"),
            (leaving.sum(axis=0), found.mass.sum(axis=0), "arrives"),
        )
    )
    one, many = clean(samples.words.one), clean(samples.words.many)
    within = 100 * within_class_mass(plan, samples.labels)
    left_out = f"; {len(drawn)} flows carry most of the rest" if drawn else ""
    return _finished(
        (sides[0], sides[1]),
        flows,
        samples,
        f"The plan as flows between {many}",
        f"{within:.0f} % of the mass stays within its {one}{left_out}",
        style,
    )


def _staying_flows(found: PlanBundles, names: list[str], words: tuple[str, ...]) -> list[Flow]:
    """What stays with its sample, within its group, or among groups that were put together."""
    flows = []
    for g, group in enumerate(map(int, found.groups)):
        parts = {
            words[0]: found.itself[g],
            words[3 if group == -1 else 1]: found.within[g] - found.itself[g],
            words[2]: found.mass[g, g] - found.within[g],
        }
        for kind, mass in parts.items():
            if mass > THIN:
                text = f"{names[g]}: {100 * mass:.1f} % of all mass goes {kind}"
                flows.append(Flow(g, g, float(mass), kind, text, (group, group)))
    return flows


def sample_flows(
    plan: Any,
    samples: SampleTable | None = None,
    *,
    source: int | None = None,
    target: int | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One bundle of the plan, opened into the samples that send and receive most of it.

    A click hands over the position of the teacher sample that sends; -1 stands for several.

    Args:
        plan: (B, B) masses.
        samples: the B samples.
        source: group of the teacher samples, -1 for those of none; all of them by default.
        target: group of the student samples, likewise.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if shapes do not fit, or no mass goes that way.
    """
    p = np.asarray(plan, dtype=float)
    samples = table_for(samples, len(p))
    whole = plan_bundles(p, samples.labels)  # which checks the plan
    p = p / p.sum()
    members = [
        np.flatnonzero(np.full(len(p), True) if group is None else samples.labels == group)
        for group in (source, target)
    ]
    part = p[np.ix_(*members)]
    if not part.sum() > 0:
        raise InputError("No mass goes this way; open another flow.")
    moved = np.where(members[0][:, None] == members[1][None, :], 0.0, part)
    moved = moved if moved.sum() > 0 else part
    rows, columns = _shown(moved.sum(axis=1)), _shown(moved.sum(axis=0))
    if source == target:  # a sample that stands on one side stands on the other, too
        both = np.union1d(rows, columns)
        most = moved[both].sum(axis=1) + moved[:, both].sum(axis=0)
        rows = columns = both[np.argsort(-most, kind="stable")][:MOST_SAMPLES]
    joined = _joined(part, rows, columns)
    flows = _sample_ribbons(joined, (members[0][rows], members[1][columns]), samples)
    left = sum(flow.mass for flow in flows if flow.source == len(rows))
    right = sum(flow.mass for flow in flows if flow.target == len(columns))
    sent, got = joined[:-1].sum(axis=1), joined[:, :-1].sum(axis=0)
    sides = (
        _sample_bars(sent, (members[0], members[0][rows]), left, samples, style),
        _sample_bars(got, (members[1], members[1][columns]), right, samples, style),
    )
    title = "The strongest flows of the plan"
    if source is not None and target is not None:
        names = [_name_of(group, samples) for group in (source, target)]
        title = f"Opened: {names[0]} → {names[1]}"
    drawn = sum(flow.mass for flow in flows) / float(part.sum())
    share = float(part.sum() / whole.mass.sum())
    return _finished(
        sides,
        flows,
        samples,
        title,
        f"{100 * share:.1f} % of all mass, of which {100 * drawn:.0f} % is drawn",
        style,
    )


def _finished(
    sides: tuple[list[Bar], list[Bar]],
    flows: list[Flow],
    samples: SampleTable,
    title: str,
    subtitle: str,
    style: FigureStyle,
) -> Any:
    kinds = dict(zip(kind_words(samples), kind_colours(style.colours), strict=True))
    titles = ("Teacher", "Student")
    figure = draw_ribbons(sides, flows, kinds, titles, style, patterns=kind_stripes(samples))
    figure = finish(figure, title, style, subtitle=subtitle, height=470)
    # Names stand within the panel, not in its margins, so that the legend has the whole width.
    width = NARROW if style.width is None else style.width
    left, right = (room / width for room in side_rooms(sides, style))
    figure.update_xaxes(domain=[left, 1 - right])
    figure.update_layout(margin={"l": 12, "r": 12, "b": 12}, legend={"y": -0.03}, showlegend=True)
    return figure.update_annotations(font={"size": style.font(12)})


def _group_names(found: PlanBundles, samples: SampleTable) -> list[str]:
    return [_name_of(int(group), samples) for group in found.groups]


def _name_of(group: int, samples: SampleTable) -> str:
    if group == -2:
        return f"other {clean(samples.words.many)}"
    return class_name(group, samples.class_names, samples.words.none)


def _group_colour(group: int, samples: SampleTable, style: FigureStyle) -> str:
    colours = style.colours
    return colours.neutral if group == -2 else samples.by_class().marker(group, colours)[0]


def _share_note(part: float, whole: float, word: str) -> str:
    """What share leaves or arrives; nothing where that rounds to none."""
    share = 100 * part / whole if whole > 0 else 0.0
    return f"{share:.0f} % {word}" if share >= 0.5 else ""


def _shown(masses: Array) -> Array:
    """Positions of the samples that are drawn by themselves, the largest first."""
    order = np.argsort(-masses, kind="stable")[:MOST_SAMPLES]
    return order[masses[order] > SMALL * masses.sum()]


def _joined(part: Array, rows: Array, columns: Array) -> Array:
    """Masses of the chosen rows and columns, (r + 1, c + 1); all others are in the last of each."""
    join = []
    for size, chosen in zip(part.shape, (rows, columns), strict=True):
        matrix = np.zeros((size, len(chosen) + 1))
        matrix[:, -1] = 1
        matrix[chosen, -1] = 0
        matrix[chosen, np.arange(len(chosen))] = 1
        join.append(matrix)
    return np.asarray(join[0].T @ part @ join[1])


def _sample_ribbons(joined: Array, chosen: tuple[Array, Array], samples: SampleTable) -> list[Flow]:
    """The strongest flows between chosen samples, or between them and the others."""
    shown = joined.copy()
    shown[-1, -1] = 0.0  # between samples of which none is named
    flows, words, labels = [], kind_words(samples), samples.labels
    known = bool((labels >= 0).any())
    for i, j in strongest_flows(shown, share=0.95, most=2 * MOST_FLOWS):
        ends = [
            int(own[at]) if at < len(own) else -1 for own, at in zip(chosen, (i, j), strict=True)
        ]
        kind = words[3]
        groups = [
            labels[own[min(at, len(own) - 1)]] for own, at in zip(chosen, (i, j), strict=True)
        ]
        if ends[0] == ends[1] >= 0:
            kind = words[0]
        elif known and min(groups) >= 0:
            kind = words[1] if groups[0] == groups[1] else words[2]
        names = [clean(samples.names[end], 24) if end >= 0 else "the others" for end in ends]
        text = f"{names[0]} → {names[1]}: {100 * joined[i, j]:.2f} % of all mass"
        flows.append(Flow(int(i), int(j), float(joined[i, j]), kind, text, (ends[0],)))
    return flows


def _sample_bars(
    masses: Array,
    members: tuple[Array, Array],
    others: float,
    samples: SampleTable,
    style: FigureStyle,
) -> list[Bar]:
    """Bars of chosen samples, and one of the others as high as what is drawn of their mass.

    Args:
        masses: of the chosen samples, (c,).
        members: positions of all samples of this side, and of the chosen ones.
        others: drawn mass of all that were not chosen.
        samples: of the plan.
        style: theme of the figure.
    """
    bars = []
    for i, mass in zip(members[1], masses, strict=True):
        colour = _group_colour(int(samples.labels[i]), samples, style)
        bars.append(Bar(clean(samples.names[i], 20), "", colour, float(mass)))
    if others > 0:
        rest = f"{len(members[0]) - len(members[1])} others"
        bars.append(Bar(rest, "", style.colours.neutral, others))
    return bars
