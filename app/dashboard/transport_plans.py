"""Step 3 for a view: the run's plan and its relatives, cached; the solving is pkdot's."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
import torch

from pkdot.errors import ConvergenceWarning
from pkdot.method.plan_measures import diagonal_mass, plan_entropy, within_class_mass
from pkdot.method.structure import Structure
from pkdot.method.transport import sinkhorn_trace, squared_cost
from pkdot.method.transport.entropic import DEFAULT_TOLERANCE, relative_epsilon

from .loss_settings import LossSettings
from .selection import HASH_FUNCS, View

TRACED, TRACED_IF_LARGE, LARGE = 300, 100, 256
FORMS = {
    "entropic": "entropic",
    "exact": "exact (ε = 0)",
    "unbalanced": "unbalanced",
    "identity": "identity-aware",
}


@dataclass(frozen=True, eq=False)
class SolvedPlan:
    """A plan between teacher's and student's rows, and what it says.

    Attributes:
        plan: (B, B) masses.
        divergence: the loss, of which the plan is one part.
        epsilon: strength of the entropy in force, in units of the cost; 0 for an exact plan.
        cost: of a unit of mass under the loss's cost, without entropy and penalty.
        moving: the same without what a change of identity costs.
        entropy: of the plan at mass 1, in nats.
        mass: what is moved; 1 unless some may stay behind.
        diagonal: share of the mass that stays with its sample.
        within_class: share of the mass that stays within its class; NaN without labels.
        converged: whether the solver reached its tolerance.
        iterations: of the solver.
        marginal_error: share of the mass that is in the wrong place.
    """

    plan: np.ndarray
    divergence: float
    epsilon: float
    cost: float
    moving: float
    entropy: float
    mass: float
    diagonal: float
    within_class: float
    converged: bool
    iterations: int
    marginal_error: float


@st.cache_data(max_entries=16, show_spinner="Solving the transport …", hash_funcs=HASH_FUNCS)
def structure(view: View, settings: LossSettings) -> Structure:
    """Every step of the loss under these settings."""
    teacher, student = (torch.as_tensor(z) for z in (view.batch.teacher, view.batch.student))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the page says it in words
        return settings.loss().structure(teacher, student)


@st.cache_data(max_entries=64, show_spinner="Solving the transport …", hash_funcs=HASH_FUNCS)
def solve(view: View, settings: LossSettings) -> SolvedPlan:
    """The plan of the loss under these settings."""
    steps = structure(view, settings)
    plan, transport = steps.transport.plan, steps.transport
    moving, mass = squared_cost(steps.teacher_rows, steps.student_rows), float(plan.sum())
    none = mass <= 0
    nan = float("nan")
    return SolvedPlan(
        plan=plan.numpy(),
        divergence=float(steps.divergence),
        epsilon=0.0 if settings.transport == "exact" else entropic_epsilon(view, settings),
        cost=nan if none else float((plan * steps.cost).sum()) / mass,
        moving=nan if none else float((plan * moving).sum()) / mass,
        entropy=nan if none else float(plan_entropy(plan / mass)),
        mass=mass,
        diagonal=nan if none else diagonal_mass(plan.numpy()),
        within_class=nan if none else within_class_mass(plan.numpy(), view.labels),
        converged=bool(transport.converged),
        iterations=int(transport.iterations),
        marginal_error=float(transport.marginal_error),
    )


def is_combined(settings: LossSettings) -> bool:
    """Whether a plan is of two kinds at once: exact or unbalanced, and identity-aware."""
    return settings.identity > 0 and settings.transport != "entropic"


@st.cache_data(max_entries=32, show_spinner="Solving three more plans …", hash_funcs=HASH_FUNCS)
def relatives(view: View, settings: LossSettings, own_name: str) -> dict[str, SolvedPlan]:
    """Plans of every kind for the same rows, by name.

    Args:
        view: the samples.
        settings: of the page's own plan, which is marked; every other is changed in its kind only.
        own_name: how the page's own plan is marked.
    """
    steps = structure(view, settings)
    typical = float(squared_cost(steps.teacher_rows, steps.student_rows).median())
    price = typical if typical > 0 else 1.0  # of a change of identity; a quarter of mass left
    unbalanced = settings.transport == "unbalanced"
    plain = replace(settings, identity=0.0)
    forms = {
        "entropic": replace(plain, transport="entropic"),
        "exact": replace(plain, transport="exact"),
        "unbalanced": replace(
            plain,
            transport="unbalanced",
            penalty=settings.penalty if unbalanced else price / 4,
        ),
        "identity": replace(plain, transport="entropic", identity=settings.identity or price),
    }
    named = {}
    if is_combined(settings):
        named[f"{settings.transport}, identity-aware ({own_name})"] = settings
    for kind, form in forms.items():
        own = form == settings
        named[f"{FORMS[kind].split(' (')[0]} ({own_name})" if own else FORMS[kind]] = form
    return {name: solve(view, form) for name, form in named.items()}


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=HASH_FUNCS)
def trace(view: View, settings: LossSettings) -> np.ndarray:
    """Marginal error after each of the first iterations of Sinkhorn, (t,)."""
    cost, epsilon = structure(view, settings).cost, entropic_epsilon(view, settings)
    iterations = TRACED if len(cost) <= LARGE else TRACED_IF_LARGE
    return sinkhorn_trace(cost, epsilon=epsilon, iterations=iterations).marginal_error.numpy()


def tolerance(settings: LossSettings) -> float:
    """The marginal error at which the solver stops, in float32."""
    default = float(DEFAULT_TOLERANCE[torch.float32])
    return default if settings.tolerance is None else settings.tolerance


def entropic_epsilon(view: View, settings: LossSettings) -> float:
    """ε in units of the cost: blur², times the median cost where it is relative."""
    epsilon = settings.blur * settings.blur
    if not settings.relative:
        return epsilon
    steps = structure(view, settings)
    return relative_epsilon(squared_cost(steps.teacher_rows, steps.student_rows), epsilon)
