"""What a page shows: one epoch of one record, on its probe samples or on a training batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from pkdot.errors import RecordError
from pkdot.figures import FigureStyle, SampleTable
from pkdot.record import Batch, RunRecord
from pkdot.record.embeddings import SOURCE
from pkdot.tasks import TargetGroups

from . import address, widgets
from .chosen import LONGEST, read_chosen, write_chosen
from .components import bar, figure_style, literal, plain
from .components import title as page_title

LARGEST = 512
"""Samples beyond this many are left out of what has to be solved at every move of a slider."""
MOST_TARGETS = 2
"""Targets beyond so many are chosen from a list."""
SLIDER, BUTTON, SELECT = 190, 118, 180
"""Pixels of controls that stand in one line, also in a window 1024 pixels wide."""
SOURCES = {"probe": "probe samples", "batch": "training batch"}


@dataclass(frozen=True)
class View:
    """One epoch of one record.

    Attributes:
        record: the record.
        epoch: the epoch that the slider stands at.
        batch: the probe or a training batch of that epoch.
        is_probe: which of the two.
        subjects: (B,) names, or None where samples are not grouped by subject.
        target: which of the task's ways to sort samples is chosen, see
            :meth:`pkdot.tasks.Task.groupings`.
        first: where these samples begin among all of that epoch.
    """

    record: RunRecord
    epoch: int
    batch: Batch
    is_probe: bool
    subjects: Any = None
    target: int = 0
    first: int = 0

    @cached_property
    def ids(self) -> list[str]:
        """The samples' names."""
        return [str(name) for name in self.batch.sample_ids]

    @property
    def groups(self) -> TargetGroups:
        """The samples sorted by their targets: classes, or ranges of values."""
        return self.record.task.groupings(self.batch.targets)[self.target]

    @property
    def labels(self) -> Any:
        """Group of each sample, (B,); -1 for none."""
        return self.groups.numbers

    @property
    def samples(self) -> SampleTable:
        """The samples as figures take them."""
        return SampleTable.of_groups(self.groups, self.ids, self.subjects)

    @property
    def shown_epoch(self) -> int | None:
        """The epoch for titles; None where nothing was trained."""
        return None if is_comparison(self.record) else self.epoch

    @property
    def style(self) -> FigureStyle:
        """The style of every figure of this record."""
        return figure_style(self.record.simulated)


def _written(record: RunRecord) -> tuple[str, int]:
    """A record's folder, and when its manifest was last written."""
    return str(record.path), (record.path / "run.json").stat().st_mtime_ns


HASH_FUNCS: dict[str | type[Any], Callable[[Any], Any]] = {
    RunRecord: lambda record: (*_written(record), *record.epochs),
    View: lambda view: (
        *_written(view.record),
        view.epoch,
        view.is_probe,
        len(view.batch.targets),
        view.target,
        view.first,
    ),
}
"""What Streamlit's caches know a record or view by; another once the record is written again.
A view stays the same when a running record logs another epoch."""


def choose_view(
    record: RunRecord,
    *,
    sources: bool = True,
    epochs: Sequence[int] | None = None,
    largest: int = 0,
    title: str = "",
) -> View:
    """A slider that plays for the epoch and, where the record has training batches, a source.

    Stops the page with a sentence where nothing was logged.

    Args:
        record: the record.
        sources: whether training batches may be shown, too.
        epochs: the epochs to choose from, where not all of them will do.
        largest: samples that are shown, where a page can show more than :data:`LARGEST`.
        title: of the page, beside the slider.
    """
    source, largest = "probe", max(largest, LARGEST)
    with bar():
        if title:
            page_title(title, width="content")
        left, button = st.container(width=SLIDER), st.container(width=BUTTON)
        right, targets = st.container(width="content"), st.container(width="content")
    if sources and record.batch_epochs:
        with right:
            source = widgets.choose("Look at", list(SOURCES), key="source", names=SOURCES)
    known = list(epochs or record.epochs) if source == "probe" else record.batch_epochs
    if not known:
        st.info(no_embeddings(record), icon=":material/info:")
        st.stop()
    start = record.best_epoch if record.best_epoch in known else known[-1]
    if is_comparison(record):
        epoch = start
        names = network_names(record).items()
        left.caption("; ".join(f"{who}: {plain(name)}" for who, name in names))
    else:
        with left:
            epoch = widgets.slide("Epoch of the student", known, start, key="epoch")
    st.session_state["epochs here"] = known
    if len(known) > 1:
        with button:
            widgets.play_button("epoch", known)
    try:
        batch = record.probe_batch(epoch) if source == "probe" else record.batch(epoch)
    except RecordError as error:
        others = " Other epochs may be whole: move the slider." if len(known) > 1 else ""
        st.error(literal(error) + others, icon=":material/error:")
        st.stop()
    subjects = record.probe["subject"].astype(str).to_numpy() if source == "probe" else None
    if len(batch.targets) > largest:
        st.caption(f"The first {largest} of {len(batch.targets)} samples are shown.")
        batch = _part(batch, 0, largest)
        subjects = None if subjects is None else subjects[:largest]
    if subjects is not None and not 1 < len(np.unique(subjects)) < len(subjects):
        subjects = None
    with targets:
        target = choose_target(record, batch.targets)
    return View(record, epoch, batch, source == "probe", subjects, target)


