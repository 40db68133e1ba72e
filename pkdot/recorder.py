"""Write a run record while training, from the kit's own experiment or from anyone's loop.

    with Recorder("my run", corpus="faces", method="pkdot", seed=0, probe=probe) as recorder:
        for epoch in range(30):
            ...
            recorder.log_metrics("student", epoch, "validation", {"accuracy": 0.71})
            recorder.log_embeddings(epoch, teacher=z_teacher, student=z_student)
        recorder.finish(best_epoch=12)

Whatever moment the process is killed at, what stands on disk is a record that opens.
"""

import errno
import json
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from . import layout
from .errors import InputError, RecordError
from .facts import environment_facts
from .files import WriterLock, plain, remove_leftovers, write_json, written_aside
from .intake import (
    Probe,
    batch_arrays,
    check_classes,
    check_facts,
    checked_tensors,
    epoch_number,
    matrix,
    packed,
    probe_columns,
)
from .record import Batch, RunRecord, open_record
from .stored import Array, read_arrays

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Batch", "Probe", "Recorder"]

FLUSH_SECONDS = 1.0
"""Metrics are rewritten whole; a loop that logs faster than this does so at most this often."""


class Recorder:
    """One run's record, open for writing; a context manager.

    Leaving the ``with`` block finishes the record; an exception marks it failed, with the
    message, and goes on its way; an interrupt (Ctrl-C) marks it stopped.
    """

    def __init__(
        self,
        name: str,
        *,
        runs_dir: str | Path | None = None,
        run_id: str | None = None,
        corpus: str = "",
        method: str = "",
        seed: int | None = None,
        simulated: bool | None = None,
        class_names: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        probe: Probe | None = None,
        resume: bool = False,
    ) -> None:
        """Create the record's folder and take its lock.

        Args:
            name: what people call the run.
            runs_dir: folder of records; :func:`pkdot.record.runs_directory` by default.
            run_id: folder name; made from time, corpus, method and seed by default.
            corpus: name of the data set.
            method: name of the distiller.
            seed: the run's seed.
            simulated: whether a simulator made the data (no, by default); every figure then says
                so.
            class_names: one name a class.
            config: the resolved settings, plain values only.
            facts: what else to keep, e.g. a data fingerprint; versions, threads and hardware are
                added, and yours win where both name the same.
            probe: the samples whose embeddings are logged; by default the first logged
                embeddings set their number, without names or labels.
            resume: continue the record ``run_id``, whose writer was killed or failed. What it
                says about the run stays, but for the arguments that are given here; facts are
                merged key by key.

        Raises:
            RecordError: if another process writes this record, it exists and ``resume`` was not
                asked for, or the folder cannot be written.
            InputError: if the probe's columns do not match, its labels are no classes, the facts
                are no mapping, or a resumed record has another probe.
        """
        self._rows: list[tuple[str, int, str, str, float]] = []
        self._last_flush = float("-inf")
        self._began = time.perf_counter()
        self._teacher: tuple[int, Array] | None = None
        self._rows_of_probe: int | None = None
        self._seconds_before = 0.0
        check_facts(facts)
        if not isinstance(config, Mapping | None):
            raise InputError(
                f"config must be a mapping from setting to value, not {type(config).__name__}."
            )
        class_names = [str(name) for name in class_names]
        columns = probe_columns(probe, len(class_names)) if probe is not None else None
        created = datetime.now(UTC)
        content = {
            "schema_version": layout.SCHEMA_VERSION,
            "run_id": _readable_id(created, corpus or name, method, seed)
            if run_id is None
            else run_id,
            "name": name,
            "status": "running",
            "message": "",
            "created": created.isoformat(timespec="seconds"),
            "updated": created.isoformat(timespec="seconds"),
            "corpus": corpus,
            "method": method,
            "seed": None if seed is None else int(seed),
            "simulated": bool(simulated),
            "class_names": class_names,
            "config": dict(config or {}),
            "facts": {**environment_facts(), **(facts or {})},
            "best_epoch": None,
            "scores": {},
            "files": {},
        }
        self._manifest: dict[str, Any] = plain(content)
        folder = layout.runs_directory() if runs_dir is None else Path(runs_dir).absolute()
        if resume:
            given = {
                "corpus": corpus != "",
                "method": method != "",
                "seed": seed is not None,
                "simulated": simulated is not None,
                "class_names": bool(class_names),
                "config": config is not None,
            }
            self._resume(folder, run_id, {key for key, said in given.items() if said}, columns)
        else:
            self._create(folder, exact=run_id is not None)
        if columns is not None and self._rows_of_probe is None:
            self._write_probe(*columns)

    # -- life --------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """Readable, unique name of the run; the name of its folder."""
        return str(self._manifest["run_id"])

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not self._open:
            return
        if error is None:
            try:
                self.finish()
            except Exception as failure:
                if self._open:
                    self._end("failed", f"{type(failure).__name__}: {failure}")
                raise
        elif isinstance(error, Exception):
            self._end("failed", f"{type(error).__name__}: {error}")
        else:
            self._end("stopped", type(error).__name__)

    def finish(
        self,
        best_epoch: int | None = None,
        facts: Mapping[str, Any] | None = None,
        *,
        maps: str | Sequence[str] = ("pca",),
    ) -> None:
        """Write the maps, the last metrics and the final ``run.json``, and give the lock back.

        Args:
            best_epoch: the student epoch that was selected.
            facts: further facts, e.g. ``{"seconds": {"teacher": 3.1}}``; merged key by key.
            maps: projections to compute: ``"pca"``, of every logged epoch, and ``"umap"``, of
                the first, best and last one (its first fit compiles for seconds). Fewer than 3
                probe samples make no map. A map that cannot be drawn is left out, and the fact
                ``maps left out`` says why: what was trained must not be lost over a picture.

        Raises:
            InputError: for a projection that does not exist, or if ``facts`` is no mapping, or its
                ``seconds`` is none. Nothing is written then, and the record stays open.
        """
        from .projection import known_projections

        self._check_open()
        check_facts(facts)
        projections = known_projections(maps)
        if best_epoch is not None:
            self._manifest["best_epoch"] = int(best_epoch)
        self._add_facts(facts or {})
        self._write_maps(projections)
        self._end("finished", "")

    def flush(self) -> None:
        """Write the metrics logged so far now, rather than at the next good moment."""
        self._check_open()
        self._flush()

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
        epoch = epoch_number(epoch)
        self._rows += [
            (str(stage), epoch, str(split), str(name), float(value))
            for name, value in values.items()
        ]
        if time.monotonic() - self._last_flush >= FLUSH_SECONDS:
            self._flush()

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
        epoch = epoch_number(epoch)
        arrays = {"teacher": matrix(teacher, "teacher"), "student": matrix(student, "student")}
        if len(arrays["teacher"]) != len(arrays["student"]):
            raise InputError(
                f"Teacher and student embeddings must have one row a probe sample each, not "
                f"{len(arrays['teacher'])} and {len(arrays['student'])}."
            )
        self._check_probe_rows(len(arrays["teacher"]), "embeddings")
        classes = len(self._manifest["class_names"])
        seen = batch_arrays(batch, classes) if batch is not None else None
        where = layout.epoch_file(self.path, layout.EMBEDDINGS, epoch)
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
        self._write_arrays(where, arrays, notes)
        if seen is not None:
            self._write_arrays(layout.epoch_file(self.path, layout.BATCHES, epoch), *seen)
        self._flush()

    def log_features(self, *, real: Any, hallucinated: Any) -> None:
        """Keep privileged features of the probe, measured and hallucinated, each (N, F)."""
        self._check_open()
        arrays = {"real": matrix(real, "real"), "hallucinated": matrix(hallucinated, "made")}
        if arrays["real"].shape != arrays["hallucinated"].shape:
            raise InputError(
                f"Real and hallucinated features must have one shape (N, F), not "
                f"{arrays['real'].shape} and {arrays['hallucinated'].shape}."
            )
        self._check_probe_rows(len(arrays["real"]), "features")
        self._write_arrays(self.path / layout.FEATURES, arrays)

    def log_predictions(self, frame: "pd.DataFrame") -> None:
        """Keep the predictions; a second call replaces the first.

        Args:
            frame: columns sample_id, subject, split, label (the truth), and outputs as
                ``teacher_0 …`` and ``student_0 …``, one column a class or target.

        Raises:
            InputError: if a column is missing.
        """
        self._check_open()
        absent = [name for name in layout.PREDICTIONS_COLUMNS if name not in frame.columns]
        if absent or not any(str(name).startswith("student") for name in frame.columns):
            raise InputError(
                f"Predictions need the columns {', '.join(layout.PREDICTIONS_COLUMNS)} and "
                f"student_0 …; this table lacks {absent[0] if absent else 'student_0'}."
            )
        self._write_table(layout.PREDICTIONS, frame)
        self._flush()

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
        where = self.path / layout.CHECKPOINTS / f"{name}.safetensors"
        text = {"notes": json.dumps(plain(notes or {}, name), allow_nan=False)}
        self._write_arrays(where, checked_tensors(tensors), text)
        self._flush()

    # -- beginning and end -------------------------------------------------------------------

    def _create(self, folder: Path, *, exact: bool) -> None:
        """Fill a hidden folder, then rename it: the record appears with its run.json."""
        wanted = self.run_id
        if not re.fullmatch(r"\w[\w.+-]*", wanted):
            raise InputError(f"{wanted!r} cannot name a run; use letters, digits, '-' and '_'.")
        hidden = folder / f".{wanted}.{uuid4().hex}"
        try:
            hidden.mkdir(parents=True)
        except OSError as error:
            raise RecordError(
                f"No record can be made in {folder}: {error.strerror}; give another runs_dir or "
                f"set PKDOT_RUNS."
            ) from error
        try:
            self._lock = WriterLock(hidden / layout.LOCK)
            for attempt in count(1):
                target = folder / (wanted if attempt == 1 else f"{wanted}-{attempt}")
                self._manifest["run_id"] = target.name
                write_json(hidden / layout.MANIFEST, self._manifest)
                if _renamed(hidden, target):
                    break
                if exact:
                    # Two reasons, two sentences: somebody writes it now, or it is left over.
                    WriterLock(target / layout.LOCK).release()
                    raise RecordError(
                        f"The record {target} exists already; choose another run_id, delete it, "
                        f"or give resume=True."
                    )
        except RecordError:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        self._lock.moved(target / layout.LOCK)
        self.path = target
        self._open = True

    def _resume(
        self,
        folder: Path,
        run_id: str | None,
        given: set[str],
        columns: tuple[list[str], list[str], Array, dict[str, Array]] | None,
    ) -> None:
        """Go on with a record; of what it says, only the ``given`` fields are replaced."""
        if run_id is None:
            raise InputError("resume=True needs the run_id of the record to go on with.")
        self.path = folder / run_id
        before = open_record(self.path)
        if before.status == "finished":
            raise RecordError(f"The run {run_id} has finished; there is nothing to resume.")
        self._lock = WriterLock(self.path / layout.LOCK)
        try:
            remove_leftovers(self.path)
            stored = before.probe
            self._keep(before, given)
            if columns is not None:
                check_classes(columns[2], "The probe's", len(self._manifest["class_names"]))
                if len(stored) and list(stored["sample_id"]) != columns[0]:
                    raise InputError(
                        f"The record {run_id} follows another probe: its {len(stored)} samples "
                        f"are not the {len(columns[0])} given now; give the same probe, or none."
                    )
            self._rows = list(before.metrics.itertuples(index=False, name=None))
            self._rows_of_probe = len(stored) or None
            write_json(self.path / layout.MANIFEST, self._manifest)
        except BaseException:
            self._lock.release()
            raise
        self._open = True

    def _keep(self, before: RunRecord, given: set[str]) -> None:
        """Take over what a record said before, but for the fields ``given`` anew."""
        kept = {
            "created": before.created,
            "corpus": before.corpus,
            "method": before.method,
            "seed": before.seed,
            "simulated": before.simulated,
            "class_names": list(before.class_names),
            "config": before.config,
            "best_epoch": before.best_epoch,
        }
        self._manifest |= {key: value for key, value in kept.items() if key not in given}
        new, self._manifest["facts"] = self._manifest["facts"], before.facts
        seconds = before.facts.get("seconds")
        if isinstance(seconds, Mapping):
            # The time before counts too; kept as it is, it would pass for the whole.
            rest = {key: value for key, value in seconds.items() if key != "total"}
            self._manifest["facts"]["seconds"] = rest
            total = seconds.get("total")
            self._seconds_before = float(total) if isinstance(total, int | float) else 0.0
        else:
            self._manifest["facts"].pop("seconds", None)
        self._add_facts(new)

    def _end(self, status: str, message: str) -> None:
        try:
            self._flush()
            self._manifest["status"] = status
            self._manifest["message"] = " ".join(message.split())[:2000]
            self._manifest["scores"] = self._scores()
            self._manifest["facts"]["seconds"] = {
                "total": round(self._seconds_before + time.perf_counter() - self._began, 3),
                **self._manifest["facts"].get("seconds", {}),
            }
            self._manifest["files"] = {
                file.relative_to(self.path).as_posix(): file.stat().st_size
                for file in sorted(self.path.rglob("*"))
                if file.is_file() and not file.name.startswith(".") and file.name != layout.MANIFEST
            }
            self._write_manifest()
        finally:
            self._open = False
            self._lock.release()

    def _scores(self) -> dict[str, float]:
        """The last value of each test metric."""
        return {f"{s} {name}": value for s, _, split, name, value in self._rows if split == "test"}

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        kept = self._manifest["facts"]
        for key, value in plain(facts, "facts").items():
            both = isinstance(value, dict) and isinstance(kept.get(key), dict)
            kept[key] = {**kept[key], **value} if both else value

    # -- writing -----------------------------------------------------------------------------

    def _check_open(self) -> None:
        if not self._open:
            raise RecordError(f"The record {self.run_id} is closed; start a new Recorder.")

    def _check_probe_rows(self, rows: int, what: str) -> None:
        if self._rows_of_probe is None:
            names = [str(i) for i in range(rows)]
            self._write_probe(names, [""] * rows, np.full(rows, -1), {})
        if rows != self._rows_of_probe:
            raise InputError(
                f"The probe has {self._rows_of_probe} samples, but {rows} rows of {what} were "
                f"given; give one row a probe sample, in its order."
            )

    def _check_not_shared(self, epoch: int, teacher: Array) -> None:
        """Refuse to replace a teacher's embeddings that the files of other epochs refer to."""
        if np.array_equal(open_record(self.path).embeddings(epoch).teacher, teacher):
            return
        for other in layout.logged_epochs(self.path, layout.EMBEDDINGS):
            file = layout.epoch_file(self.path, layout.EMBEDDINGS, other)
            _, notes = read_arrays(self.path, file.relative_to(self.path).as_posix())
            if notes.get("teacher_epoch") == str(epoch):
                raise InputError(
                    f"Epoch {epoch} was logged before with another teacher, which epoch {other} "
                    f"shares; log each epoch once."
                )

    def _write_manifest(self) -> None:
        self._manifest["updated"] = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.path / layout.MANIFEST, self._manifest)

    def _flush(self) -> None:
        import pandas as pd

        if self._rows:
            table = pd.DataFrame(self._rows, columns=list(layout.METRICS_COLUMNS))
            self._write_table(layout.METRICS, table)
        self._last_flush = time.monotonic()

    def _write_probe(
        self, ids: list[str], subjects: list[str], labels: Array, media: Mapping[str, Array]
    ) -> None:
        import pandas as pd

        if media:
            self._write_arrays(self.path / layout.IMAGES, media)
        columns = (ids, subjects, labels, [", ".join(media)] * len(ids))
        table = pd.DataFrame(dict(zip(layout.PROBE_COLUMNS, columns, strict=True)))
        self._write_table(layout.PROBE, table)
        self._rows_of_probe = len(ids)

    def _write_maps(self, maps: Sequence[str]) -> None:
        from .projection import record_maps

        record = open_record(self.path)
        if not record.epochs or len(record.probe) < 3:
            return
        left_out = []
        for projection in maps:
            try:
                frame = record_maps(record, projection, best_epoch=self._manifest["best_epoch"])
            except InputError as reason:
                left_out.append(f"{projection}: {reason}")
                continue
            self._write_table(f"{layout.MAPS}/{projection}.parquet", frame)
        if left_out:
            self._add_facts({"maps left out": " ".join(left_out)})

    def _write_table(self, name: str, frame: "pd.DataFrame") -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except (pa.ArrowException, ValueError) as error:
            raise InputError(f"{name} cannot hold this table: {error}.") from error
        with written_aside(self.path / name) as aside:
            pq.write_table(table, aside, compression="zstd")

    def _write_arrays(
        self, path: Path, arrays: Mapping[str, Any], notes: Mapping[str, str] | None = None
    ) -> None:
        with written_aside(path) as aside:
            aside.write_bytes(packed(arrays, dict(notes or {})))


def _renamed(hidden: Path, target: Path) -> bool:
    """Give a folder its final name; False where a record has that name already."""
    try:
        hidden.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise RecordError(f"{target} could not be made: {error.strerror}.") from error
    return True


def _readable_id(created: datetime, corpus: str, method: str, seed: int | None) -> str:
    words = [created.strftime("%Y%m%d-%H%M%S"), corpus, method]
    words += [] if seed is None else [f"seed{seed}"]
    slugs = (re.sub(r"[^a-z0-9.]+", "-", word.lower()).strip("-.") for word in words)
    return "-".join(slug for slug in slugs if slug)
