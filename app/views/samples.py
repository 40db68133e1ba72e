"""The samples themselves, what was hallucinated for them, and what both networks answered."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, record_picker, widgets
from dashboard.figure_cache import figures
from pkdot.analysis.predictions import outputs_of
from pkdot.figures import SampleTable

SHOWN = 20

st.title("Samples", anchor=False)
record = record_picker.chosen_record()
probe, media, features = record.probe, record.media(), record.features()
style = components.figure_style(record.simulated)
ids = [str(name) for name in probe["sample_id"]]
labels = probe["label"].to_numpy(dtype=int)
samples = SampleTable(labels, ids, class_names=record.class_names)
outputs = outputs_of(record.predictions, ids, labels) if len(probe) else None
withheld = record.facts.get("data")
if not media and isinstance(withheld, dict) and str(withheld.get("media")).startswith("left out"):
    st.info(
        f"The pictures were {components.literal(str(withheld['media']))}.", icon=":material/info:"
    )
elif not media and features is None:
    st.info("This record holds neither pictures nor features.", icon=":material/info:")
if not media and features is None and outputs is None:
    st.stop()


def class_word(label: int) -> str:
    """A class in plain words."""
    known = 0 <= label < len(record.class_names)
    return record.class_names[label] if known else ("no label" if label < 0 else str(label))


kinds = sorted({int(label) for label in labels})
names = {str(label): components.plain(class_word(label), 24) for label in kinds}
orders = {"record": "the record's order"}
if outputs is not None:
    orders = {"disagreement": "disagreement", "error": "the student's errors first", **orders}
order = widgets.choose("Sort by", list(orders), key="sort", names=orders)
label = (
    widgets.choose("Class", ["all", *names], key="class", names=names)
    if len(names) <= 12
    else widgets.pick("Class", ["all", *names], key="class")
)
rows = np.arange(len(ids)) if label == "all" else np.flatnonzero(labels == int(label))
if outputs is not None and order != "record":
    apart = np.nan_to_num(outputs.disagreement[rows], nan=-1)
    wrong = (outputs.correct("student")[rows] == 0) if order == "error" else np.zeros(len(rows))
    rows = rows[np.lexsort((-apart, -wrong))]

if media:
    components.panel(
        "The probe samples, which every page follows through training: over each its class, and "
        "the student's answer where that is another.",
        "numbers say how often the two networks disagree; only the samples say on what.",
        "What each network sees",
    )
    captions = []
    for row in rows[:SHOWN]:
        answer = -1 if outputs is None else int(outputs.answers("student")[row])
        missed = answer >= 0 and answer != labels[row]
        caption = class_word(labels[row])
        captions.append(f"{caption} → {class_word(answer)}" if missed else caption)
    components.draw(
        lambda: figures.image_grid(
            {name: pictures[rows[:SHOWN]] for name, pictures in media.items()},
            captions=captions,
            hover=[ids[row] for row in rows[:SHOWN]],
            title="Probe samples",
            subtitle=f"{min(SHOWN, len(rows))} of {len(probe)}; true class → the student's answer",
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
    facts = {"sample": ids[position], "class": class_word(labels[position])}
    facts |= {"subject": subject} if subject not in ("", ids[position]) else {}
    if outputs is not None and outputs.known[position]:
        facts["teacher's answer"] = class_word(int(outputs.answers("teacher")[position]))
        facts["student's answer"] = class_word(int(outputs.answers("student")[position]))
        facts["disagreement"] = f"{outputs.disagreement[position]:.2f}"
    st.markdown(
        "\n".join(f"- {name}: **{components.plain(value)}**" for name, value in facts.items())
    )
with right:
    if outputs is not None and outputs.known[position]:
        components.draw(
            lambda: figures.sample_answers(
                outputs.teacher, outputs.student, position, samples, style=style
            ),
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
    table = pd.DataFrame({"sample": listed, "class": [class_word(labels[row]) for row in rows]})
    if outputs is not None:
        for who in ("teacher", "student"):
            table[who] = [class_word(int(a)) if a >= 0 else "–" for a in outputs.answers(who)[rows]]
        table["disagreement"] = outputs.disagreement[rows]
    return table


with st.expander("All of them as a table"):
    st.dataframe(
        answers(),
        hide_index=True,
        placeholder="–",
        column_config={"disagreement": st.column_config.NumberColumn(format="%.2f")},
    )
