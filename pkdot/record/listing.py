"""One line about each record of a folder, so that damaged ones can be listed beside the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ..errors import ConfigError, RecordError
from ..tasks import Classification, Task
from .files import damage
from .location import runs_directory
from .reader import RunRecord, open_record


@dataclass(frozen=True)
class RecordSummary:
    """One line about a record, damaged or not.

    Attributes:
        path: the record's folder.
        status: running, finished, failed, stopped, or damaged.
        sentence: the status in words.
        scores: last value of each test metric, by ``"stage name"``.
        task: what was to be learnt.
    """

    path: Path
    status: str
    sentence: str
    run_id: str = ""
    name: str = ""
    created: str = ""
    corpus: str = ""
    method: str = ""
    seed: int | None = None
    simulated: bool = False
    best_epoch: int | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    task: Task = field(default_factory=Classification)

    def primary(self, stage: str) -> float | None:
        """The task's primary score of ``teacher`` or ``student``; None until it is known."""
        return self.scores.get(f"{stage} {self.task.primary.name}")


def list_records(
    directory: str | Path | None = None, opener: Callable[[Path], RunRecord] = open_record
) -> list[RecordSummary]:
    """Summarise every record in a folder, newest first; a damaged one is listed as such.

    Args:
        directory: where to look, :func:`runs_directory` by default; one that does not exist has
            no records.
        opener: opens a record; one that keeps those which it opened before makes this cheaper.
    """
    directory = runs_directory() if directory is None else Path(directory)
    try:
        folders = [f for f in directory.iterdir() if f.is_dir() and not f.name.startswith(".")]
    except OSError:
        return []
    summaries = [summarise(folder, opener) for folder in folders]
    return sorted(summaries, key=lambda s: (s.created, s.path.name), reverse=True)


def summarise(path: Path, opener: Callable[[Path], RunRecord] = open_record) -> RecordSummary:
    """One line about the record in a folder; never raises for what the folder holds."""
    try:
        record = opener(path)
        if lost := record.missing_files():
            raise RecordError(
                f"The record {path.name} is damaged: {lost[0]} is missing or cut short; run it "
                f"again."
            )
        task = record.task
        scores = {name: float(value) for name, value in record.scores.items()}
    except RecordError as error:
        return RecordSummary(path, "damaged", str(error), run_id=path.name)
    except Exception as error:  # whatever a stranger's record does, the others are listed
        what = f"it cannot be read ({type(error).__name__})"
        return RecordSummary(path, "damaged", str(damage(path, what)), run_id=path.name)
    return RecordSummary(
        path,
        record.status,
        record.sentence,
        run_id=record.run_id,
        name=record.name,
        created=record.created,
        corpus=record.corpus,
        method=record.method,
        seed=record.seed,
        simulated=record.simulated,
        best_epoch=record.best_epoch,
        scores=scores,
        task=task,
    )


def find_record(given: str | Path, runs: Path | None = None) -> RunRecord:
    """The record that a person names: by its folder, or by the name of a run.

    Args:
        given: a path, or a ``run_id`` in the folder of records.
        runs: folder of records, :func:`runs_directory` by default.

    Raises:
        ConfigError: if there is none; the nearest name is suggested.
        RecordError: as :func:`open_record`.
    """
    folder = runs_directory() if runs is None else runs
    there = Path(given).expanduser().exists()
    if not there and (folder / given).is_dir():
        return open_record(folder / given)
    if there:
        return open_record(given)
    names = [path.name for path in folder.glob("*") if path.is_dir()]
    close = get_close_matches(str(given), names, n=1)
    hint = f"did you mean {close[0]}?" if close else "python -m pkdot runs lists them."
    raise ConfigError(f"There is no run {given} in {folder}; {hint}")
