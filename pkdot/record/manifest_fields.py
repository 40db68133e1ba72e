"""What ``run.json`` says of a run, field by field."""

from typing import Any

from ..tasks import Task
from .manifest import RunManifest, task_of


class ManifestFields:
    """The fields of a manifest, each as a property; mappings are copies."""

    def __init__(self, manifest: RunManifest) -> None:
        self._manifest = manifest

    @property
    def run_id(self) -> str:
        """Readable, unique name, e.g. ``20260131-154500-digits-pkdot-seed0``."""
        return self._manifest.run_id

    @property
    def name(self) -> str:
        """What the writer called the run."""
        return self._manifest.name

    @property
    def config(self) -> dict[str, Any]:
        """The resolved settings."""
        return dict(self._manifest.config)

    @property
    def facts(self) -> dict[str, Any]:
        """Versions, hardware, threads, timings (seconds), data fingerprint and the like."""
        return dict(self._manifest.facts)

    @property
    def corpus(self) -> str:
        """Name of the data set."""
        return self._manifest.corpus

    @property
    def method(self) -> str:
        """Name of the distiller."""
        return self._manifest.method

    @property
    def seed(self) -> int | None:
        """The seed, where there was one."""
        return self._manifest.seed

    @property
    def simulated(self) -> bool:
        """Whether the data came from a simulator; every figure then says "simulated"."""
        return self._manifest.simulated

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name a class; empty where there are no classes."""
        return tuple(self._manifest.class_names)

    @property
    def task(self) -> Task:
        """What was to be learnt.

        Raises:
            RecordError: if the record is damaged there.
        """
        return task_of(self._manifest)

    @property
    def unit(self) -> str:
        """What a group of samples is, in words: subject, actor, video."""
        data = self._manifest.facts.get("data")
        return str(data.get("unit", "subject")) if isinstance(data, dict) else "subject"

    @property
    def best_epoch(self) -> int | None:
        """The student epoch that was selected; None until it is known."""
        return self._manifest.best_epoch

    @property
    def created(self) -> str:
        """When the run began, ISO 8601 in UTC."""
        return self._manifest.created

    @property
    def scores(self) -> dict[str, float]:
        """Last value of each test metric, by ``"stage name"``; known once a run has finished.

        NaN and infinity are kept, as a run that diverged has them.
        """
        return dict(self._manifest.scores)
