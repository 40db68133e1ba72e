"""Going on with an interrupted run: which one, whether it can, and from where."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..data import Corpus
from ..errors import ConfigError, DataError
from ..record import Recorder, RunRecord, find_record
from ..record.environment import environment_facts
from ..record.resume_files import ResumeFile
from .config import ExperimentConfig
from .own_networks import OwnNetworks
from .recording import RecordKeeper

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pkdot")
"""Those that numbers depend on."""


class Resumption:
    """A run to go on with.

    Args:
        run: its name, or the folder of its record.
        runs_dir: folder of records; :func:`pkdot.record.runs_directory` by default.
        anyway: go on though versions or processor differ, and say so in the record.

    Raises:
        ConfigError: if there is no such run.
        RecordError: if its record is damaged.
    """

    def __init__(
        self, run: str | Path, runs_dir: str | Path | None = None, *, anyway: bool = False
    ) -> None:
        self.record: RunRecord = find_record(run, None if runs_dir is None else Path(runs_dir))
        self._anyway = anyway
        self.differences: list[str] = []

    def config(self, given: "ExperimentConfig | Mapping[str, Any] | None") -> ExperimentConfig:
        """The run's settings.

        Raises:
            ConfigError: if others were given, or this kit reads the run's otherwise.
        """
        config = ExperimentConfig(**self.record.config)
        if config.hash != self.record.facts.get("config_hash"):
            raise ConfigError(
                f"This kit reads the settings of {self.record.run_id} otherwise than the one that "
                f"began it, so it cannot go on; run the experiment anew."
            )
        if given is not None and ExperimentConfig.of(given).hash != config.hash:
            raise ConfigError(
                f"The settings given are not those of {self.record.run_id}; leave them out, a "
                f"resumed run keeps its own."
            )
        return config

    def check(self, corpus: Corpus | None, own: OwnNetworks, ranks: int) -> None:
        """Refuse what would not end in the numbers of a run without an interruption.

        Args:
            corpus: that was given in memory.
            own: networks of the user's that were given.
            ranks: that go on with it.

        Raises:
            ConfigError: one sentence.
        """
        record, facts = self.record, self.record.facts
        if record.status == "finished":
            raise ConfigError(f"The run {record.run_id} has finished; there is nothing to resume.")
        in_memory = record.config.get("data", {}).get("name") == "given"
        if in_memory and corpus is None:
            raise ConfigError(
                f"The run {record.run_id} was given its corpus in memory; go on from Python, with "
                f"run_experiment(corpus=..., resume={record.run_id!r})."
            )
        if corpus is not None and not in_memory:
            raise ConfigError(
                f"The run {record.run_id} reads its corpus by its settings; give none to resume it."
            )
        if facts.get("own networks", {}) != own.facts():
            raise ConfigError(
                f"The run {record.run_id} trains networks of your own, and those given now are "
                f"others; go on from Python with the same ones: run_experiment(teacher=..., "
                f"student=..., resume={record.run_id!r})."
            )
        if (before := facts.get("ranks", 1)) != ranks:
            raise ConfigError(
                f"The run {record.run_id} was begun by {before} processes, not {ranks}; resume it "
                f"with as many."
            )
        self.differences = _differences(facts)
        if self.differences and not self._anyway:
            raise ConfigError(
                f"The run {record.run_id} would end in other numbers than without an interruption: "
                f"{'; '.join(self.differences)}; go on where it began, or ask for it anyway."
            )

    def check_data(self, facts: Mapping[str, Any]) -> None:
        """Refuse data that changed.

        Args:
            facts: about the data as they are now.

        Raises:
            DataError: if their fingerprint is another.
        """
        before = self.record.facts.get("data", {}).get("fingerprint")
        if before != facts["fingerprint"]:
            raise DataError(
                f"The data of {self.record.run_id} have changed since it began (fingerprint "
                f"{facts['fingerprint']}, not {before}); bring them back, or run it anew."
            )

    def take_up(self, recorder: Recorder, keeper: RecordKeeper) -> list[ResumeFile]:
        """Bring a record back to the newest state that was kept, and give what to go on from.

        Raises:
            RecordError: if the record is damaged, or the disk refuses.
        """
        found = recorder.resume_files.take_up()
        newest = found[-1] if found else None
        recorder.go_back(None if newest is None else newest.bookmark)
        if newest is not None:
            keeper.go_on(newest.notes)
        times = list(self.record.facts.get("resumed", ()))
        stage = "the beginning" if newest is None else newest.key
        epoch = 0 if newest is None else newest.notes.get("epoch")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"at": now, "stage": stage, "epoch": epoch, "after_seconds": recorder.seconds}
        if self.differences:
            entry["though"] = self.differences
        recorder.add_facts({"resumed": [*times, entry]})
        return found


@contextmanager
def said_how_to_resume(
    recorder: Recorder, config: ExperimentConfig, own: OwnNetworks, runs_dir: str | Path | None
) -> Iterator[None]:
    """Add to an interrupt (Ctrl-C) how the run of a record goes on."""
    try:
        yield
    except KeyboardInterrupt as end:
        how = f"python -m pkdot run --resume {recorder.run_id}"
        if runs_dir is not None:
            how += f" --runs {shlex.quote(str(runs_dir))}"
        if own or config.data.name == "given":
            how = f"run_experiment(..., resume={recorder.run_id!r}) with what it was given"
        end.add_note(f"the run goes on by: {how}")
        raise


def _differences(facts: Mapping[str, Any]) -> list[str]:
    """In words, what numbers depend on and is other than it was; empty where nothing is."""
    now = environment_facts()
    before, found = facts.get("versions", {}), []
    for name in _LIBRARIES:
        if before.get(name) != now["versions"].get(name):
            found.append(f"{name} was {before.get(name)} and is {now['versions'].get(name)}")
    kept = facts.get("hardware", {})
    for name in ("machine", "instructions", "gpu"):
        if kept.get(name) != now["hardware"].get(name):
            found.append(f"the {name} was {kept.get(name)} and is {now['hardware'].get(name)}")
    return found
