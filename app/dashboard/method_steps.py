"""The first steps of the method for a view, cached; the computing is pkdot's."""

from dataclasses import replace
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
from pkdot.record import RunRecord, targets_of
from pkdot.record.trajectories import agreement_over_epochs, is_whole

from . import selection
from .components import kept
from .loss_settings import ANCHORS, LossSettings
from .selection import HASH_FUNCS, View

# Each visitor's page computes in a thread of its own, and matrices this small gain nothing from
# more: on a busy machine several would wait for one another.
torch.set_num_threads(1)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=HASH_FUNCS)
def similarities(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Step 1: similarity matrices of teacher and student, (B, B) each."""
    teacher, student = (
        cosine_similarity_matrix(torch.as_tensor(z)).numpy()
        for z in (view.batch.teacher, view.batch.student)
    )
    return teacher, student


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=HASH_FUNCS)
def clustered(view: View) -> np.ndarray:
    """The teacher's own order of the samples, by clustering, (B,) indices."""
    return by_clustering(similarities(view)[0])


@st.cache_data(max_entries=16, show_spinner="Comparing the epochs …", hash_funcs=HASH_FUNCS)
def agreement(record: RunRecord) -> Any:
    """A table of how alike teacher and student became, epoch by epoch."""
    return agreement_over_epochs(record)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=HASH_FUNCS)
def whole_epochs(record: RunRecord) -> list[int]:
    """The logged epochs whose embeddings can be read."""
    return [epoch for epoch in record.epochs if is_whole(record, epoch)]


def anchors(view: View, settings: LossSettings) -> np.ndarray:
    """Step 2: the anchors of the loss, (k,) or (B, k) indices."""
    teacher, loss = torch.as_tensor(similarities(view)[0]), settings.loss()
    return select_anchors(teacher, loss.k, loss.policy, generator=loss.generator).numpy()


def anchor_rows(view: View, settings: LossSettings) -> tuple[np.ndarray, np.ndarray]:
    """Step 2: every sample's similarities to the anchors, of teacher and student, (B, k) each."""
    z = (torch.as_tensor(z) for z in (view.batch.teacher, view.batch.student))
    teacher_rows, student_rows = settings.loss().rows(*z)
    return teacher_rows.numpy(), student_rows.numpy()


def untrained_rows(view: View, anchors: np.ndarray) -> np.ndarray | None:
    """The student's rows (B, k) at the first epoch; None where the view has no earlier one."""
    first = whole_epochs(view.record)[0]
    if not view.is_probe or view.epoch == first:
        return None
    student = similarities(selection.at_epoch(view, first))[1]
    return gather_anchor_rows(torch.as_tensor(student), torch.as_tensor(anchors)).numpy()


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=HASH_FUNCS)
def coverage(view: View) -> Any:
    """A table of what more anchors add, by policy."""
    return coverage_curves(
        similarities(view)[0],
        view.labels,
        [name for name in POLICIES if name != "all"],
        [k for k in ANCHORS if k < len(view.batch.targets)],
        lambda k, policy: anchors(view, replace(LossSettings(), k=k, policy=policy)),
    )


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=HASH_FUNCS)
def maps(view: View) -> Maps:
    """PCA maps of the view's samples, (B, 2) each."""
    return project(view.batch.teacher, view.batch.student)


def film(view: View) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The teacher's PCA map of the probe samples, and the student's at every epoch."""
    epochs = whole_epochs(view.record)
    every = {epoch: maps(selection.at_epoch(view, epoch)) for epoch in epochs}
    return every[epochs[0]].teacher, {epoch: both.student for epoch, both in every.items()}


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=HASH_FUNCS)
def tested(record: RunRecord) -> tuple[Outputs, np.ndarray] | None:
    """What both networks answered on M test samples with a target, and their names (M,).

    None where nobody kept it.
    """
    table = record.predictions
    table = table[table["split"] == "test"].drop_duplicates("sample_id")
    targets, task = targets_of(table), record.task
    found = outputs_of(table, table["sample_id"], targets, task)
    if found is None:
        return None
    kept = found.known & task.has_target(targets)
    if not kept.any():
        return None
    names = table["sample_id"].astype(str).to_numpy()[kept]
    return found.take(kept), names


def outputs(view: View) -> Outputs | None:
    """What both networks answered for the samples of the view; None where nobody kept it."""
    record = view.record
    ids, targets = view.ids, view.batch.targets
    return kept(lambda: outputs_of(record.predictions, ids, targets, record.task), None)
