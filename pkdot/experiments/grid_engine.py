"""Who computes the cells of a grid, what these will take, and computing those that are missing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from ..errors import PkdotError
from ..keyed_cache import KeyedCache
from ..worker_pool import Lost
from .sweep import engine_runner, width_of


@dataclass(frozen=True)
class Engine:
    """Who computes.

    Attributes:
        name: ``processes`` or ``dask://host:port``.
        jobs: processes here; of a cluster, workers to expect.
        folder: of cells.
        progress: whether to draw bars.
        at_once: students that train as one at most; None for as many as suit their networks.
    """

    name: str
    jobs: int
    folder: Path
    progress: bool = True
    at_once: int | None = None

    @property
    def workers(self) -> int:
        """How many cells are computed at once."""
        return width_of(self.name, self.jobs)


@dataclass(frozen=True)
class Estimate:
    """What a grid will take.

    Attributes:
        cells: how many different ones.
        done: how many of them are there.
        seconds: of computing that are left, divided among the workers; None where nothing is known.
        megabytes: of disk that are to come; None likewise.
        basis: what the two are reckoned from.
        workers: how many share the work.
    """

    cells: int
    done: int
    seconds: float | None
    megabytes: float | None
    basis: str
    workers: int

    def sentences(self) -> str:
        """For a person."""
        told = f"{self.cells:,} cells, {self.done:,} of them finished."
        if self.seconds is None or self.megabytes is None:
            return f"{told} {self.basis}"
        return (
            f"{told} About {self.seconds / 3600:.2g} hours on {self.workers} "
            f"{'worker' if self.workers == 1 else 'workers'} and {self.megabytes:.2g} MB of disk "
            f"are left: an estimate, {self.basis}."
        )


def compute(
    function: Callable[..., dict[str, Any]],
    wanted: Mapping[str, tuple[Any, ...]],
    finished: KeyedCache[dict[str, Any]],
    engine: Engine,
    label: str,
) -> dict[str, dict[str, Any]]:
    """The results of calls, by key: from their files, or computed now; ``failed`` where refused.

    Args:
        function: of a module; it keeps its result itself.
        wanted: key -> arguments.
        finished: where results are kept.
        engine: who computes.
        label: of the bar.
    """
    run = engine_runner(engine.name, engine.jobs, engine.folder)
    found = {key: one for key in wanted if (one := finished.find(key)) is not None}
    todo = [key for key in wanted if key not in found]
    calls = [(function, wanted[key]) for key in todo]
    with tqdm(
        total=len(wanted), initial=len(found), desc=label, unit="cell", disable=not engine.progress
    ) as bar:
        for number, one in run(_tolerant, calls):
            if isinstance(one, Lost):
                one = {"failed": str(one.error(todo[number], engine.folder))}
            found[todo[number]] = one
            bar.update()
    return found


def _tolerant(function: Callable[..., dict[str, Any]], call: tuple[Any, ...]) -> dict[str, Any]:
    try:
        return function(*call)
    except PkdotError as error:
        return {"failed": str(error)}


def mean(values: Iterable[float]) -> float:
    """Of some numbers; 0 of none."""
    numbers = list(values)
    return sum(numbers) / max(1, len(numbers))


def bytes_below(*folders: Path) -> int:
    """Of all files in folders and below them."""
    files = (file for folder in folders if folder.is_dir() for file in folder.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())
