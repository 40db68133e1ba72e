"""Step 3: the plan that carries the teacher's rows to the student's."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, method_steps, record_picker, selection, transport_plans
from dashboard.figure_cache import figures

st.title("Transport", anchor=False)
record = record_picker.chosen_record()
view = selection.choose_view(record)
policy = method_steps.choose_policy(view)
left, right = st.columns(2)
with left:
    k = method_steps.choose_k(view)
with right:
    blur = transport_plans.choose_blur(view)
solution = transport_plans.transport(view, k, blur, policy)
plan, labels, ids = solution["plan"], view.batch.labels, view.ids
same = solution["within_class"]

components.tiles(
    {
        "divergence": f"{solution['divergence']:.4f}",
        "cost": f"{solution['cost']:.4f}",
        "entropy, nats": f"{solution['entropy']:.2f}",
        "on the diagonal": f"{100 * solution['diagonal']:.1f} %",
        "within the class": components.number(100 * same, ".0f", " %"),
        "iterations": solution["iterations"],
    },
    {
        "divergence": "The loss. Debiased: what remains when each cloud's distance to itself is "
        "taken away.",
        "cost": "What moving the mass costs by this plan, without the entropy.",
        "entropy, nats": f"Of the plan. From {np.log(len(ids)):.2f}, where it matches one to one, "
        f"to {2 * np.log(len(ids)):.2f}, where it sends everything everywhere.",
        "on the diagonal": "Mass of samples matched to themselves; by chance "
        f"{100 / len(ids):.1f} %.",
        "within the class": "Mass that goes to a sample of the same class. The figure below tells "
        "how much that is by chance.",
        "iterations": "Of the solver, which takes larger steps than the textbook's iteration at "
        "the end of this page.",
    },
)
if not solution["converged"]:
    st.warning(
        f"At this ε the plan was not found within {transport_plans.MOST_ITERATIONS} iterations "
        f"(marginal error {solution['marginal_error']:.1e}); it is shown as it was. A larger ε "
        "helps.",
        icon=":material/warning:",
    )

left, right = st.columns([2, 1], vertical_alignment="bottom")
with right:
    sample = selection.choose_sample(view, "Teacher sample")
with left:
    only = st.toggle("Flows of this teacher sample only", key="alone", bind="query-params")


def masses() -> pd.DataFrame:
    """The plan as a table of its pairs, without the smallest masses."""
    i, j = np.nonzero(plan > 1e-6 * plan.max())
    return pd.DataFrame(
        {"teacher_sample": np.take(ids, i), "student_sample": np.take(ids, j), "mass": plan[i, j]}
    )


components.panel(
    "Row i tells where the teacher's sample i sends its mass among the student's samples; the "
    "dotted line is where a sample is matched to itself. Click it to "
    "follow that sample below.",
    "the loss compares two unordered clouds and does not ask for the diagonal; a larger ε blurs "
    "the plan.",
)
components.draw(
    lambda: figures.transport_plan(
        plan, labels=labels, ids=ids, marked=sample, epsilon=blur**2, **view.style
    ),
    "plan",
    data=masses,
    on_pick=selection.pick_sample(view),
)

components.panel(
    "Left the teacher's map, right the student's; each line carries mass: to the sample "
    "itself, within its class, or, in red, out of it. Click a sample to choose it.",
    "red flows are where the student's structure is not yet the teacher's.",
)


def flows() -> object:
    """All flows, or those of the chosen sample."""
    both = method_steps.maps(view)
    source = sample if only else None
    return figures.transport_flows(
        both.teacher, both.student, plan, labels=labels, ids=ids, source=source, **view.style
    )


components.draw(flows, "flows", on_pick=selection.pick_sample(view))
components.draw(
    lambda: figures.sample_mass(plan, sample, labels=labels, ids=ids, **view.style), "sample-mass"
)

components.panel(
    "The same rows, carried by four plans. Exact transport has no entropy; the unbalanced plan may "
    "leave mass behind; the identity-aware one pays for taking a sample for another.",
    "the choice of plan decides what the loss can see: identity, outliers, or neither. A "
    "change of identity is priced at the median cost here, leaving mass behind at a quarter of it.",
    "Its relatives",
)
if st.toggle("Solve them too", value=len(ids) <= 256, key="relatives", bind="query-params"):
    solved = transport_plans.relatives(view, k, blur, policy)
    components.draw(
        lambda: figures.plan_panels(
            {name: facts["plan"] for name, facts in solved.items()}, labels=labels, **view.style
        ),
        "relatives",
    )
    st.dataframe(
        pd.DataFrame(
            {
                "plan": name,
                "cost of moving": components.number(facts["cost"], ".4f"),
                "entropy (nats)": components.number(facts["entropy"]),
                "mass moved": components.number(100 * facts["moved"], ".0f", " %"),
                "on the diagonal": components.number(100 * facts["diagonal"], ".1f", " %"),
                "within the class": components.number(100 * facts["within_class"], ".0f", " %"),
                "converged": "yes" if facts["converged"] else "no",
            }
            for name, facts in solved.items()
        ),
        hide_index=True,
    )

components.panel(
    "The error of the plan after each iteration of the textbook's algorithm; a straight line falls "
    "by the same factor each time.",
    "a small ε makes it crawl, and a loss that stops early is not the loss it claims to be.",
)
components.draw(
    lambda: figures.convergence(
        transport_plans.trace(view, k, blur, policy),
        tolerance=transport_plans.tolerance(),
        epsilon=blur**2,
        **selection.look(record),
    ),
    "convergence",
)
