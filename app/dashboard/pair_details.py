"""What is known of one sample beside the maps: neighbours, plan, anchor row, pictures, answers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pkdot.analysis.agreement import NEIGHBOURS
from pkdot.analysis.lost_structure import (
    lost_structure,
    nearest_samples,
    neighbour_change,
    receivers,
)
from pkdot.analysis.predictions import Outputs
from pkdot.errors import InputError, printable
from pkdot.figures.images import png

from . import components, method_steps, selection, transport_plans
from .loss_settings import LossSettings
from .selection import HASH_FUNCS, View

WHO = ("teacher", "student")
MOST_RECEIVERS, LEAST = 4, 0.0005
"""Samples that are named as receivers of mass, and the least share of one."""
MOST_ANCHORS = 40
"""Of a row with more, those on which both networks differ most are drawn."""
MOST_MEASURED = 2048
"""Of longer views, so many samples are measured for the table, drawn at random."""


@st.cache_data(max_entries=16, show_spinner="Looking for neighbours …", hash_funcs=HASH_FUNCS)
def lost_samples(view: View, settings: LossSettings) -> pd.DataFrame:
    """A table of what the student lost of the view's samples, the largest loss first.

    See :func:`pkdot.analysis.lost_structure.lost_structure`. A view too long for one plan has no
    mass off class.
    """
    size = len(view.batch.targets)
    rows = None
    if size > MOST_MEASURED:
        rows = np.sort(np.random.default_rng(0).choice(size, MOST_MEASURED, replace=False))
    plan = None
    if size <= selection.LARGEST:
        plan = transport_plans.solve(view, fitting(settings, size)).plan
    outputs = method_steps.outputs(view)
    return lost_structure(
        view.batch.teacher,
        view.batch.student,
        plan=plan,
        labels=view.labels,
        errors=None if outputs is None else outputs.errors("student"),
        neighbours=neighbours_of(view),
        rows=rows,
    )


def off_class(view: View) -> str:
    """What the share of mass that leaves a sample's class is called."""
    return f"mass off {view.samples.words.one}"


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=HASH_FUNCS)
def lost_in_words(view: View, settings: LossSettings) -> pd.DataFrame:
    """The table of :func:`lost_samples` for people: names, percent, and what was answered."""
    table, task, targets = lost_samples(view, settings), view.record.task, view.batch.targets
    rows, off = table["position"].to_numpy(), off_class(view)
    columns: dict[str, Any] = {"sample": [printable(view.ids[i])[:80] for i in rows]}
    if (view.labels >= 0).any():
        taken, by = ("sample", "neighbours lost", off, *WHO), printable(view.samples.by)[:40]
        words = [task.describe(targets[i]) for i in rows]
        columns[f"{by} (target)" if by in taken else by] = words
    columns["neighbours lost"] = 100 * table["lost"].to_numpy()
    if table["off_class"].notna().any():
        columns[off] = 100 * table["off_class"].to_numpy()
    outputs = method_steps.outputs(view)
    for who in WHO if outputs is not None else ():
        columns[who] = answers_in_words(outputs, who, rows)
    return pd.DataFrame(columns)


def answers_in_words(outputs: Outputs, who: str, rows: Any) -> list[str]:
    """What a network says of some samples, with a tick or a cross where that is right or wrong.

    A dash where it says nothing; neither mark where an answer is only more or less wrong.
    """
    answers, errors, known = outputs.answers(who), outputs.errors(who), outputs.known
    judged = np.isfinite(errors) & bool(outputs.task.class_names)

    def word(i: int) -> str:
        mark = "" if not judged[i] else " ✗" if errors[i] > 0 else " ✓"
        return f"{outputs.task.describe(answers[i])}{mark}"

    return [word(i) if known[i] else "–" for i in rows]


def fitting(settings: LossSettings, size: int) -> LossSettings:
    """The same settings with no more anchors than ``size`` samples have."""
    return replace(settings, k=min(settings.k, size - 1))


def neighbours_of(view: View) -> int:
    """How many count as near."""
    return min(NEIGHBOURS, len(view.batch.targets) - 1)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=HASH_FUNCS)
