"""The plan as flows: between groups of samples, or one flow opened into its samples."""

import html
from typing import Any

import numpy as np
import pandas as pd

from pkdot.analysis.plan_bundles import PlanBundles, plan_bundles
from pkdot.figures.style import class_name

from . import components, selection, widgets
from .components import Reading
from .figure_cache import figures
from .selection import View

ALL = "all"
LEAST = 0.0005
"""Of all mass, a flow that can be opened."""


def show(view: View, plan: np.ndarray) -> None:
    """The choice of a flow, and the figure.

    Args:
        view: the samples.
        plan: (B, B) masses between them.
    """
    samples = view.samples
    if (samples.labels < 0).all():
        components.draw(
            lambda: figures.sample_flows(plan, samples, style=view.style),
            "flows",
            Reading("The samples whose mass moves most; click a flow to follow its sample."),
            on_pick=_follow(view),
        )
        return
    found = plan_bundles(plan, samples.labels)
    names = _flow_names(view, found)
    chosen = widgets.pick(
        "Open a flow",
        [ALL, *names],
        key="flow",
        names={ALL: f"all {samples.words.many}", **names},
        label_visibility="collapsed",
    )
    if chosen == ALL:
        components.draw(
            lambda: figures.group_flows(plan, samples, style=view.style),
            "flows",
            Reading(
                "Thickness is mass; click a flow to see its samples.",
                f"Left the teacher's samples, right the student's, bundled by "
                f"{components.plain(samples.by)}. The strongest flows are drawn.",
                f"what leaves its {components.plain(samples.words.one)} is where the student's "
                "structure is not yet the teacher's.",
            ),
            data=lambda: _table(view, found),
            on_pick=lambda points: _open(points, names),
        )
        return
    source, target = (int(end) for end in chosen.split("."))
    components.draw(
        lambda: figures.sample_flows(plan, samples, source=source, target=target, style=view.style),
        "flows",
        Reading("Click a flow to follow its sample; the list above leads back to all."),
        on_pick=_follow(view),
    )


def _group_word(view: View, group: Any) -> str:
    samples = view.samples
    return html.unescape(class_name(int(group), samples.class_names, samples.words.none))


def _flow_names(view: View, found: PlanBundles) -> dict[str, str]:
    """Flows that can be opened, as the address has them, with their share of all mass."""
    names = {}
    order = np.argsort(-found.mass, axis=None, kind="stable")
    for g, h in zip(*np.unravel_index(order, found.mass.shape), strict=True):
        if found.mass[g, h] < LEAST:
            break
        ends = [_group_word(view, found.groups[end]) for end in (g, h)]
        share = f"{100 * found.mass[g, h]:.1f} %"
        words = f"{ends[0]} → {ends[1]}: {share} of the mass"
        names[f"{found.groups[g]}.{found.groups[h]}"] = words
    return names


def _open(points: list[Any], names: dict[str, str]) -> None:
    for source, target, *_ in points:
        flow = f"{source}.{target}"
        if flow in names:
            widgets.set_aside("flow", flow)


def _follow(view: View) -> Any:
    pick = selection.pick_sample(view)
    return lambda points: pick([point for point in points if int(point[0]) >= 0])


def _table(view: View, found: PlanBundles) -> pd.DataFrame:
    """The shares of all mass between groups, as a table."""
    g, h = np.nonzero(found.mass > 0)
    words = [_group_word(view, group) for group in found.groups]
    return pd.DataFrame(
        {
            "teacher": np.take(words, g),
            "student": np.take(words, h),
            "share of mass": found.mass[g, h],
        }
    )