def no_embeddings(record: RunRecord) -> str:
    """Why a record has none to show."""
    if record.status == "running":
        return "This record holds no embeddings yet; they appear once the student trains."
    return "This record keeps no embeddings. Runs shows what it keeps; or choose another record."


def is_comparison(record: RunRecord) -> bool:
    """Whether a record compares embeddings that somebody brought, without any training."""
    return record.facts.get("source") == SOURCE


def network_names(record: RunRecord) -> dict[str, str]:
    """What teacher and student are called, where the record says."""
    names = record.facts.get("names")
    known = names if isinstance(names, dict) else {}
    return {who: str(known[who]) for who in ("teacher", "student") if who in known}


def choose_target(record: RunRecord, targets: Any) -> int:
    """Which target sorts and colours the samples, where there are several; see :class:`View`."""
    groupings = record.task.groupings(targets)
    known = [i for i, groups in enumerate(groupings) if (groups.numbers >= 0).any()]
    if len(known) < 2:
        return known[0] if known else 0
    names = {str(i): groupings[i].by for i in known}
    if len(names) > MOST_TARGETS:
        return int(widgets.pick("Target", list(names), key="target", names=names, width=SELECT))
    names = {option: plain(name) for option, name in names.items()}
    return int(widgets.choose("Target", list(names), key="target", names=names))


def at_epoch(view: View, epoch: int) -> View:
    """The same probe samples at another epoch."""
    whole = view.record.probe_batch(epoch)
    batch = _part(whole, view.first, len(view.batch.targets))
    return View(view.record, epoch, batch, True, view.subjects, view.target, view.first)


def block_of(view: View, position: int) -> View:
    """The :data:`LARGEST` samples around one of a long view, as a view that can be solved.

    Long views are cut into blocks of that many, like batches; the block holds the position.
    """
    size = len(view.batch.targets)
    if size <= LARGEST:
        return view
    first = min(position // LARGEST * LARGEST, size - LARGEST)
    subjects = None if view.subjects is None else view.subjects[first : first + LARGEST]
    batch = _part(view.batch, first, LARGEST)
    return replace(view, batch=batch, subjects=subjects, first=view.first + first)


def _part(batch: Batch, first: int, size: int) -> Batch:
    """Some samples of a batch, in their order."""
    columns = (batch.sample_ids, batch.targets, batch.teacher, batch.student)
    return Batch(*(column[first : first + size] for column in columns))


def choose_sample(view: View, label: str = "Sample") -> int:
    """The one sample that all pages follow; its position in the view."""
    return view.ids.index(widgets.pick(label, view.ids, key="sample", width=SELECT))


def followed_sample(view: View) -> int | None:
    """The position of the sample that all pages follow; None where none was chosen of these."""
    names = view.ids
    waiting = st.session_state.pop("sample next", None)
    if waiting in names:
        address.put("sample", str(waiting))
    name = address.get("sample")
    return names.index(name) if name in names else None


def pick_sample(view: View) -> Callable[[list[Any]], None]:
    """What a figure calls to make a clicked sample the one that all pages follow.

    The points' ``customdata`` begin with a position in the view.
    """

    def take(points: list[Any]) -> None:
        if points:
            widgets.set_aside("sample", view.ids[int(points[-1][0])])

    return take


# -- a set of samples ----------------------------------------------------------------------------


def chosen_ids(record: RunRecord) -> list[str]:
    """The names of the samples that were lassoed, on any page."""
    kept = st.session_state.get("chosen ids")
    if kept is None or kept[0] != str(record.path):
        names = record.probe["sample_id"].astype(str).tolist() if address.get("chosen") else []
        kept = (
            str(record.path),
            [names[i] for i in read_chosen(address.get("chosen"), len(names))],
        )
        st.session_state["chosen ids"] = kept
    return list(kept[1])


def choose_ids(record: RunRecord, ids: Sequence[str]) -> None:
    """Take a set of samples over; it stands in the address where it is short enough.

    The address counts samples of the probe; a set of a training batch stays in this tab.
    """
    st.session_state["chosen ids"] = (str(record.path), list(ids))
    place = {str(name): i for i, name in enumerate(record.probe["sample_id"])}
    is_probe = all(name in place for name in ids)
    text = write_chosen(place[name] for name in ids) if is_probe else ""
    address.put("chosen", text if len(text) <= LONGEST else "")
    address.put("named", "")


def choose_none(record: RunRecord) -> None:
    """Let go of the set."""
    choose_ids(record, [])
