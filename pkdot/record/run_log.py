"""What a run writes down while it goes on, and how far it has come."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import plain
from ..errors import InputError, RecordError
from . import schema
from .files import damage
from .folder import RecordFolder
from .manifest import RunManifest
from .metrics_log import MetricsLog
from .probe_log import ProbeLog
from .resume_files import ResumeFiles
from .storage import Batch
from .validation import check_predictions, checked_tensors, epoch_number

if TYPE_CHECKING:
    import pandas as pd


class RunLog:
    """The open record of a run; :class:`~pkdot.record.recorder.Recorder` begins and ends it.

    Attributes:
        path: the record's folder.
    """

    path: Path
    _folder: RecordFolder
    _manifest: RunManifest
    _metrics: MetricsLog
    _probe_log: ProbeLog
    _resume_files: ResumeFiles
    _began: float
    _seconds_before: float

    @property
    def run_id(self) -> str:
        """Readable, unique name of the run; the name of its folder."""
        return self._manifest.run_id

    @property
    def seconds(self) -> float:
        """Since the record began, without the time between an interruption and its resumption."""
        return round(self._seconds_before + time.perf_counter() - self._began, 3)

    @property
    def resume_files(self) -> ResumeFiles:
        """What the run needs to go on after an interruption; gone once it has finished."""
        return self._resume_files

    def bookmark(self) -> dict[str, Any]:
        """How far the record is, as plain values; see :meth:`go_back`."""
        self._check_open()
        kinds = (schema.EMBEDDINGS, schema.BATCHES)
        logged = {kind: schema.logged_epochs(self.path, kind) for kind in kinds}
        return {"metrics": len(self._metrics), **logged, "seconds": self.seconds}

    def go_back(self, bookmark: Mapping[str, Any] | None) -> None:
        """Forget what was logged after a bookmark: metrics, embeddings and batches.

        Args:
            bookmark: of this record, taken by :meth:`bookmark` in any process that wrote it; None
                for the record's beginning.

        Raises:
            RecordError: if the disk refuses, or the record lacks rows that the bookmark counts.
        """
        self._check_open()
        known = bookmark or {"metrics": 0}
        if known["metrics"] > len(self._metrics):
            raise damage(self.path, f"{schema.METRICS} lacks rows that were written")
        self._metrics.cut(known["metrics"])
        self._metrics.flush()
        for kind in (schema.EMBEDDINGS, schema.BATCHES):
            for epoch in set(schema.logged_epochs(self.path, kind)) - set(known.get(kind, ())):
                file = schema.epoch_file(self.path, kind, epoch)
                self._folder.remove(file.relative_to(self.path).as_posix())
        self._probe_log.find_teacher()
        # A killed writer had no time to say how long it ran.
        self._seconds_before = max(self._seconds_before, float(known.get("seconds", 0.0)))

    def flush(self) -> None:
        """Write the metrics logged so far now, rather than at the next good moment."""
        self._check_open()
        self._metrics.flush()

    # -- what is logged ----------------------------------------------------------------------

    def log_metrics(self, stage: str, epoch: int, split: str, values: Mapping[str, float]) -> None:
        """Add one row a metric.

        Args:
            stage: which network learns, e.g. ``"teacher"``, ``"tnet"``, ``"student"``.
            epoch: 0 is before training.
            split: ``"train"``, ``"validation"`` or ``"test"``.
            values: metric name -> number; NaN is kept, as a run that diverged has it.
        """
        self._check_open()
        self._metrics.add(stage, epoch_number(epoch), split, values)

    def log_embeddings(
        self, epoch: int, *, teacher: Any, student: Any, batch: Batch | None = None
    ) -> None:
        """Keep the embeddings of the probe at one epoch, and what the loss saw in one batch.

        Args:
            epoch: epoch of the student stage; 0 is before training.
            teacher: (N, D), tensor or array, in the order of the probe.
            student: (N, D').
            batch: one real training batch of this epoch.

        Raises:
            InputError: if the rows do not match the probe or each other.
        """
        self._check_open()
        self._probe_log.write_embeddings(epoch_number(epoch), teacher, student, batch)
        self._metrics.flush()

    def log_features(self, *, real: Any, hallucinated: Any) -> None:
        """Keep privileged features of the probe, measured and hallucinated, each (N, F)."""
        self._check_open()
        self._probe_log.write_features(real, hallucinated)

    def log_predictions(self, frame: "pd.DataFrame") -> None:
        """Keep the predictions; a second call replaces the first.

        Args:
            frame: columns sample_id, subject, split, label (the true class, -1 for none), and
                outputs as ``teacher_0 …`` and ``student_0 …``, one column a class or target;
                targets that are values in ``target_0 …``.

        Raises:
            InputError: if a column is missing.
        """
        self._check_open()
        check_predictions(frame)
        self._folder.write_table(schema.PREDICTIONS, frame)
        self._metrics.flush()

    def log_checkpoint(
        self,
        name: str,
        tensors: Mapping[str, Any],
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep tensors by name, e.g. a state dict; a second call replaces the first.

        Args:
            name: letters, digits, ``.``, ``_`` and ``-``.
            tensors: tensor name -> tensor or array.
            notes: plain values to keep beside them, e.g. the epoch.

        Raises:
            InputError: for a name that cannot be a file's, or a value that is no tensor or array.
        """
        self._check_open()
        if not re.fullmatch(r"[\w][\w.-]*", name):
            raise InputError(f"{name!r} cannot name a checkpoint; use letters, digits, '-', '_'.")
        where = self.path / schema.CHECKPOINTS / f"{name}.safetensors"
        text = {"notes": json.dumps(plain(notes or {}, name), allow_nan=False)}
        self._folder.write_arrays(where, checked_tensors(tensors), text)
        self._metrics.flush()

    def _check_open(self) -> None:
        if not self._folder.is_open:
            raise RecordError(f"The record {self.run_id} is closed; start a new Recorder.")
