"""The samples themselves, what was hallucinated for them, and what both networks answered."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, record_picker, selection, widgets
from dashboard.figure_cache import figures
from pkdot.analysis.predictions import outputs_of
from pkdot.figures import SampleTable
from pkdot.record import targets_of

SHOWN = 20

st.title("Samples", anchor=False)
record = record_picker.chosen_record()
probe = record.probe
media, features = components.kept(record.media, {}), components.kept(record.features, None)
style = components.figure_style(record.simulated)
ids = [str(name) for name in probe["sample_id"]]
task, targets = record.task, targets_of(probe)
groups = task.groupings(targets)[selection.choose_target(record, targets)]
samples = SampleTable.of_groups(groups, ids)
outputs = None
if len(probe):
    outputs = components.kept(lambda: outputs_of(record.predictions, ids, targets, task), None)
withheld = record.facts.get("data")
if not media and isinstance(withheld, dict) and str(withheld.get("media")).startswith("left out"):
    st.info(
        f"The pictures were {components.literal(str(withheld['media']))}.", icon=":material/info:"
    )
elif not media and features is None:
    st.info("This record holds neither pictures nor features.", icon=":material/info:")
if not media and features is None and outputs is None:
    st.stop()


def group_word(number: int) -> str:
    """A group of targets in plain words."""
    known = 0 <= number < len(groups.names)
    return groups.names[number] if known else (groups.words.none if number < 0 else str(number))


def answer_word(who: str, row: int) -> str:
    """What a network says of a probe sample, in plain words; a dash where it says nothing."""
    assert outputs is not None
    return task.describe(outputs.answers(who)[row]) if outputs.known[row] else "–"


kinds = sorted({int(number) for number in groups.numbers})
names = {str(number): components.plain(group_word(number), 24) for number in kinds}
orders = {"record": "the record's order"}
if outputs is not None:
    orders = {"disagreement": "disagreement", "error": "the student's errors first", **orders}
order = widgets.choose("Sort by", list(orders), key="sort", names=orders)
by = components.plain(groups.by[:1].upper() + groups.by[1:])
label = (
    widgets.choose(by, ["all", *names], key="class", names=names)
    if len(names) <= 12
    else widgets.pick(by, ["all", *names], key="class")
)
rows = np.arange(len(ids)) if label == "all" else np.flatnonzero(groups.numbers == int(label))
if outputs is not None and order != "record":
    apart = np.nan_to_num(outputs.disagreement[rows], nan=-1)
    errors = np.nan_to_num(outputs.errors("student")[rows], nan=-1)
    wrong = errors if order == "error" else np.zeros(len(rows))
    rows = rows[np.lexsort((-apart, -wrong))]

if media:
    components.panel(
        "The probe samples, which every page follows through training: over each its target, and "
        "the student's answer where that is another.",
        "numbers say how often the two networks disagree; only the samples say on what.",
        "What each network sees",
    )
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
            title="Probe samples",
            subtitle=f"{min(SHOWN, len(rows))} of {len(probe)}; truth → the student's answer",
            style=style,
        ),
        "samples",
    )

components.panel(
    "Choose one sample to see what both networks made of it; the list follows the order above.",
    "a student that is wrong for a reason is nearer to learning than one that guesses.",
    "One sample",
)
listed = [ids[row] for row in rows]
position = ids.index(widgets.pick("Sample", listed, key="sample"))
left, right = st.columns([1, 2], vertical_alignment="center")
with left:
    subject = str(probe["subject"].iloc[position])
    facts = {"sample": ids[position], task.target_label: task.describe(targets[position])}
    facts |= {record.unit: subject} if subject not in ("", ids[position]) else {}
    if outputs is not None and outputs.known[position]:
        facts["teacher's answer"] = answer_word("teacher", position)
        facts["student's answer"] = answer_word("student", position)
        facts["disagreement"] = f"{outputs.disagreement[position]:.2f}"
    st.markdown(
        "\n".join(
            f"- {components.plain(name)}: **{components.plain(value)}**"
            for name, value in facts.items()
        )
    )
with right:
    if outputs is not None and outputs.known[position]:
        components.draw(
            lambda: figures.sample_answers(outputs, position, samples, style=style),
            "answers",
        )
    else:
        st.caption("This record keeps no answer of both networks for this sample.")
if media:
    components.draw(
        lambda: figures.image_grid(
            {name: pictures[position : position + 1] for name, pictures in media.items()},
            columns=4,
            title="Its frames and signals",
            style=style,
        ),
        "one-sample",
    )
if features is not None:
    known = samples.take(slice(len(features.real)))
    if position < len(known):
        components.draw(
            lambda: figures.sample_features(*features, position, known, style=style),
            "one-feature",
        )
    components.panel(
        "The T-Net guesses the privileged feature from the prevalent one. On the dotted diagonal a "
        "guess is right; above 0 on the right it is better than always saying the mean.",
        "at test time the student has nothing but these guesses in place of the missing sensor.",
        "Hallucinated features",
    )
    components.draw(lambda: figures.hallucination(*features, style=style), "hallucination")


def answers() -> pd.DataFrame:
    """Every probe sample with both answers, in the order above."""
    words = [task.describe(targets[row]) for row in rows]
    table = pd.DataFrame({"sample": listed, task.target_label: words})
    if outputs is not None:
        for who in ("teacher", "student"):
            table[who] = [answer_word(who, row) for row in rows]
        table["disagreement"] = outputs.disagreement[rows]
    return table


with st.expander("All of them as a table"):
    st.dataframe(
        answers(),
        hide_index=True,
        placeholder="–",
        column_config={"disagreement": st.column_config.NumberColumn(format="%.2f")},
    )
