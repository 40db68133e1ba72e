"""Grids of experiments: arms × seeds × folds, in processes here or on a Dask cluster, resumable.

A cell is one arm at one seed of one fold. Each finished cell is a small file, and each teacher
another; a sweep that was killed loses at most the cell that each worker was at.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from ..data import Corpus, pinned
from ..distillers import method_title, parse_method
from ..errors import ConfigError
from ..record.location import runs_directory
from ..tasks import Classification, Task
from ..training.encoders import raw_modalities
from ..worker_pool import Lost, effective_jobs, unordered
from .cell_batches import MOST, Done, batches_of, run_cells
from .cells import UNIMODAL, Arm, cell_cache, cell_key, check_arm
from .config import ExperimentConfig
from .dask_engine import unordered_on_cluster, workers_of

__all__ = ["UNIMODAL", "Arm", "run_grid", "run_sweep", "standard_arms", "unimodal_arms"]

ALONE = {"method": "none", "network.student_encoder": "fresh", "network.tnet": "none"}
"""Changes that leave a student nothing to take from a teacher."""


def standard_arms(
    method: str = "pkdot",
    options: Mapping[str, Mapping[str, Any]] | None = None,
    task: Task | None = None,
) -> list[Arm]:
    """The arms of the standard table, around one method.

    Args:
        method: the method of interest; its parts and soft labels stand beside it, and so does
            ``kd+pkdot`` where PKDOT is a part.
        options: distiller -> its settings, used wherever that distiller is part of an arm.
        task: of the corpus, for the plain models; classes by default.

    Raises:
        ConfigError: for an unknown method.
    """
    plain = (Classification() if task is None else task).plain
    parts = parse_method(method)
    names = ["kd", *parts, method, *(["kd+pkdot"] if "pkdot" in parts else [])]
    given = options or {}
    arms = [
        *(Arm(name, plain.titles[name], role="baseline") for name in plain.standard),
        Arm("alone", "student alone", ALONE),
        Arm("tnet", "student + T-Net, no distillation", {"method": "none"}),
    ]
    different = {frozenset(parse_method(name)): name for name in reversed(names)}
    for name in dict.fromkeys(n for n in names if n in different.values()):
        own = {f"options.{p}": dict(given[p]) for p in parse_method(name) if p in given}
        if name != "none":
            arms.append(Arm(name, method_title(name), {"method": name, **own}))
    return [*arms, Arm("teacher", "teacher (sees everything)", role="teacher")]


def unimodal_arms(corpus: Corpus) -> list[Arm]:
    """One arm for each modality that needs a backbone: that backbone with its own head."""
    return [Arm(name, f"{name} alone", role=UNIMODAL) for name in raw_modalities(corpus)]


Run = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[tuple[int, Any]]]
"""Gives results of a function's calls as they come, each with the number of its call."""


Batch = list[tuple[int, int]]
"""Arm and base of each cell that one worker computes at a time."""


