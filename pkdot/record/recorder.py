"""Write a run record while training, from the kit's own experiment or from anyone's loop.

    with Recorder("my run", corpus="faces", method="pkdot", seed=0, probe=probe) as recorder:
        for epoch in range(30):
            ...
            recorder.log_metrics("student", epoch, "validation", {"accuracy": 0.71})
            recorder.log_embeddings(epoch, teacher=z_teacher, student=z_student)
        recorder.finish(best_epoch=12)

Whatever moment the process is killed at, what stands on disk is a record that opens.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, RecordError
from ..tasks import Classification, Task
from .environment import environment_facts
from .folder import RecordFolder
from .location import runs_directory
from .manifest import RunManifest, Status, merged_facts, read_manifest
from .metrics_log import MetricsLog
from .probe_log import ProbeLog
from .reader import open_record
from .resume_files import ResumeFiles
from .run_log import RunLog
from .validation import CheckedProbe, Probe, check_facts, check_probe


class Recorder(RunLog):
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
