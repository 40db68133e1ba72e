"""What the Lab's page does: sliders, an answer to what the browser asks, and the next frame.

Loading it loads torch.
"""

from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pkdot.errors import PkdotError, printable
from pkdot.experiments.lab import (
    BATCH_SIZE,
    LABELS,
    METHODS,
    Lab,
    LabSettings,
    LabTeacher,
    method_title,
    train_lab_teacher,
    usual_weights,
)

from . import lab_figures, lab_link, lab_places, lasting
from .components import figure_style, literal

MOST_BATCHES = 2000
STRENGTHS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
ANCHORS = (2, 3, 5, 8, 12, 20, 30, 45, BATCH_SIZE)  # the last: every sample is one
BLURS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
WRONG = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
OPTIONS = {
    "method": METHODS,
    "strength": STRENGTHS,
    "k": (*ANCHORS[:-1], None),
    "blur": BLURS,
    "n_labelled": LABELS,
    "wrong": WRONG,
}
"""Setting -> the values that the page offers."""


@st.cache_resource(show_spinner=False)
def teacher() -> LabTeacher:
    """The one teacher of all Labs of this server."""
    return train_lab_teacher()


def choose(lab: Lab) -> LabSettings:
    """The sliders, which start at what the lab has."""
    own = lab.settings
    for name, value in own.model_dump(exclude={"strength"}).items():
        st.session_state.setdefault(f"lab slider {name}", BATCH_SIZE if value is None else value)
    places = st.columns(6, gap="medium")
    with places[0]:
        method = st.selectbox(
            "Method",
            METHODS,
            format_func=method_title,
            key="lab slider method",
            help="How the taught student learns from the teacher.",
        )
    usual = usual_weights(method).values()
    reads = set().union(*LabSettings(method=method).options().values())
    # A slider knows its value by the words it shows, which are other ones for another method.
    st.session_state.setdefault(f"lab slider strength of {method}", own.strength)
    with places[1]:
        strength = st.select_slider(
            "Weight λ",
            STRENGTHS,
            format_func=lambda factor: " + ".join(f"{factor * own:g}" for own in usual),
            key=f"lab slider strength of {method}",
            help="How much the teacher counts beside the labels; 0 switches it off.",
        )
    with places[2]:
        k = st.select_slider(
            "Anchors k",
            ANCHORS,
            format_func=lambda count: f"all {count}" if count == BATCH_SIZE else str(count),
            key="lab slider k",
            disabled="policy" not in reads,
            help="Samples of the batch by which all others are described.",
        )
    with places[3]:
        blur = st.select_slider(
            "Entropy ε",
            BLURS,
            format_func=lambda blur: f"{blur**2:.2g}",
            key="lab slider blur",
            disabled="blur" not in reads,
            help="Blur squared. The larger, the more evenly the plan spreads each sample's mass.",
        )
    with places[4]:
        labels = st.select_slider(
            "Labels",
            LABELS,
            key="lab slider n_labelled",
            help=f"Training samples whose digit both students are told; the teacher knew "
            f"{LABELS[-1]}.",
        )
    with places[5]:
        wrong = st.select_slider(
            "Wrong pairs",
            WRONG,
            format_func=lambda share: f"{100 * share:.0f} %",
            key="lab slider wrong",
            help="Share of the pairs without label where the teacher sees another digit.",
        )
    return LabSettings(
        method=method,
        strength=strength,
        k=None if k == BATCH_SIZE else k,
        blur=blur,
        n_labelled=labels,
        wrong=wrong,
    )


def answer(lab: Lab, ask: dict[str, Any]) -> str:
    """Do what the browser asked for; a sentence where it cannot be done now."""
    if ask["do"] == "restart":
        lab.restart()
        return ""
    if lab.batch >= MOST_BATCHES or ask["seen"] != lab.batch:
        return ""  # at the end, or the browser has not seen the last frame yet
    context = get_script_run_ctx()
    if context is not None and not lab_places.shared_places().take(context.session_id):
        return lab_places.FULL
    lab.step(min(ask["batches"], MOST_BATCHES - lab.batch))
    return ""


@st.fragment
def sliders(lab: Lab) -> None:
    """The sliders; what they say holds from the next batch on."""
    try:
        settings = choose(lab)
        if settings != lab.settings:
            lab.change(**settings.model_dump())
            lab_link.note(lab.settings)
    except PkdotError as error:
        st.error(literal(error), icon=":material/error:")


@st.fragment
def figures(lab: Lab) -> None:
    """The figures; drawn anew for every frame, without the rest of the page."""
    ask = st.session_state.pop("lab ask", {})
    try:
        waits = answer(lab, ask) if ask else ""
    except PkdotError as error:  # the figures stay, and with them the button that begins anew
        waits = printable(str(error))
    lasting.keep_modules()  # the first batch loads more, and no whole page is drawn after it
    lab_figures.show(
        lab_figures.pack(
            lab.frame,
            lab.teacher.corpus.media,
            figure_style(False),
            waits=waits,
            end=MOST_BATCHES,
            names=lab.teacher.corpus.task.class_names,
            teacher=lab.teacher_score,
        ),
        lambda: st.session_state.update({"lab ask": lab_figures.asked()}),
    )


def own_lab() -> Lab:
    """The visitor's own, with the settings of the address; gone with the session."""
    wanted = lab_link.linked(OPTIONS)
    if "the lab" not in st.session_state:
        st.session_state["the lab"] = Lab(teacher(), wanted)
    lab: Lab = st.session_state["the lab"]
    if wanted != lab.settings:  # the reader went back or forward
        lab.change(**wanted.model_dump())
        lab_link.forget_sliders()
    return lab