def run_grid(
    bases: Sequence[ExperimentConfig],
    arms: Sequence[Arm],
    *,
    jobs: int = 1,
    engine: str = "processes",
    folder: str | Path | None = None,
    progress: bool = True,
    label: str = "",
    tolerant: bool = False,
    at_once: int | None = None,
) -> pd.DataFrame:
    """Run every arm on every base: seeds, folds, or both.

    Cells of students that differ in seed, data and weights alone train as one batched model, see
    :mod:`pkdot.experiments.cell_batches`; what cannot trains one by one, and a line on stderr says
    why. Bases are taken some at a time, so that processes seldom wait for one another's teachers.

    Args:
        bases: one config a replicate; they differ in seed or data, and an arm's changes go on top.
        arms: what is compared; arms of one replicate share data, first weights and batches.
        jobs: worker processes, on this machine; with a cluster, how many workers to expect where
            not all are there yet.
        engine: ``processes``, or ``dask://host:port`` of a Dask scheduler (needs the package
            ``distributed``; its workers must see ``folder``).
        folder: where cells and teachers are kept and found again, ``sweeps`` beside the runs by
            default.
        progress: whether to draw a progress bar over cells.
        label: in front of the bar.
        tolerant: let a cell that the kit refuses (a loss that diverged, say) be a row with the
            sentence in ``failed``, rather than the end of the grid. It is tried again next time.
        at_once: students that train as one at most, 1 for one by one; by the size of their networks
            if left out.

    Returns:
        One row a cell: arm, title, role, replicate (place in ``bases``), seed, accuracy, and what
        else :func:`pkdot.experiments.cells.run_cell` gives.

    Raises:
        ConfigError: for a repeated arm, no base, an unknown engine, an arm that makes no valid
            config or changes what all arms share, or a folder that cannot be written.
        WorkerError: for a cell whose worker process died each time it was tried (out of memory,
            say); the other cells are finished by then, and kept.
    """
    called = [arm.name for arm in arms]
    if len(set(called)) != len(called):
        raise ConfigError(f"Two arms have one name; the arms are {', '.join(called)}.")
    if not bases:
        raise ConfigError("A sweep needs at least one seed.")
    if jobs == 0:
        raise ConfigError("jobs = 0 processes can do nothing; give 1 or more, or -1 for all cores.")
    run = engine_runner(engine, jobs, folder := Path(folder or runs_directory().parent / "sweeps"))
    bases = pinned_bases(bases, progress)
    for arm in arms:
        check_arm(bases[0], arm)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"Cells cannot be kept in {folder}: {error.strerror}.") from None
    width = width_of(engine, jobs)
    keys = {
        (a, r): cell_key(bases[r], arms[a]) for a in range(len(arms)) for r in range(len(bases))
    }
    finished = cell_cache(folder)
    found = {k: cell for k in set(keys.values()) if (cell := finished.find(k)) is not None}
    at_a_time = width * (MOST if at_once is None else at_once)
    batches: list[Batch] = []
    planned = set(found)
    for start in range(0, len(bases), at_a_time):
        some = range(start, min(start + at_a_time, len(bases)))
        order = []
        for place in ((arm, replicate) for arm in range(len(arms)) for replicate in some):
            if keys[place] not in planned:  # arms that come to the same share a cell
                planned.add(keys[place])
                order.append(place)
        cells = [(bases[r], arms[a]) for a, r in order]
        batches += [[order[i] for i in own] for own in batches_of(cells, folder, width, at_once)]
    said = set[str]()
    with tqdm(
        total=len(planned), initial=len(found), desc=label, unit="cell", disable=not progress
    ) as bar:

        def compute(batches: Sequence[Batch], patient: bool) -> Iterator[tuple[Batch, Done | Lost]]:
            each = [
                ([(bases[r], arms[a]) for a, r in own], folder, tolerant, progress, patient)
                for own in batches
            ]
            for number, done in run(run_cells, each):
                yield batches[number], done

        elsewhere: list[Batch] = []  # what other processes are at is waited for last
        for places, done in chain(
            _lost_ones_alone(partial(compute, patient=False), batches),
            _lost_ones_alone(partial(compute, patient=True), elsewhere),
        ):
            if isinstance(done, Lost):
                ((a, r),) = places
                lost = done.error(f"{arms[a].title!r} with seed {bases[r].seed}", folder)
                if not tolerant:
                    raise lost
                done = Done([{"seed": bases[r].seed, "failed": str(lost)}])
            for place, cell in zip(places, done.cells, strict=True):
                if cell is None:
                    elsewhere.append([place])
                else:
                    found[keys[place]] = cell
            for note in set(done.notes) - said if progress else ():
                bar.write(note, file=sys.stderr)
            said.update(done.notes)
            bar.update(sum(cell is not None for cell in done.cells))
    return pd.DataFrame(
        [
            {
                "arm": arm.name,
                "title": arm.title,
                "role": arm.role,
                "replicate": replicate,
                **found[keys[number, replicate]],
            }
            for number, arm in enumerate(arms)
            for replicate in range(len(bases))
        ]
    )


