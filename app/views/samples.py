"""The samples themselves, and what was hallucinated for them."""

import shell
import streamlit as st

from pkdot import figures

st.title("Samples", anchor=False)
record = shell.chosen_record()
probe, media = record.probe, record.media()
style = {"simulated": record.simulated, "theme": shell.theme()}

if media:
    shell.panel(
        "The probe samples, which every page follows through training; the word over each is its "
        "class.",
        "What each network sees",
    )
    labels = sorted({int(label) for label in probe["label"]})
    words = {str(label): figures.class_name(label, record.class_names) for label in labels}
    label = shell.choose("Class", ["all", *words], key="class", names=words)
    rows = probe.index if label == "all" else probe.index[probe["label"] == int(label)]
    rows = rows[:20]
    shell.draw(
        lambda: figures.image_grid(
            {name: pictures[rows] for name, pictures in media.items()},
            captions=[words[str(value)] for value in probe["label"][rows]],
            hover=list(probe["sample_id"][rows]),
            title="Probe samples",
            subtitle=f"{len(rows)} of {len(probe)}",
            **style,
        ),
        "samples",
    )

features = record.features()
if features is not None:
    shell.panel(
        "The T-Net guesses the privileged feature from the prevalent one. On the dotted diagonal a "
        "guess is right; above 0 on the right it is better than always saying the mean.",
        "Hallucinated features",
    )
    shell.draw(lambda: figures.hallucination(*features, **style), "hallucination")
withheld = record.facts.get("data")
if not media and isinstance(withheld, dict) and str(withheld.get("media")).startswith("left out"):
    st.info(f"The pictures were {shell.literal(str(withheld['media']))}.", icon=":material/info:")
elif not media and features is None:
    st.info("This record holds neither pictures nor features.", icon=":material/info:")
