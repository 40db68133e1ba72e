"""Embeddings that a visitor brings become a record; those of a record go to other programs."""

from typing import Any

import streamlit as st

from dashboard import address, components, given_files, other_programs, record_picker, widgets
from dashboard.given_files import GivenFile
from pkdot.errors import PkdotError, printable
from pkdot.record import runs_directory
from pkdot.record.embeddings import compare_embeddings, names_of_files
from pkdot.record.embeddings.files import read_columns, read_names

TASKS = {
    "auto": "by their form",
    "classification": "classes",
    "ordinal": "levels",
    "regression": "values",
    "multilabel": "labels",
}
WAYS = {"upload": "Upload files", "path": "Name files on this machine"}
MOST_SHOWN = 1000


def extras(by_path: bool) -> dict[str, Any]:
    """What few need: names of rows, groups, how many samples are shown, rows with gaps."""
    given = {
        role: given_files.ask(label, role, by_path=by_path)
        for role, label in (("ids", "Names of the rows"), ("groups", "Groups, e.g. subjects"))
    }
    left, right = st.columns(2)
    size = left.number_input(
        "Samples shown, at most", 3, MOST_SHOWN, MOST_SHOWN, key="shown samples"
    )
    seed = right.number_input("Seed of their draw", 0, 9999, 0, key="drawn by")
    drop = st.toggle("Leave out rows with NaN", key="leave out")
    return {**given, "probe": int(size), "seed": int(seed), "drop_missing": drop}


def called(places: Any, files: dict[str, GivenFile | None]) -> tuple[str, str]:
    """What both matrices are called: as somebody says, or as their files."""
    known = [file.path for file in files.values() if file]
    starts = names_of_files(*known) if len(known) == 2 else ("teacher", "student")
    names = [
        place.text_input(
            f"Name of the {who}", placeholder=printable(start), max_chars=60, key=f"{who} is"
        )
        for place, who, start in zip(places, files, starts, strict=True)
    ]
    one, other = (name.strip() or start for name, start in zip(names, starts, strict=True))
    return one, other


def compare(files: dict[str, GivenFile | None], targets: Any, more: Any, options: Any) -> None:
    """Make the record and open it on all pages, or say what is wrong.

    Args:
        files: of teacher and student.
        targets: as :func:`compare_embeddings` takes them.
        more: see :func:`extras`.
        options: names and task.
    """
    teacher, student = (file.path for file in files.values() if file)
    ids, groups = more["ids"], more["groups"]
    picked = st.session_state["target columns"]
    chosen = tuple(name for name in picked if targets and name in targets.choices)
    try:
        with st.spinner("Comparing …"):
            record = compare_embeddings(
                teacher,
                student,
                targets and read_columns(targets.path, chosen),
                ids and read_names(ids.path),
                groups=groups and groups.path,
                runs_dir=runs_directory(),
                **{name: more[name] for name in ("probe", "seed", "drop_missing")},
                **options,
            )
    except PkdotError as error:
        st.error(components.literal(error), icon=":material/error:")
        return
    key = printable(record.path.name)
    widgets.set_aside("run", key)
    st.session_state["brought"] = key
    st.rerun()


def take_in() -> None:
    """Fields for files, and the button that compares them."""
    left, right = st.columns([5, 2], vertical_alignment="center")
    way = left.segmented_control(
        "Files", list(WAYS), default="upload", required=True, format_func=WAYS.__getitem__,
        key="way in", label_visibility="collapsed",
    )  # fmt: skip
    by_path = way == "path"
    with right.popover("Names, groups, gaps", icon=":material/tune:", width="stretch"):
        more = extras(by_path)
    places = st.columns(3)
    files: dict[str, GivenFile | None] = {}
    for place, who in zip(places[:2], ("teacher", "student"), strict=True):
        with place:
            files[who] = given_files.ask(
                f"{who.capitalize()}: a row a sample", who, by_path=by_path
            )
    with places[2]:
        targets = given_files.ask("Targets, if any: labels or values", "targets", by_path=by_path)
    fields = st.columns([3, 3, 3, 3, 2], vertical_alignment="bottom")
    names = called(fields[:2], files)
    fields[2].multiselect(
        "Columns of targets", targets.choices if targets else [], placeholder="all",
        format_func=lambda name: printable(name)[:40], key="target columns",
        disabled=not targets,
    )  # fmt: skip
    task = fields[3].selectbox(
        "Targets are", list(TASKS), format_func=TASKS.__getitem__, key="targets are",
        disabled=not targets,
    )  # fmt: skip
    ready = all(files.values())
    pressed = fields[4].button(
        "Compare", type="primary", disabled=not ready, width="stretch", key="compare embeddings"
    )
    if pressed and ready:
        kind = task if targets and task != "auto" else None
        compare(files, targets, more, {"names": names, "task": kind})


def show_result() -> None:
    """That the record of the last comparison is open, and where to look at it."""
    if st.session_state.get("brought") != st.session_state.get("run"):
        return
    left, right = st.columns([5, 2], vertical_alignment="center")
    left.success("They are a record now, which all pages show.", icon=":material/check:")
    pages = {page.url_path: page for page in st.session_state["pages"]}
    right.page_link(
        pages["pairs"], label="Look at the pairs", icon=":material/compare:",
        query_params=address.parameters() or None, width="stretch",
    )  # fmt: skip


st.title("Your embeddings", anchor=False)
st.caption(
    "Teacher's and student's embeddings of the same samples: npy, npz, csv or parquet. No training."
)
if record_picker.is_private():
    take_in()
    if "brought" in st.session_state:
        show_result()
else:
    st.info(
        "This page takes files only where it listens on its own machine alone, as every visitor "
        "would see them.",
        icon=":material/lock:",
    )
st.subheader("For other programs", anchor=False)
if record_picker.records():
    record = record_picker.chosen_record()
    title = record_picker.titles(record_picker.records())[st.session_state["run"]]
    st.caption(f"The probe samples of {components.literal(title)}.")
    other_programs.offer(record)
else:
    st.caption("Once there is a record, its embeddings can be taken to other programs.")
