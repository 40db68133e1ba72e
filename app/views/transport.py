"""Step 3: the plan that carries the teacher's rows to the student's."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import (
    components,
    flow_bundles,
    loss_settings,
    record_picker,
    selection,
    transport_plans,
    widgets,
)
from dashboard.components import Reading
from dashboard.figure_cache import figures

record = record_picker.chosen_record()
view = selection.choose_view(record, title="Transport")
loss = loss_settings.run_loss(record)
with components.bar():
    policy = loss_settings.choose_policy(loss.settings, as_list=True)
    k = loss_settings.choose_k(loss.settings, len(view.batch.targets), policy)
    blur = loss_settings.choose_blur(loss.settings)
    sample = selection.choose_sample(view, "Teacher sample")
settings = replace(loss.settings, k=k, blur=blur, policy=policy)
solution = transport_plans.solve(view, settings)
plan, samples, ids = solution.plan, view.samples, view.ids
own_loss = "PKDOT's loss" if loss.note else "the loss"
exact = settings.transport == "exact"
debiased = "Debiased: what remains when each cloud's distance to itself is taken away."
has_groups = bool((samples.labels >= 0).any())
one = components.plain(samples.words.one)
tiles = (
    {
        "divergence": f"{solution.divergence:.4f}",
        "cost": f"{solution.cost:.4f}",
        "entropy, nats": f"{solution.entropy:.2f}",
        "on the diagonal": f"{100 * solution.diagonal:.1f} %",
        f"within the {one}": components.number(100 * solution.within_class, ".0f", " %"),
        "iterations": solution.iterations,
    },
    {
        "divergence": f"{own_loss[0].upper()}{own_loss[1:]}. "
        + ("Without entropy there is nothing to debias." if exact else debiased),
        "cost": "What moving the mass costs by this plan, without the entropy."
        + " The price on changing identity counts." * (settings.identity > 0),
        "entropy, nats": f"Of the plan. From {np.log(len(ids)):.2f}, where it matches one to one, "
        f"to {2 * np.log(len(ids)):.2f}, where it sends everything everywhere.",
        "on the diagonal": "Mass of samples matched to themselves; by chance "
        f"{100 / len(ids):.1f} %.",
        f"within the {one}": f"Mass that goes to a sample of the same {one}. The plan's figure "
        "gives the share by chance.",
        "iterations": "Of the solver, which takes larger steps than the textbook's iteration.",
    },
)
if not has_groups:
    tiles[0].pop(f"within the {one}")
if not solution.converged:
    st.warning(
        f"At this ε the plan was not found within {settings.max_iterations} iterations "
        f"(marginal error {solution.marginal_error:.1e}); it is shown as it was. A larger ε "
        "helps.",
        icon=":material/warning:",
    )


def masses() -> pd.DataFrame:
    """The plan as a table of its pairs, without the smallest masses."""
    i, j = np.nonzero(plan > 1e-6 * plan.max())
    return pd.DataFrame(
        {"teacher_sample": np.take(ids, i), "student_sample": np.take(ids, j), "mass": plan[i, j]}
    )


def show_sample() -> None:
    """Whom the chosen sample's mass goes to."""
    components.draw(
        lambda: figures.sample_mass(plan, sample, samples, style=view.style),
        "sample-mass",
        Reading("The chosen teacher sample: whom its mass goes to."),
    )


def show_plan() -> None:
    """The whole plan as a matrix."""
    components.draw(
        lambda: figures.transport_plan(
            plan, samples, marked=sample, epsilon=solution.epsilon, style=view.style
        ),
        "plan",
        Reading(
            "A row is a teacher sample; click the diagonal to follow one.",
            "Row i shows where the teacher's sample i sends its mass among the student's samples. "
            "On the dotted line a sample is matched to itself.",
            "the loss compares two unordered clouds and does not ask for the diagonal; a larger ε "
            "blurs the plan.",
        ),
        data=masses,
        on_pick=selection.pick_sample(view),
    )


def show_relatives() -> None:
    """Plans of other kinds for the same rows."""
    own_price = settings.identity > 0 or settings.transport == "unbalanced"
    prices = (
        "The run's own prices hold; without one, a change of identity costs the median cost, mass "
        "left behind a quarter of it."
        if own_price
        else "A change of identity is priced at the median cost here, leaving mass behind at a "
        "quarter of it."
    )
    solved = transport_plans.relatives(view, settings, own_loss)
    components.draw(
        lambda: figures.plan_panels(
            {name: found.plan for name, found in solved.items()}, samples, style=view.style
        ),
        "relatives",
        Reading(
            f"The same rows, carried by {len(solved)} plans.",
            "Exact transport has no entropy; the unbalanced plan may leave mass behind; the "
            f"identity-aware one pays for taking a sample for another. {prices}",
            "the choice of plan decides what the loss can see: identity, outliers, or neither.",
        ),
    )
    st.dataframe(
        pd.DataFrame(
            {
                "plan": name,
                "cost of moving": components.number(found.moving, ".4f"),
                "entropy (nats)": components.number(found.entropy),
                "mass moved": components.number(100 * found.mass, ".0f", " %"),
                "on the diagonal": components.number(100 * found.diagonal, ".1f", " %"),
                f"within the {one}": components.number(100 * found.within_class, ".0f", " %"),
                "converged": "yes" if found.converged else "no",
            }
            for name, found in solved.items()
        ).drop(columns=[] if has_groups else f"within the {one}"),
        hide_index=True,
    )


def show_iteration() -> None:
    """How the textbook's algorithm gets there."""
    balanced = settings.transport != "entropic"
    components.draw(
        lambda: figures.convergence(
            transport_plans.trace(view, settings),
            tolerance=transport_plans.tolerance(settings),
            epsilon=transport_plans.entropic_epsilon(view, settings),
            style=view.style,
        ),
        "convergence",
        Reading(
            "The plan's error after each step of the textbook's algorithm.",
            "A straight line falls by the same factor each time."
            + " The iteration is that of the balanced entropic plan under the same cost."
            * balanced,
            "a small ε makes it crawl, and a loss that stops early is not the loss it claims to "
            "be.",
        ),
    )


panels = {"flows": "Flows", "plan": "Plan", "others": "Other plans", "steps": "Iteration"}
panel, place = widgets.tabs(panels)
with place:
    if panel in ("flows", "plan"):
        left, right = components.halves([3, 2])
        with left:
            if panel == "flows":
                flow_bundles.show(view, plan)
            else:
                show_plan()
        with right:
            show_sample()
    elif panel == "others":
        show_relatives()
    else:
        show_iteration()

# Under the figure, which is what the page is opened for.
components.tiles(*tiles)
if loss.note:
    st.caption(components.plain(loss.note, 160))
if exact:
    st.caption("Exact transport has no entropy; ε is that of the other plans below.")
elif settings.relative:
    st.caption(f"ε = {solution.epsilon:.3g}: {blur**2:.3g} times the median cost.")
