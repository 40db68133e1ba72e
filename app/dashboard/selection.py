"""What a page looks at: one epoch of one record, on its probe samples or on a training batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pkdot.record import Batch, RunRecord

from . import widgets
from .components import theme

LARGEST = 512
"""Samples beyond this many are left out of what has to be solved at every move of a slider."""
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
    """

    record: RunRecord
    epoch: int
    batch: Batch
    is_probe: bool
    subjects: Any = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Tells this view from every other, also after the record was written again."""
        return *written(self.record), self.epoch, self.is_probe, len(self.batch.labels)

    @property
    def ids(self) -> list[str]:
        """The samples' names."""
        return [str(name) for name in self.batch.sample_ids]

    @property
    def style(self) -> dict[str, Any]:
        """Arguments that every figure of this record shares."""
        return {"class_names": self.record.class_names, **look(self.record)}


def look(record: RunRecord) -> dict[str, Any]:
    """Arguments of every figure of a record, with or without classes."""
    return {"simulated": record.simulated, "theme": theme()}


def written(record: RunRecord) -> tuple[Any, ...]:
    """Tells a record from every other, also after it was written again."""
    return str(record.path), (record.path / "run.json").stat().st_mtime_ns


def choose_view(
    record: RunRecord, *, sources: bool = True, epochs: Sequence[int] | None = None
) -> View:
    """A slider that plays for the epoch and, where the record has training batches, a source.

    Stops the page with a sentence where nothing was logged.

    Args:
        record: the record.
        sources: whether training batches may be looked at, too.
        epochs: the epochs to choose from, where not all of them will do.
    """
    source = "probe"
    left, button, right = st.columns([6, 2, 5], vertical_alignment="bottom")
    if sources and record.batch_epochs:
        with right:
            source = widgets.choose("Look at", list(SOURCES), key="source", names=SOURCES)
    known = list(epochs or record.epochs) if source == "probe" else record.batch_epochs
    if not known:
        st.info(
            "This record holds no embeddings yet; they appear once the student trains.",
            icon=":material/hourglass_empty:",
        )
        st.stop()
    start = record.best_epoch if record.best_epoch in known else known[-1]
    with left:
        epoch = widgets.slide("Epoch of the student", known, start, key="epoch")
    if len(known) > 1:
        with button:
            widgets.play_button("epoch", known)
    if source == "probe":
        batch, subjects = record.probe_batch(epoch), record.probe["subject"].astype(str).to_numpy()
    else:
        batch, subjects = record.batch(epoch), None
    if len(batch.labels) > LARGEST:
        st.caption(f"The first {LARGEST} of {len(batch.labels)} samples are shown.")
        columns = (batch.sample_ids, batch.labels, batch.teacher, batch.student)
        batch = Batch(*(column[:LARGEST] for column in columns))
        subjects = None if subjects is None else subjects[:LARGEST]
    if subjects is not None and not 1 < len(np.unique(subjects)) < len(subjects):
        subjects = None
    return View(record, epoch, batch, source == "probe", subjects)


def at_epoch(view: View, epoch: int) -> View:
    """The same probe samples at another epoch."""
    batch, size = view.record.probe_batch(epoch), len(view.batch.labels)
    columns = (batch.sample_ids, batch.labels, batch.teacher, batch.student)
    cut = Batch(*(column[:size] for column in columns))
    return View(view.record, epoch, cut, True, view.subjects)


def choose_sample(view: View, label: str = "Sample") -> int:
    """The sample that is looked at on all pages; its position in the view."""
    return view.ids.index(widgets.pick(label, view.ids, key="sample"))


def pick_sample(view: View) -> Callable[[list[Any]], None]:
    """What a figure calls to take a clicked sample as the one that is looked at.

    The points' ``customdata`` begin with a position in the view.
    """

    def take(points: list[Any]) -> None:
        if points:
            widgets.set_aside("sample", view.ids[int(points[-1][0])])

    return take
