"""A record that compares embeddings without training: what was measured, of which samples."""

import pandas as pd
import streamlit as st

from pkdot.figures.style import in_words
from pkdot.record import RunRecord

from . import components, selection


def show_comparison(record: RunRecord) -> None:
    """What was measured of embeddings that were compared without training."""
    facts, metrics = record.facts, record.metrics
    components.panel(
        "Two sets of embeddings of the same samples, compared without any training. Linear CKA and "
        "Procrustes are 1 where one set is a turned and scaled copy of the other.",
        "what two networks share does not depend on how they were trained.",
        f"This comparison: {components.literal(record.name)}",
    )
    names, widths = selection.network_names(record), facts.get("widths")
    widths = widths if isinstance(widths, dict) else {}
    known = metrics[metrics["split"] == "all"].set_index("name")["value"]
    components.tiles(
        {
            "linear CKA": components.number(known.get("cka")),
            "Procrustes": components.number(known.get("procrustes")),
            "samples": components.plain(facts.get("samples", "–")),
            **{
                f"{who}'s width": components.plain(widths.get(name, "–"))
                for who, name in names.items()
            },
        }
    )
    words = "; ".join(f"{who}: {components.plain(name)}" for who, name in names.items())
    probe = components.plain(facts.get("probe", ""), 120)
    st.caption(f"{words}. The pages show this probe: {probe}.")
    table = metrics.pivot_table(index="name", columns="split", values="value", sort=False)
    table.index = pd.Index([in_words(name) for name in table.index], name="measure")
    table = table.rename(columns={"all": "all samples"}).round(3).reset_index()
    st.dataframe(table, hide_index=True, placeholder="–")
    with st.expander("Settings and surroundings"):
        st.json(facts, expanded=1)
