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
from ..tasks import Classification, Task
from . import schema
from .environment import environment_facts
from .files import damage
from .folder import RecordFolder
from .location import runs_directory
from .manifest import RunManifest, Status, merged_facts, read_manifest
from .metrics_log import MetricsLog
from .probe_log import ProbeLog
from .reader import open_record
from .resume_files import ResumeFiles
from .storage import Batch
from .validation import (
    CheckedProbe,
    Probe,
    check_facts,
    check_predictions,
    check_probe,
    checked_tensors,
    epoch_number,
)

if TYPE_CHECKING:
    import pandas as pd


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
        task: Task | None = None,
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
            class_names: one name a class, where the task is classification.
            task: what is learnt, if it is another task.
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
            InputError: if the probe's columns do not match, its targets are none of the task,
                class names and a task are given both, the facts are no mapping, or a resumed
                record has another probe.
        """
        self._began = time.perf_counter()
        self._seconds_before = 0.0
        check_facts(facts)
        if not isinstance(config, Mapping | None):
            raise InputError(
                f"config must be a mapping from setting to value, not {type(config).__name__}."
            )
        if task is not None and len(class_names):
            raise InputError("Give class_names or a task, not both; a task has names of its own.")
        known = task is not None or len(class_names) > 0
        folder = runs_directory() if runs_dir is None else Path(runs_dir).absolute()
        if resume and run_id is None:
            raise InputError("resume=True needs the run_id of the record to go on with.")
        if task is None and resume and not known:
            task = open_record(folder / str(run_id)).task
        task = task or Classification(classes=tuple(str(name) for name in class_names))
        checked = check_probe(probe, task) if probe is not None else None
        self._manifest = RunManifest.begin(
            run_id,
            name=str(name),
            corpus=str(corpus),
            method=str(method),
            seed=None if seed is None else int(seed),
            simulated=bool(simulated),
            class_names=list(task.class_names),
            task=task.model_dump(mode="json"),
            config=dict(config or {}),
            facts={**environment_facts(), **(facts or {})},
        )
        if resume:
            replaced = {
                "corpus": corpus != "",
                "method": method != "",
                "seed": seed is not None,
                "simulated": simulated is not None,
                "class_names": known,
                "task": known,
                "config": config is not None,
            }
            fields = {field for field, given in replaced.items() if given}
            self._resume(folder / str(run_id), fields, checked)
        else:
            self._folder = RecordFolder.create(folder, self._manifest, exact=run_id is not None)
            self._metrics = MetricsLog(self._folder)
            self._probe_log = ProbeLog(self._folder)
            self._resume_files = ResumeFiles(self._folder)
        self.path = self._folder.path
        if checked is not None and not self._probe_log.has_probe:
            self._probe_log.write_probe(checked)

    # -- life --------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """Readable, unique name of the run; the name of its folder."""
        return self._manifest.run_id

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
                ``maps left out`` says why: a trained run must not be lost over a map.

        Raises:
            InputError: for a projection that does not exist, or if ``facts`` is no mapping, or its
                ``seconds`` is none. Nothing is written then, and the record stays open.
        """
        from ..analysis.projection import known_projections

        self._check_open()
        check_facts(facts)
        projections = known_projections(maps)
        if best_epoch is not None:
            self._manifest.best_epoch = int(best_epoch)
        self._add_facts(facts or {})
        left_out = self._probe_log.write_maps(projections, self._manifest.best_epoch)
        if left_out:
            self._add_facts({"maps left out": left_out})
        self._end("finished", "")

    @property
    def seconds(self) -> float:
        """Since the record began, without the time between an interruption and its resumption."""
        return round(self._seconds_before + time.perf_counter() - self._began, 3)

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Keep further facts now, merged key by key.

        Raises:
            InputError: if they are no mapping.
            RecordError: for values that JSON cannot hold, or if the disk refuses.
        """
        self._check_open()
        check_facts(facts)
        self._add_facts(facts)
        self._folder.write_manifest()

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

    # -- beginning and end -------------------------------------------------------------------

    def _resume(self, path: Path, replaced: set[str], probe: CheckedProbe | None) -> None:
        """Go on with a record; of its fields, only ``replaced`` ones change."""
        before = open_record(path)
        if before.status == "finished":
            raise RecordError(f"The run {self.run_id} has finished; there is nothing to resume.")
        folder = RecordFolder.reopen(before.path, self._manifest)
        try:
            self._seconds_before = self._manifest.resume(read_manifest(before.path), replaced)
            stored = before.probe
            other = probe is not None and list(stored["sample_id"]) != probe.ids
            if probe is not None and len(stored) and other:
                raise InputError(
                    f"The record {self.run_id} follows another probe: its {len(stored)} samples "
                    f"are not the {len(probe.ids)} given now; give the same probe, or none."
                )
            rows = before.metrics.itertuples(index=False, name=None)
            self._metrics = MetricsLog(folder, rows)
            folder.write_manifest()
        except BaseException:
            folder.release()
            raise
        self._folder = folder
        self._probe_log = ProbeLog(folder, len(stored) or None)
        self._resume_files = ResumeFiles(folder)

    def _end(self, status: Status, message: str) -> None:
        try:
            self._metrics.flush()
            facts = self._manifest.facts
            facts["seconds"] = {"total": self.seconds, **facts.get("seconds", {})}
            self._manifest.status = status
            self._manifest.message = " ".join(message.split())[:2000]
            self._manifest.scores = self._metrics.test_scores
            self._folder.settle_digests(resumable=status != "finished")
            self._manifest.files = self._folder.sizes()
            self._folder.write_manifest()
            if status == "finished":
                self._folder.remove_resume()
        finally:
            self._folder.release()

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        self._manifest.facts = merged_facts(self._manifest.facts, facts)

    # -- writing -----------------------------------------------------------------------------

    def _check_open(self) -> None:
        if not self._folder.is_open:
            raise RecordError(f"The record {self.run_id} is closed; start a new Recorder.")
