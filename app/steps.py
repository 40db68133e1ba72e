"""The steps of the method for what a page looks at, cached; the computing is pkdot's."""

import warnings
from typing import Any

import numpy as np
import shell
import streamlit as st
import torch

from pkdot.anchors import POLICIES, gather_anchor_rows, select_anchors
from pkdot.errors import ConvergenceWarning
from pkdot.projection import Maps, project
from pkdot.record import Batch
from pkdot.similarity import cosine_similarity_matrix
from pkdot.transport import sinkhorn, sinkhorn_divergence, squared_cost

BLURS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0)
ANCHORS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 120, 200)
MOST_ITERATIONS = 1000
"""A page answers within seconds: a plan that needs more is shown as it is, and said to be so."""


def similarities(view: shell.View) -> tuple[np.ndarray, np.ndarray]:
    """Step 1: similarity matrices of teacher and student, (B, B) each."""
    return _similarities(view.batch, view.key)


def anchors(view: shell.View, k: int, policy: str) -> np.ndarray:
    """Step 2: the anchors, (k,) or (B, k); the same draw at every visit for ``random``."""
    teacher = torch.as_tensor(similarities(view)[0])
    return select_anchors(teacher, k, policy, generator=_generator()).numpy()


def rows(matrix: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The similarities (B, B) of every sample to the anchors, (B, k)."""
    return gather_anchor_rows(torch.as_tensor(matrix), torch.as_tensor(chosen)).numpy()


def maps(view: shell.View) -> Maps:
    """PCA maps of what the page looks at."""
    return project(view.batch.teacher, view.batch.student)


def transport(view: shell.View, k: int, blur: float, policy: str) -> dict[str, Any]:
    """Step 3: plan (B, B), divergence, and the health of the solution."""
    return _transport(view, view.key, k, blur, policy)


def choose_policy(view: shell.View) -> str:
    """How anchors are chosen; the run's own policy stands first."""
    own = shell.setting(view.record, "policy", "shared")
    names = sorted(POLICIES, key=lambda name: name != own)
    words = {name: name.replace("_", " ") for name in names}
    return shell.choose("Policy of the anchors", names, key="policy", names=words)


def choose_k(view: shell.View) -> int:
    """How many anchors; the slider starts at the run's own number."""
    most = len(view.batch.labels) - 1
    own = min(shell.setting(view.record, "k", 30), most)
    options = sorted({own, *(k for k in ANCHORS if k <= most)})
    return shell.slide("Number of anchors k", options, own, key="k")


def choose_blur(view: shell.View) -> float:
    """A slider for the blur; its square is the entropy ε."""
    own = shell.setting(view.record, "blur", 0.1)
    options = sorted({*BLURS, own if BLURS[0] <= own <= BLURS[-1] else 0.1})
    start = own if own in options else 0.1
    return shell.slide("Blur (its square is the entropy ε)", options, start, key="blur")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@st.cache_data(max_entries=64, show_spinner=False)
def _similarities(_batch: Batch, key: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
    teacher, student = (
        cosine_similarity_matrix(torch.as_tensor(z)).numpy()
        for z in (_batch.teacher, _batch.student)
    )
    return teacher, student


@st.cache_data(max_entries=64, show_spinner="Solving the transport …")
def _transport(
    _view: shell.View, key: tuple[Any, ...], k: int, blur: float, policy: str
) -> dict[str, Any]:
    chosen = anchors(_view, k, policy)
    teacher, student = (torch.as_tensor(rows(m, chosen)) for m in similarities(_view))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the page says it in words
        solution = sinkhorn(
            squared_cost(teacher, student), epsilon=blur**2, max_iterations=MOST_ITERATIONS
        )
        divergence = sinkhorn_divergence(
            teacher, student, blur=blur, max_iterations=MOST_ITERATIONS
        )
    return {
        "plan": solution.plan.numpy(),
        "divergence": float(divergence),
        "converged": bool(solution.converged),
        "iterations": int(solution.iterations),
        "marginal_error": float(solution.marginal_error),
    }
