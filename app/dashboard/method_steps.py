"""The steps of the method for what a page looks at, cached; the computing is pkdot's."""

from typing import Any

import numpy as np
import streamlit as st
import torch

from pkdot.analysis.anchor_coverage import coverage_curves
from pkdot.analysis.matrix_order import by_clustering
from pkdot.analysis.predictions import Outputs, outputs_of
from pkdot.analysis.projection import Maps, project
from pkdot.method.anchors import POLICIES, gather_anchor_rows, select_anchors
from pkdot.method.similarity import cosine_similarity_matrix
from pkdot.record import RunRecord
from pkdot.record.trajectories import agreement_over_epochs

from . import selection, widgets
from .selection import View

# Each visitor's page computes in a thread of its own, and matrices this small gain nothing from
# more: on a busy machine several would wait for one another.
torch.set_num_threads(1)

ANCHORS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 120, 200)


def similarities(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Step 1: similarity matrices of teacher and student, (B, B) each."""
    return _similarities(view, view.key)


def clustered(view: View) -> np.ndarray:
    """The teacher's own order of the samples, by clustering, (B,)."""
    return _clustered(view, view.key)


def agreement(record: RunRecord) -> Any:
    """A table of how alike teacher and student became, epoch by epoch."""
    return _agreement(record, (*selection.written(record), tuple(record.epochs)))


def anchors(view: View, k: int, policy: str) -> np.ndarray:
    """Step 2: the anchors, (k,) or (B, k); the same draw at every visit for ``random``."""
    teacher = torch.as_tensor(similarities(view)[0])
    generator = torch.Generator().manual_seed(0)
    return select_anchors(teacher, k, policy, generator=generator).numpy()


def rows(matrix: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The similarities (B, B) of every sample to the anchors, (B, k)."""
    return gather_anchor_rows(torch.as_tensor(matrix), torch.as_tensor(chosen)).numpy()


def coverage(view: View) -> Any:
    """A table of what more anchors add, by policy."""
    return _coverage(view, view.key)


def maps(view: View) -> Maps:
    """PCA maps of what the page looks at."""
    return _maps(view, view.key)


def film(view: View) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The teacher's PCA map of the probe samples, and the student's at every epoch."""
    epochs = tuple(view.record.epochs)
    every = {epoch: maps(selection.at_epoch(view, epoch)) for epoch in epochs}
    return every[epochs[0]].teacher, {epoch: both.student for epoch, both in every.items()}


def outputs(view: View) -> Outputs | None:
    """What both networks answered for the samples of the view; None where nobody kept it."""
    return outputs_of(view.record.predictions, view.ids, view.batch.labels)


# -- widgets of the steps ------------------------------------------------------------------------


def policy_names() -> dict[str, str]:
    """Policies in words."""
    return {name: name.replace("_", " ") for name in POLICIES}


def choose_policy(view: View) -> str:
    """How anchors are chosen; the run's own policy stands first."""
    own = widgets.setting(view.record, "policy", "shared")
    names = sorted(POLICIES, key=lambda name: name != own)
    return widgets.choose("Policy of the anchors", names, key="policy", names=policy_names())


def choose_k(view: View) -> int:
    """How many anchors; the slider starts at the run's own number."""
    most = len(view.batch.labels) - 1
    own = min(widgets.setting(view.record, "k", 30), most)
    options = sorted({own, *(k for k in ANCHORS if k <= most)})
    return widgets.slide("Number of anchors k", options, own, key="k")


# -- cached --------------------------------------------------------------------------------------


@st.cache_data(max_entries=64, show_spinner=False)
def _similarities(_view: View, key: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
    teacher, student = (
        cosine_similarity_matrix(torch.as_tensor(z)).numpy()
        for z in (_view.batch.teacher, _view.batch.student)
    )
    return teacher, student


@st.cache_data(max_entries=64, show_spinner=False)
def _clustered(_view: View, key: tuple[Any, ...]) -> np.ndarray:
    return by_clustering(similarities(_view)[0])


@st.cache_data(max_entries=16, show_spinner="Comparing the epochs …")
def _agreement(_record: RunRecord, key: tuple[Any, ...]) -> Any:
    return agreement_over_epochs(_record)


@st.cache_data(max_entries=64, show_spinner=False)
def _maps(_view: View, key: tuple[Any, ...]) -> Maps:
    return project(_view.batch.teacher, _view.batch.student)


@st.cache_data(max_entries=32, show_spinner=False)
def _coverage(_view: View, key: tuple[Any, ...]) -> Any:
    most = len(_view.batch.labels) - 1
    policies = [name for name in POLICIES if name != "all"]
    return coverage_curves(
        similarities(_view)[0],
        _view.batch.labels,
        policies,
        [k for k in ANCHORS if k <= most],
        lambda k, policy: anchors(_view, k, policy),
    )