def details_of(view: View, settings: LossSettings, position: int) -> dict[str, Any]:
    """One sample as ``frontend/details.js`` draws it; numbers, names and pictures only."""
    media = components.kept(view.record.media, {}) if view.is_probe else {}
    media = {name: stack for name, stack in media.items() if position < len(stack)}
    sharpest = max(media.values(), key=lambda stack: stack.shape[1], default=None)

    def picture(i: int) -> str | None:
        known = sharpest is not None and i < len(sharpest)
        return png(sharpest[i]) if known else None

    def sample(i: Any, **more: Any) -> dict[str, Any]:
        return {"position": int(i), "picture": picture(int(i)), **more}

    near = [
        nearest_samples(z, neighbours_of(view), [position])[0]
        for z in (view.batch.teacher, view.batch.student)
    ]
    change = neighbour_change(*near)
    neighbours: dict[str, Any] = {
        kind: [sample(i) for i in getattr(change, kind)] for kind in ("kept", "lost", "new")
    }
    return {
        "position": position,
        "name": printable(view.ids[position])[:80],
        "pictures": [
            {"name": printable(name)[:20], "picture": png(stack[position])}
            for name, stack in list(media.items())[:2]
        ],
        "facts": _facts(view, position),
        "neighbours": {**neighbours, "count": neighbours_of(view)},
        **_of_loss(view, settings, position, sample),
    }


def _facts(view: View, position: int) -> list[tuple[str, str]]:
    """Label and value of the sample's target and answers."""
    task, target = view.record.task, view.batch.targets[position]
    known = bool((view.labels >= 0).any())
    facts = [(task.target_label, task.describe(target))] if known else []
    if view.subjects is not None:
        facts.append((view.record.unit, str(view.subjects[position])))
    outputs = method_steps.outputs(view)
    if outputs is not None and outputs.known[position]:
        for who in WHO:
            facts.append((f"{who} says", answers_in_words(outputs, who, [position])[0]))
    return [(printable(label)[:30], printable(value)[:60]) for label, value in facts]


def _of_loss(view: View, settings: LossSettings, position: int, sample: Any) -> dict[str, Any]:
    """Plan and anchor row of the sample, among the samples that were solved with it."""
    block = selection.block_of(view, position)
    start, labels = block.first - view.first, block.labels
    own, size = position - start, len(labels)
    settings = fitting(settings, size)
    solved = transport_plans.solve(block, settings)
    among = "" if size == len(view.batch.targets) else f" (among {size})"
    found: dict[str, Any] = {}
    try:
        sent = receivers(solved.plan, own, MOST_RECEIVERS)
    except InputError:  # an unbalanced plan may leave all of a sample's mass behind
        sent = None
    if sent is not None:
        kinds = np.where(labels == labels[own], "within", "away")
        # Where a label is not known, nothing is known to have left its class.
        kinds[(labels < 0) | (labels[own] < 0)] = "unknown"
        kinds[own] = "itself"
        to = [
            sample(
                start + i,
                share=float(share),
                kind=str(kinds[i]),
                note="itself" if i == own else "",
            )
            for i, share in zip(sent.positions, sent.shares, strict=True)
            if share >= LEAST
        ]
        title = f"The plan sends its mass to{among}"
        away = (
            f"another {view.samples.words.one}" if any(one["kind"] == "away" for one in to) else ""
        )
        found["plan"] = {
            "title": title, "to": to, "rest": sent.rest, "others": sent.others, "away": away
        }  # fmt: skip
    anchors, rows = method_steps.anchors(block, settings), method_steps.anchor_rows(block, settings)
    chosen = anchors[own] if anchors.ndim == 2 else anchors
    teacher, student = (each[own] for each in rows)
    apart = np.abs(teacher - student)
    gap, count = float(apart.mean()), len(chosen)
    shown = np.sort(np.argsort(-apart, kind="stable")[:MOST_ANCHORS])
    of = f"the {len(shown)} of {count} anchors that differ most" if len(shown) < count else ""
    found["row"] = {
        "title": f"Similarity to {of or f'its {count} anchors'}{among}",
        "anchors": [int(start + i) for i in chosen[shown]],
        "teacher": [round(float(value), 4) for value in teacher[shown]],
        "student": [round(float(value), 4) for value in student[shown]],
        "words": f"Cosine similarity to {len(chosen)} anchors; teacher and student differ by "
        f"{gap:.2f} on average.",
    }
    return found
