"""The samples themselves, what was hallucinated for them, and what both networks answered."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, record_picker, selection, widgets
from dashboard.components import Reading
from dashboard.figure_cache import figures
from pkdot.analysis.predictions import outputs_of
from pkdot.figures import SampleTable
from pkdot.figures.images import png
from pkdot.figures.style import in_words
from pkdot.record import targets_of

SHOWN = 20
PICTURE = 112  # pixels of a picture of one sample

record = record_picker.chosen_record()
probe = record.probe
media, features = components.kept(record.media, {}), components.kept(record.features, None)
style = components.figure_style(record.simulated)
ids = [str(name) for name in probe["sample_id"]]
task, targets = record.task, targets_of(probe)
head = components.bar()
with head:
    components.title("Samples", width="content")
    groups = task.groupings(targets)[selection.choose_target(record, targets)]
samples = SampleTable.of_groups(groups, ids)
outputs = None
if len(probe):
    outputs = components.kept(lambda: outputs_of(record.predictions, ids, targets, task), None)
answered: dict[str, Any] = {}
known = np.zeros(len(ids), bool)
if outputs is not None:
    answered = {who: outputs.answers(who) for who in ("teacher", "student")}
    known = outputs.known
withheld = record.facts.get("data")
if not media and isinstance(withheld, dict) and str(withheld.get("media")).startswith("left out"):
    st.info(
        f"The pictures were {components.literal(str(withheld['media']))}.", icon=":material/info:"
    )
elif not media and features is None and outputs is not None:
    st.caption("This record holds neither pictures nor features.")
if not media and features is None and outputs is None:
    st.info(
        "This record holds neither pictures, features nor answers of single samples. Runs shows "
        "what it keeps; or choose another record.",
        icon=":material/info:",
    )
    st.stop()


def group_word(number: int) -> str:
    """A group of targets in plain words."""
    known = 0 <= number < len(groups.names)
    return groups.names[number] if known else (groups.words.none if number < 0 else str(number))


def answer_word(who: str, row: int) -> str:
    """What a network says of a probe sample, in plain words; a dash where it says nothing."""
    return task.describe(answered[who][row]) if known[row] else "–"


kinds = sorted({int(number) for number in groups.numbers})
names = {"all": "all", **{str(number): group_word(number) for number in kinds}}
orders = {"record": "the record's order"}
if outputs is not None:
    orders = {"disagreement": "disagreement", "error": "the student's errors first", **orders}
by = components.plain(groups.by[:1].upper() + groups.by[1:])
with head:
    order = widgets.choose("Sort by", list(orders), key="sort", names=orders)
    label = widgets.pick(
        by,
        list(names),
        key="class",
        names=names,
        width=selection.SELECT,
    )
rows = np.arange(len(ids)) if label == "all" else np.flatnonzero(groups.numbers == int(label))
if outputs is not None and order != "record":
    apart = np.nan_to_num(outputs.disagreement[rows], nan=-1)
    errors = np.nan_to_num(outputs.errors("student")[rows], nan=-1)
    wrong = errors if order == "error" else np.zeros(len(rows))
    rows = rows[np.lexsort((-apart, -wrong))]

listed = [ids[row] for row in rows]
with head:
    position = ids.index(widgets.pick("Sample", listed, key="sample", width=selection.SELECT))


def show_grid() -> None:
    """The first of the probe samples, in the order that was asked for."""
    captions = []
    for row in rows[:SHOWN]:
        caption = task.describe(targets[row])
        missed = outputs is not None and outputs.errors("student")[row] > 0
        captions.append(f"{caption} → {answer_word('student', row)}" if missed else caption)
    components.draw(
        lambda: figures.image_grid(
            {name: pictures[rows[:SHOWN]] for name, pictures in media.items()},
            captions=captions,
            hover=[ids[row] for row in rows[:SHOWN]],
            title="What each network sees",
            subtitle=f"{min(SHOWN, len(rows))} of {len(probe)}; truth → the student's answer",
            style=style,
        ),
        "samples",
        Reading(
            "Over each its target; click one to see both answers.",
            "These are the probe samples, which every page follows through training; the "
            "student's answer stands there where it is another.",
            "numbers say how often the two networks disagree; only the samples say on what.",
        ),
        on_pick=take_picture,
    )


def take_picture(points: list[list[object]]) -> None:
    """Follow the sample whose picture was clicked."""
    if points:
        widgets.set_aside("sample", listed[int(str(points[-1][0]))])


def show_facts() -> None:
    """What is known of one sample."""
    subject = str(probe["subject"].iloc[position])
    facts = {"sample": ids[position], task.target_label: task.describe(targets[position])}
    facts |= {record.unit: subject} if subject not in ("", ids[position]) else {}
    if outputs is not None and outputs.known[position]:
        facts["teacher's answer"] = answer_word("teacher", position)
        facts["student's answer"] = answer_word("student", position)
        facts["disagreement"] = f"{outputs.disagreement[position]:.2f}"
    st.caption(
        " · ".join(
            f"{components.plain(name)}: **{components.plain(value)}**"
            for name, value in facts.items()
        )
    )


def show_answers() -> None:
    """Both networks' answers to one sample."""
    if outputs is None or not outputs.known[position]:
        st.caption("This record keeps no answer of both networks for this sample.")
        return
    components.draw(
        lambda: figures.sample_answers(outputs, position, samples, style=style),
        "answers",
        Reading("A student that is wrong for a reason is nearer to learning."),
    )


