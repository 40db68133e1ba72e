"""What is kept of the probe while a network learns: embeddings by epoch, features, maps.

A teacher is frozen while its student learns, so its embeddings are kept once and referred to.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from . import schema
from .arrays import Array, read_arrays
from .folder import RecordFolder
from .manifest import task_of
from .reader import open_record
from .storage import Batch
from .target_columns import target_columns
from .validation import CheckedProbe, batch_arrays, matrix


class ProbeLog:
    """Writes what belongs to the probe samples into a record.

    Args:
        folder: of the record.
        rows: number of probe samples; None until it is known.
    """

    def __init__(self, folder: RecordFolder, rows: int | None = None) -> None:
        self._folder = folder
        self._rows = rows
        self._teacher: tuple[int, Array] | None = None

    def find_teacher(self) -> None:
        """Refer to the teacher's embeddings that the last logged epoch has or refers to."""
        path = self._folder.path
        self._teacher = None
        if not (epochs := schema.logged_epochs(path, schema.EMBEDDINGS)):
            return
        name = schema.epoch_file(path, schema.EMBEDDINGS, epochs[-1]).relative_to(path).as_posix()
        source = read_arrays(path, name)[1].get("teacher_epoch", str(epochs[-1]))
        teacher = open_record(path).embeddings(epochs[-1]).teacher
        self._teacher = (int(source), teacher) if source.isdecimal() else None

    @property
    def has_probe(self) -> bool:
        """Whether the probe samples are known."""
        return self._rows is not None

    def write_probe(self, probe: CheckedProbe) -> None:
        """Keep names, targets and pictures of the probe samples."""
        import pandas as pd

        if probe.media:
            self._folder.write_arrays(self._folder.path / schema.IMAGES, probe.media)
        views = [", ".join(probe.media)] * len(probe.ids)
        table = pd.DataFrame(
            {
                "sample_id": probe.ids,
                "subject": probe.groups,
                **target_columns(probe.targets),
                "media": views,
            }
        )
        self._folder.write_table(schema.PROBE, table)
        self._rows = len(probe.ids)

    def write_embeddings(self, epoch: int, teacher: Any, student: Any, batch: Batch | None) -> None:
        """See :meth:`pkdot.record.recorder.Recorder.log_embeddings`."""
        path = self._folder.path
        arrays = {"teacher": matrix(teacher, "teacher"), "student": matrix(student, "student")}
        if len(arrays["teacher"]) != len(arrays["student"]):
            raise InputError(
                f"Teacher and student embeddings must have one row a probe sample each, not "
                f"{len(arrays['teacher'])} and {len(arrays['student'])}."
            )
        self._check_rows(len(arrays["teacher"]), "embeddings")
        task = task_of(self._folder.manifest)
        seen = batch_arrays(batch, task) if batch is not None else None
        where = schema.epoch_file(path, schema.EMBEDDINGS, epoch)
        notes = {}
        again = where.exists()
        if again:
            self._check_not_shared(epoch, arrays["teacher"])
        # A file that is written again may be the one that others refer to: it stays complete.
        if self._teacher and not again and np.array_equal(self._teacher[1], arrays["teacher"]):
            del arrays["teacher"]
            notes["teacher_epoch"] = str(self._teacher[0])
        else:
            self._teacher = (epoch, arrays["teacher"])
        self._folder.write_arrays(where, arrays, notes)
        if seen is not None:
            self._folder.write_arrays(schema.epoch_file(path, schema.BATCHES, epoch), *seen)

    def write_features(self, real: Any, hallucinated: Any) -> None:
        """See :meth:`pkdot.record.recorder.Recorder.log_features`."""
        arrays = {
            "real": matrix(real, "real"),
            "hallucinated": matrix(hallucinated, "hallucinated"),
        }
        if arrays["real"].shape != arrays["hallucinated"].shape:
            raise InputError(
                f"Real and hallucinated features must have one shape (N, F), not "
                f"{arrays['real'].shape} and {arrays['hallucinated'].shape}."
            )
        self._check_rows(len(arrays["real"]), "features")
        self._folder.write_arrays(self._folder.path / schema.FEATURES, arrays)

    def write_maps(self, projections: Sequence[str], best_epoch: int | None) -> str:
        """Draw and keep the maps.

        Returns:
            Which were left out and why; empty where none was.
        """
        from .maps import record_maps

        record = open_record(self._folder.path)
        if not record.epochs or not projections:
            return ""
        if len(record.probe) < 3:
            return f"A map needs 3 probe samples or more, and this record has {len(record.probe)}."
        left_out = []
        for projection in projections:
            try:
                frame = record_maps(record, projection, best_epoch=best_epoch)
            except Exception as reason:  # whatever a library says, the training is done
                left_out.append(f"{projection}: {' '.join(str(reason).split())}")
                continue
            if frame.empty:
                left_out.append(f"{projection}: no logged epoch has finite embeddings.")
                continue
            self._folder.write_table(f"{schema.MAPS}/{projection}.parquet", frame)
        return " ".join(left_out)

    def _check_rows(self, rows: int, what: str) -> None:
        if self._rows is None:
            names = [str(i) for i in range(rows)]
            nothing = task_of(self._folder.manifest).unknown(rows)
            self.write_probe(CheckedProbe(names, [""] * rows, nothing, {}))
        if rows != self._rows:
            raise InputError(
                f"The probe has {self._rows} samples, but {rows} rows of {what} were given; give "
                f"one row a probe sample, in its order."
            )

    def _check_not_shared(self, epoch: int, teacher: Array) -> None:
        """Refuse to replace a teacher's embeddings that the files of other epochs refer to."""
        path = self._folder.path
        if np.array_equal(open_record(path).embeddings(epoch).teacher, teacher):
            return
        for other in schema.logged_epochs(path, schema.EMBEDDINGS):
            file = schema.epoch_file(path, schema.EMBEDDINGS, other)
            _, notes = read_arrays(path, file.relative_to(path).as_posix())
            if notes.get("teacher_epoch") == str(epoch):
                raise InputError(
                    f"Epoch {epoch} was logged before with another teacher, which epoch {other} "
                    f"shares; log each epoch once."
                )
