"""Write a run record while training, from the kit's own experiment or from anyone's loop.

    with Recorder("my run", corpus="faces", method="pkdot", seed=0, probe=probe) as recorder:
        for epoch in range(30):
            ...
            recorder.log_metrics("student", epoch, "validation", {"accuracy": 0.71})
            recorder.log_embeddings(epoch, teacher=z_teacher, student=z_student)
        recorder.finish(best_epoch=12)

Whatever moment the process is killed at, what stands on disk is a record that opens.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import plain
from ..errors import InputError, RecordError
from . import schema
from .environment import environment_facts
from .folder import RecordFolder
from .location import runs_directory
from .manifest import merged_facts, new_manifest, read_manifest, resumed_manifest
from .probe_log import Snapshots
from .reader import open_record
from .storage import Array, Batch
from .validation import (
    Probe,
    check_classes,
    check_facts,
    check_predictions,
    checked_tensors,
    epoch_number,
    probe_columns,
)

if TYPE_CHECKING:
    import pandas as pd


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
        self._seconds_before = 0.0
        check_facts(facts)
        if not isinstance(config, Mapping | None):
            raise InputError(
                f"config must be a mapping from setting to value, not {type(config).__name__}."
            )
        class_names = [str(name) for name in class_names]
        columns = probe_columns(probe, len(class_names)) if probe is not None else None
        manifest = new_manifest(
            run_id,
            {
                "name": name,
                "corpus": corpus,
                "method": method,
                "seed": None if seed is None else int(seed),
                "simulated": bool(simulated),
                "class_names": class_names,
                "config": dict(config or {}),
                "facts": {**environment_facts(), **(facts or {})},
            },
        )
        folder = runs_directory() if runs_dir is None else Path(runs_dir).absolute()
        if resume:
            given = {
                "corpus": corpus != "",
                "method": method != "",
                "seed": seed is not None,
                "simulated": simulated is not None,
                "class_names": bool(class_names),
                "config": config is not None,
            }
            said = {key for key, is_given in given.items() if is_given}
            self._resume(folder, run_id, manifest, said, columns)
        else:
            self._folder = RecordFolder.create(folder, manifest, exact=run_id is not None)
            self._snapshots = Snapshots(self._folder)
        self._manifest, self.path = self._folder.manifest, self._folder.path
        if columns is not None and not self._snapshots.has_probe:
            self._snapshots.write_probe(*columns)

    # -- life --------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """Readable, unique name of the run; the name of its folder."""
        return str(self._manifest["run_id"])

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not self._folder.is_open:
            return
        if error is None:
            try:
                self.finish()
            except Exception as failure:
                if self._folder.is_open:
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
        from ..analysis.projection import known_projections

        self._check_open()
        check_facts(facts)
        projections = known_projections(maps)
        if best_epoch is not None:
            self._manifest["best_epoch"] = int(best_epoch)
        self._add_facts(facts or {})
        left_out = self._snapshots.write_maps(projections, self._manifest["best_epoch"])
        if left_out:
            self._add_facts({"maps left out": left_out})
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
        self._snapshots.write_embeddings(epoch_number(epoch), teacher, student, batch)
        self._flush()

    def log_features(self, *, real: Any, hallucinated: Any) -> None:
        """Keep privileged features of the probe, measured and hallucinated, each (N, F)."""
        self._check_open()
        self._snapshots.write_features(real, hallucinated)

    def log_predictions(self, frame: "pd.DataFrame") -> None:
        """Keep the predictions; a second call replaces the first.

        Args:
            frame: columns sample_id, subject, split, label (the truth), and outputs as
                ``teacher_0 …`` and ``student_0 …``, one column a class or target.

        Raises:
            InputError: if a column is missing.
        """
        self._check_open()
        check_predictions(frame)
        self._folder.write_table(schema.PREDICTIONS, frame)
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
        where = self.path / schema.CHECKPOINTS / f"{name}.safetensors"
        text = {"notes": json.dumps(plain(notes or {}, name), allow_nan=False)}
        self._folder.write_arrays(where, checked_tensors(tensors), text)
        self._flush()

    # -- beginning and end -------------------------------------------------------------------

    def _resume(
        self,
        runs: Path,
        run_id: str | None,
        manifest: Mapping[str, Any],
        given: set[str],
        columns: tuple[list[str], list[str], Array, dict[str, Array]] | None,
    ) -> None:
        """Go on with a record; of what it says, only the ``given`` fields are replaced."""
        if run_id is None:
            raise InputError("resume=True needs the run_id of the record to go on with.")
        before = open_record(runs / run_id)
        if before.status == "finished":
            raise RecordError(f"The run {run_id} has finished; there is nothing to resume.")
        folder = RecordFolder.reopen(before.path)
        try:
            said_before = read_manifest(before.path)
            stored = before.probe
            folder.manifest, self._seconds_before = resumed_manifest(manifest, said_before, given)
            if columns is not None:
                check_classes(columns[2], "The probe's", len(folder.manifest["class_names"]))
                if len(stored) and list(stored["sample_id"]) != columns[0]:
                    raise InputError(
                        f"The record {run_id} follows another probe: its {len(stored)} samples "
                        f"are not the {len(columns[0])} given now; give the same probe, or none."
                    )
            self._rows = list(before.metrics.itertuples(index=False, name=None))
            folder.write_manifest()
        except BaseException:
            folder.release()
            raise
        self._folder = folder
        self._snapshots = Snapshots(folder, len(stored) or None)

    def _end(self, status: str, message: str) -> None:
        try:
            self._flush()
            seconds = self._seconds_before + time.perf_counter() - self._began
            facts = self._manifest["facts"]
            facts["seconds"] = {"total": round(seconds, 3), **facts.get("seconds", {})}
            self._manifest |= {
                "status": status,
                "message": " ".join(message.split())[:2000],
                # the last value of each test metric
                "scores": {f"{s} {n}": v for s, _, split, n, v in self._rows if split == "test"},
                "files": self._folder.sizes(),
            }
            self._folder.write_manifest()
        finally:
            self._folder.release()

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        self._manifest["facts"] = merged_facts(self._manifest["facts"], facts)

    # -- writing -----------------------------------------------------------------------------

    def _check_open(self) -> None:
        if not self._folder.is_open:
            raise RecordError(f"The record {self.run_id} is closed; start a new Recorder.")

    def _flush(self) -> None:
        import pandas as pd

        if self._rows:
            table = pd.DataFrame(self._rows, columns=list(schema.METRICS_COLUMNS))
            self._folder.write_table(schema.METRICS, table)
        self._last_flush = time.monotonic()
