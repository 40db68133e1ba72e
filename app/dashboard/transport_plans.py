"""Step 3 for what a page looks at: plans of four kinds, cached; the solving is pkdot's."""

import warnings
from typing import Any

import numpy as np
import streamlit as st
import torch

from pkdot.errors import ConvergenceWarning
from pkdot.method.plan_measures import diagonal_mass, plan_entropy, within_class_mass
from pkdot.method.transport import (
    exact_transport,
    sinkhorn,
    sinkhorn_divergence,
    sinkhorn_trace,
    squared_cost,
    unbalanced_transport,
    with_identity,
)

from . import method_steps, widgets
from .selection import View

BLURS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0)
MOST_ITERATIONS = 1000
"""A page answers within seconds: a plan that needs more is shown as it is, and said to be so."""
TRACED, TRACED_IF_LARGE, LARGE = 300, 100, 256
KINDS = {
    "entropic": "entropic (the loss)",
    "exact": "exact (ε = 0)",
    "unbalanced": "unbalanced",
    "identity": "identity-aware",
}


def choose_blur(view: View) -> float:
    """A slider for the blur; its square is the entropy ε."""
    own = widgets.setting(view.record, "blur", 0.1)
    options = sorted({*BLURS, own if BLURS[0] <= own <= BLURS[-1] else 0.1})
    start = own if own in options else 0.1
    return widgets.slide(
        "Entropy ε (the square of the blur)",
        options,
        start,
        key="blur",
        format_func=lambda blur: f"{blur**2:.3g}",
    )


def transport(view: View, k: int, blur: float, policy: str) -> dict[str, Any]:
    """The loss's plan (B, B), the divergence, and the health of the solution."""
    return _transport(view, view.key, k, blur, policy)


def relatives(view: View, k: int, blur: float, policy: str) -> dict[str, dict[str, Any]]:
    """Plans of all four kinds for the same rows, with what they cost and where their mass goes."""
    return _relatives(view, view.key, k, blur, policy)


def trace(view: View, k: int, blur: float, policy: str) -> np.ndarray:
    """Marginal error of each of the first iterations."""
    return _trace(view, view.key, k, blur, policy)


def tolerance() -> float:
    """Where the solver stops in float32."""
    from pkdot.method.transport.entropic import DEFAULT_TOLERANCE

    return float(DEFAULT_TOLERANCE[torch.float32])


def _rows(view: View, k: int, policy: str) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = method_steps.anchors(view, k, policy)
    teacher, student = (
        torch.as_tensor(method_steps.rows(matrix, chosen))
        for matrix in method_steps.similarities(view)
    )
    return teacher, student


@st.cache_data(max_entries=64, show_spinner="Solving the transport …")
def _transport(
    _view: View, key: tuple[Any, ...], k: int, blur: float, policy: str
) -> dict[str, Any]:
    teacher, student = _rows(_view, k, policy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the page says it in words
        cost = squared_cost(teacher, student)
        solution = sinkhorn(cost, epsilon=blur**2, max_iterations=MOST_ITERATIONS)
        divergence = sinkhorn_divergence(
            teacher, student, blur=blur, max_iterations=MOST_ITERATIONS
        )
    return {**_facts(solution, cost, _view), "divergence": float(divergence)}


@st.cache_data(max_entries=32, show_spinner="Solving three more plans …")
def _relatives(
    _view: View, key: tuple[Any, ...], k: int, blur: float, policy: str
) -> dict[str, dict[str, Any]]:
    teacher, student = _rows(_view, k, policy)
    cost = squared_cost(teacher, student)
    typical = float(cost.median())  # prices of leaving mass behind, and of changing identity
    price = typical if typical > 0 else 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        options = {"epsilon": blur**2, "max_iterations": MOST_ITERATIONS}
        solved = {
            "entropic": sinkhorn(cost, **options),
            "exact": exact_transport(cost),
            "unbalanced": unbalanced_transport(cost, penalty=price / 4, **options),
            "identity": sinkhorn(with_identity(cost, price), **options),
        }
    return {KINDS[kind]: _facts(solution, cost, _view) for kind, solution in solved.items()}


@st.cache_data(max_entries=32, show_spinner=False)
def _trace(_view: View, key: tuple[Any, ...], k: int, blur: float, policy: str) -> np.ndarray:
    cost = squared_cost(*_rows(_view, k, policy))
    iterations = TRACED if len(cost) <= LARGE else TRACED_IF_LARGE
    return sinkhorn_trace(cost, epsilon=blur**2, iterations=iterations).marginal_error.numpy()


def _facts(solution: Any, cost: torch.Tensor, view: View) -> dict[str, Any]:
    """A plan and what it says. The cost is that of moving, without entropy or penalties."""
    plan = solution.plan
    mass = float(plan.sum())
    return {
        "plan": plan.numpy(),
        "cost": float((plan * cost).sum()) / mass if mass > 0 else float("nan"),
        "entropy": float(plan_entropy(plan / mass)) if mass > 0 else float("nan"),
        "moved": mass,
        "diagonal": diagonal_mass(plan.numpy()) if mass > 0 else float("nan"),
        "within_class": within_class_mass(plan.numpy(), view.batch.labels)
        if mass > 0
        else float("nan"),
        "converged": bool(solution.converged),
        "iterations": int(solution.iterations),
        "marginal_error": float(solution.marginal_error),
    }