def show_pictures() -> None:
    """One sample, large, beside what is known of it."""
    with st.container(horizontal=True, gap="small"):
        for name, pictures in media.items():
            if position < len(pictures):
                caption = components.plain(in_words(name))
                st.image(png(pictures[position]), caption, width=PICTURE)


def show_features() -> None:
    """Real and hallucinated features: of one sample, and of all."""
    assert features is not None
    known = samples.take(slice(len(features.real)))
    components.draw(
        lambda: figures.hallucination(*features, style=style),
        "hallucination",
        Reading(
            "On the dotted diagonal a guess is right.",
            "The T-Net guesses the privileged feature from the prevalent one. Above 0 on the "
            "right it is better than always saying the mean.",
            "at test time the student has nothing but these guesses in place of the missing "
            "sensor.",
        ),
    )
    if position < len(known):
        components.draw(
            lambda: figures.sample_features(*features, position, known, style=style),
            "one-feature",
            Reading("The chosen sample's feature."),
        )


def answers() -> pd.DataFrame:
    """Every probe sample with both answers, in the order above."""
    words = [task.describe(targets[row]) for row in rows]
    table = pd.DataFrame({"sample": listed, task.target_label: words})
    if outputs is not None:  # what they are sorted by stands where no narrow window cuts it off
        for who in ("teacher", "student"):
            table[who] = [answer_word(who, row) for row in rows]
        table.insert(1, "disagreement", outputs.disagreement[rows])
    return table


def show_table(height: Any = "auto") -> None:
    """All of them as a table."""
    st.dataframe(
        answers(),
        hide_index=True,
        height=height,
        placeholder="–",
        column_config={"disagreement": st.column_config.NumberColumn(format="%.2f")},
    )


panels = {"samples": "Samples", "features": "Hallucinated features", "table": "Table"}
if features is None:
    panels.pop("features")
if not media:  # the table stands in the place of pictures
    panels.pop("table")
panel, place = widgets.tabs(panels)
with place:
    if panel == "samples":
        left, right = components.halves([3, 2])
        with left:
            if media:
                show_grid()
            else:
                show_table(560)
        with right:
            show_facts()
            show_pictures()
            show_answers()
    else:
        {"features": show_features, "table": show_table}[panel]()
