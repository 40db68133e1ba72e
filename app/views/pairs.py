"""Teacher and student side by side: what became of each sample's neighbours, plan and row?"""

import numpy as np
import streamlit as st

from dashboard import (
    chosen_set,
    loss_settings,
    pair_details,
    pair_maps,
    record_picker,
    second_teacher,
    selection,
    widgets,
)
from dashboard.chosen import read_chosen, write_chosen
from pkdot.errors import printable
from pkdot.figures import marker_palette

TABLE_HEIGHT = 176

record = record_picker.chosen_record()
view = selection.choose_view(record, largest=pair_maps.MOST, title="Pairs")
samples, ids = view.samples, view.ids
settings = loss_settings.run_loss(record).settings
table = pair_details.lost_samples(view, settings)

followed = selection.followed_sample(view)
position = int(table["position"].iloc[0]) if followed is None else followed
if followed is None:
    widgets.set_aside("sample", ids[position])  # other pages begin with it, too
chosen = set(selection.chosen_ids(record))
here = [i for i, name in enumerate(ids) if name in chosen] if chosen else []
palette = marker_palette(samples.by_class(), view.style)
details = pair_details.details_of(view, settings, position)
neighbours = details["neighbours"]
simulated = " · simulated data" if record.simulated else ""
when = "" if view.shown_epoch is None else f", epoch {view.epoch}"
names = selection.network_names(record)
of = {who: f": {printable(name)[:30]}" for who, name in names.items()}
of = {"teacher": "", "student": when} | of
pair_maps.show_maps(
    pair_maps.packed_view(view),
    palette,
    view.style,
    titles=(f"Teacher{of['teacher']}{simulated}", f"Student{of['student']}{simulated}"),
    selected=position,
    chosen=write_chosen(here),
    details=details,
    words=f"Maps of {len(ids)} samples, the teacher's left, the student's right{when}. Chosen: "
    f"{details['name']}; of its {neighbours['count']} nearest samples the student kept "
    f"{len(neighbours['kept'])}. Arrows up and down choose another sample.",
    on_pick=lambda i: widgets.set_aside("sample", ids[i]),
    on_lasso=lambda text: selection.choose_ids(
        record, [ids[i] for i in read_chosen(text, len(ids))]
    ),
)


def take_row() -> None:
    """Follow the sample whose row was clicked."""
    rows = st.session_state[widget]["selection"]["rows"]
    if rows:
        name = ids[int(table["position"].iloc[rows[0]])]
        st.session_state["row's sample"] = name
        widgets.set_aside("sample", name)


def show_scale() -> None:
    """How many neighbours are kept on average, beside those that a second teacher keeps."""
    # Each sample is compared with each, which a long view has no time for.
    is_short = len(ids) <= pair_details.MOST_MEASURED
    scale = second_teacher.scale_of(view) if is_short else second_teacher.NONE
    st.caption(second_teacher.kept_in_words(view, scale, 1 - float(table["lost"].mean())))
    if is_short:
        second_teacher.offer(view, scale)


left, right = st.columns([5, 2])
with left:
    size = "" if len(table) == len(ids) else f" ({len(table)} of {len(ids)}, drawn at random)"
    st.caption(f"What the student lost, the most first{size}. Click a row to see the sample above.")
    # Rows are known by number, so another order needs a table of its own; and so does a sample
    # that was chosen elsewhere, as a table's tick is moved by the table alone.
    if st.session_state.get("row's sample") != ids[position]:
        st.session_state["row's sample"] = ids[position]
        st.session_state["tables"] = st.session_state.get("tables", 0) + 1
    order = (view.epoch, view.is_probe, len(ids), view.target, record.run_id)
    widget = f"lost {order} {st.session_state.get('tables')}"
    spot = np.flatnonzero(table["position"] == position)
    share = {"min_value": 0, "max_value": 100, "format": "%.0f %%"}
    st.dataframe(
        pair_details.lost_in_words(view, settings),
        key=widget,
        hide_index=True,
        height=TABLE_HEIGHT,
        placeholder="–",
        on_select=take_row,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [int(i) for i in spot]}},
        column_config={
            "neighbours lost": st.column_config.ProgressColumn(
                help="Share of the teacher's ten nearest that are not near to the student.",
                **share,
            ),
            pair_details.off_class(view): st.column_config.ProgressColumn(
                help=f"Share of its mass that the plan sends to another {samples.words.one}.",
                **share,
            ),
        },
    )
with right:
    if not here:  # else the set has this place
        show_scale()
    chosen_set.show(view, record, [ids[i] for i in here])
