"""The scale of "r = 0.52": how alike two teachers are, or how to get a second one."""

import json
from dataclasses import dataclass

import streamlit as st

from pkdot.analysis.agreement import MEASURES, NEIGHBOURS
from pkdot.analysis.noise_ceiling import NoiseCeiling, noise_ceiling
from pkdot.errors import PkdotError, RecordError
from pkdot.record import RunRecord
from pkdot.record.second_teacher import second_teachers, teacher_embeddings

from . import background_run, components, record_picker, selection
from .gain import SHIPPED
from .selection import HASH_FUNCS, View


@dataclass(frozen=True)
class Scale:
    """Ceilings of a view, by the seed of the other teacher, and why there are none of others."""

    ceilings: dict[int | None, NoiseCeiling]
    refused: tuple[str, ...]

    @property
    def means(self) -> dict[str, float] | None:
        """Measure -> mean over the other teachers; None where there is none."""
        if not self.ceilings:
            return None
        known = list(self.ceilings.values())
        return {name: sum(c.teachers[name] for c in known) / len(known) for name in MEASURES}


NONE = Scale({}, ())


def scale_of(view: View) -> Scale:
    """The ceilings of a view's samples; none of a training batch, which another seed never saw."""
    if not view.is_probe or selection.is_comparison(view.record):
        return NONE
    return _measured(view, _others(view.record))


def _others(record: RunRecord) -> list[RunRecord]:
    found = []
    for summary in record_picker.records().values():
        fits = summary.status == "finished" and summary.corpus == record.corpus
        if fits and summary.seed not in (None, record.seed):
            try:
                found.append(record_picker.opened(summary.path))
            except RecordError:  # the list of runs says what is wrong with it
                continue
    return second_teachers(record, found)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=HASH_FUNCS)
def _measured(view: View, others: list[RunRecord]) -> Scale:
    ceilings: dict[int | None, NoiseCeiling] = {}
    refused = []
    for other in others:
        try:
            names, z = teacher_embeddings(other)
            ceilings[other.seed] = noise_ceiling(
                view.ids, view.batch.teacher, view.batch.student, names, z
            )
        except PkdotError as error:
            refused.append(str(error))
    return Scale(ceilings, tuple(refused))


def in_words(view: View, scale: Scale, measure: str = "correlation") -> str:
    """One sentence, Markdown: the scale, why there is none, or how to get one; empty for none."""
    record = view.record
    if not view.is_probe or selection.is_comparison(record):
        return ""
    if not scale.ceilings:
        if scale.refused:
            return components.literal(scale.refused[0])
        if record.status != "finished" or not record.config:
            return ""
        return "A second teacher gives the scale: train these settings with another seed."
    known = list(scale.ceilings.values())
    values = [ceiling.teachers[measure] for ceiling in known]
    first = f"two teachers (seeds {record.seed} and {', '.join(map(str, scale.ceilings))})"
    low, high = (components.number(value) for value in (min(values), max(values)))
    said = f"For scale, {first}: r = {low}" + (f" to {high}" if low != high else "")
    if all(ceiling.is_whole for ceiling in known):
        return f"{said}."
    shared = min(known, key=lambda ceiling: ceiling.n)
    return (
        f"{said}, on the {shared.n} samples{' or more' if len(known) > 1 else ''} that both "
        f"followed; this student there: r = {components.number(shared.student[measure])}."
    )


def kept_in_words(view: View, scale: Scale, kept: float) -> str:
    """Sentences, Markdown: how many neighbours the student keeps on average, and a second teacher.

    Args:
        view: the samples of the page.
        scale: its ceilings.
        kept: mean share of a sample's nearest that the student keeps, of all samples of the view.
    """
    near, size = min(NEIGHBOURS, len(view.ids) - 1), len(view.ids)
    chance = f"by chance {near * near / (size - 1):.1f}"
    own = f"On average it keeps **{near * kept:.1f} of {near}** nearest ({chance})."
    if not scale.ceilings:
        words = in_words(view, scale)
        return f"{own} {words}".strip()
    known = list(scale.ceilings.values())
    seeds, whole = ", ".join(map(str, scale.ceilings)), all(c.is_whole for c in known)
    other = sum(c.teachers["neighbour_overlap"] for c in known) / len(known)
    second = f"a second teacher (seed {seeds}) {near * other:.1f}"
    if whole:
        return f"{own} For scale, {second}."
    student = sum(c.student["neighbour_overlap"] for c in known) / len(known)
    least = min(c.n for c in known)
    return (
        f"{own} For scale, among the {least} samples that both followed: {second}, this student "
        f"{near * student:.1f}."
    )


def offer(view: View, scale: Scale) -> None:
    """Where a second teacher is missing, a button that trains one, or its settings."""
    record = view.record
    wanted = not scale.ceilings and view.is_probe and not selection.is_comparison(record)
    if not wanted or record.status != "finished" or not record.config or record.seed is None:
        return
    seeds = [s.seed for s in record_picker.records().values() if s.seed is not None]
    config = {**record.config, "seed": max([record.seed, *seeds]) + 1}
    data = record.config.get("data")
    if not (isinstance(data, dict) and data.get("name") in SHIPPED):
        st.download_button(
            "Settings of a second teacher",
            lambda: json.dumps(config, indent=1).encode(),
            "second-teacher.json",
            "application/json",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help="Then: python -m pkdot run --config second-teacher.json",
        )
        return
    run = background_run.shared_run()
    if not record_picker.is_private() or run.is_training:
        return
    if st.button(
        "Train a second teacher",
        icon=":material/play_arrow:",
        type="tertiary",
        key="make second teacher",
        help="The same settings with another seed, in the background; Runs shows how far it is.",
    ):
        st.session_state["control of"] = record.run_id
        run.start_config(config)
        st.rerun()