def _lost_ones_alone(
    compute: Callable[[Sequence[Batch]], Iterator[tuple[Batch, Done | Lost]]],
    batches: Sequence[Batch],
) -> Iterator[tuple[Batch, Done | Lost]]:
    """Results of batches; of one that was lost, those of its cells one by one."""
    alone: list[Batch] = []
    for batch, done in compute(batches):
        if isinstance(done, Lost) and len(batch) > 1:
            alone += [[place] for place in batch]
        else:
            yield batch, done
    if alone:
        yield from compute(alone)


def pinned_bases(bases: Sequence[ExperimentConfig], progress: bool) -> list[ExperimentConfig]:
    """The bases, bound to what their data hold now; each data set is read once for all folds."""
    contents: dict[str, str] = {}
    found = []
    for base in bases:
        whole = base.changed({"data.fold": 0}) if hasattr(base.data, "fold") else base
        key = whole.data.model_dump_json()
        if key not in contents:
            contents[key] = getattr(pinned(base.data, progress=progress), "contents", "")
        found.append(base.changed({"data.contents": contents[key]} if contents[key] else {}))
    return found


def run_sweep(
    base: ExperimentConfig,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    *,
    folds: Sequence[int] | None = None,
    jobs: int = 1,
    engine: str = "processes",
    folder: str | Path | None = None,
    progress: bool = True,
    at_once: int | None = None,
) -> pd.DataFrame:
    """Run every arm at every seed, and on every fold where folds are given.

    Args:
        base: what all arms share; an arm's changes and the seed go on top.
        arms: what is compared.
        seeds: of corpus, weights and batches; arms of one seed share all three.
        folds: of a corpus that has folds; left out, the one that ``base`` names.
        jobs, engine, folder, progress, at_once: as for :func:`run_grid`.

    Returns:
        One row a cell: arm, title, role, seed, accuracy, and what else
        :func:`pkdot.experiments.cells.run_cell` gives; where folds are given, ``fold``.

    Raises:
        ConfigError: as :func:`run_grid` does, or for folds of a corpus that has none.
    """
    for arm in arms:
        check_arm(base, arm)
    if folds is not None and not (hasattr(base.data, "fold") and len(folds)):
        raise ConfigError(
            f"Corpus {base.data.name!r} has no folds; leave folds out."
            if len(folds)
            else "A sweep over folds needs at least one of them."
        )
    places: list[dict[str, int]] = [{}] if folds is None else [{"data.fold": f} for f in folds]
    cells = run_grid(
        [base.changed({"seed": seed, **place}) for seed in seeds for place in places],
        arms,
        jobs=jobs,
        engine=engine,
        folder=folder,
        progress=progress,
        at_once=at_once,
    )
    if folds is not None:
        which = [folds[replicate % len(folds)] for replicate in cells["replicate"]]
        cells.insert(cells.columns.get_loc("seed"), "fold", which)
    return cells.drop(columns=["replicate", "seconds", "elapsed"], errors="ignore")


def width_of(engine: str, jobs: int) -> int:
    """How many cells are computed at once, and so among how many workers a batch is divided.

    Raises:
        ConfigError: if no scheduler answers.
    """
    if engine == "processes":
        return effective_jobs(jobs)
    return max(1, jobs, workers_of(engine))


def engine_runner(engine: str, jobs: int, folder: Path) -> Run:
    if engine == "processes":
        return lambda function, calls: unordered(function, calls, jobs)
    if not engine.startswith("dask://"):
        raise ConfigError(
            f"Unknown engine {engine!r}; give 'processes' or 'dask://host:port' of a scheduler."
        )
    return lambda function, calls: unordered_on_cluster(function, calls, engine, folder)
