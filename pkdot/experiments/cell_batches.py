"""Cells of a grid that train together: folds, seeds and weights of one method and shape.

Each member of a batch is a cell as :func:`pkdot.experiments.cells.run_cell` computes it, with the
same key and a file of its own, written when it is finished. What cannot train together is computed
one by one, and the reason is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from ..data import Corpus
from ..distillers import build_distiller
from ..errors import PkdotError
from ..keyed_cache import claimed, short_hash
from ..training.controls import distilled_targets, student_corpus
from ..training.encoders import raw_modalities
from ..training.many.loop import MemberEnd
from ..training.many.students import student_obstacle, student_shape, train_students
from ..training.outputs import student_answers
from ..training.stages import TeacherStage, Trained
from ..training.student import PreparedStudent, prepare_student
from .cell_scores import scored, tnet_scores
from .cells import (
    Arm,
    Pair,
    cell_cache,
    cell_key,
    compute_cell,
    pair_of,
    run_cell,
)
from .config import PLACES, RECORDED, ExperimentConfig
from .corpora import experiment_corpus
from .experiment import check_corpus, make_fabric, stage_context, surroundings
from .teacher_batches import teach
from .teacher_cache import teacher_stage

MOST = 32
"""Members of a batch at most."""
ACTIVATIONS = 2**21
"""Bytes of one hidden layer's activations, all members' together, at most: beyond what a core's
cache holds, a batch is slower than its members one by one (``reports/benchmarks/training.md``)."""

CellTask = tuple[ExperimentConfig, Arm]


@dataclass(frozen=True)
class Done:
    """What a batch of cells has come to.

    Attributes:
        cells: in the order asked for; of one that was refused its seed, and why as ``failed``; None
            for one that another process is at.
        notes: sentences on what had to be computed one by one.
    """

    cells: list[dict[str, Any] | None]
    notes: tuple[str, ...] = ()


def config_obstacle(config: ExperimentConfig) -> str:
    """Why students of a config cannot train together, as far as the config tells; else empty."""
    if config.precision != "32-true":
        return f"precision {config.precision} trains one by one"
    if config.network.fusion != "concat":
        return f"the fusion {config.network.fusion} trains one by one"
    if config.network.temporal != "none":
        return "windows of frames train one by one"
    return ""


def members_at_once(config: ExperimentConfig) -> int:
    """Members of a batch at most: fewer of wide networks, which fill a core by themselves."""
    if config.device == "cuda":
        return 16 * MOST
    width = max(config.network.hidden, config.network.feature_dim, config.network.embedding_dim)
    layer = 4 * config.training.batch_size * width
    return max(1, min(MOST, ACTIVATIONS // layer))


def batch_key(base: ExperimentConfig, arm: Arm) -> str:
    """Equal for students whose configs differ in seed, data and weights alone."""
    student = pair_of(base, arm).student
    beside = {"seed", "data", *PLACES, *RECORDED} - {"device"}
    facts = student.on_record(beside)
    for options in facts["options"].values():
        for name in ("weight", "share", "share_cap"):
            options.pop(name, None)
    return short_hash([student.data.name, facts])


def batches_of(
    order: Sequence[CellTask], folder: Path, jobs: int, most: int | None = None
) -> list[list[int]]:
    """Places in an order of cells, put together into what one worker computes at a time.

    Args:
        order: base and arm of each cell.
        folder: of cells; those that are finished form no batch.
        jobs: workers, between whom a batch is divided.
        most: members of a batch at most, for all networks; by :func:`members_at_once` if None.
    """
    cells = cell_cache(folder)
    found: dict[str, list[int]] = {}
    for place, (base, arm) in enumerate(order):
        key = f"cell {place}"
        if arm.role == "student" and most != 1 and not cells.file(cell_key(base, arm)).exists():
            key = batch_key(base, arm)
        found.setdefault(key, []).append(place)
    batches = []
    first = {id(base): place for place, (base, _) in reversed(list(enumerate(order)))}
    for places in found.values():
        places.sort(key=lambda place: first[id(order[place][0])])  # one teacher's students together
        base, arm = order[places[0]]
        limit = members_at_once(pair_of(base, arm).student) if most is None else most
        size = max(1, min(limit, -(-len(places) // jobs)))
        batches += [places[start : start + size] for start in range(0, len(places), size)]
    return batches


def run_cells(
    tasks: Sequence[CellTask],
    folder: Path,
    tolerant: bool = False,
    progress: bool = False,
    patient: bool = True,
) -> Done:
    """The cells of a batch: from their files, or computed together and written one by one.

    Args:
        tasks: base and arm of each.
        folder: as for :func:`~pkdot.experiments.cells.run_cell`.
        tolerant: whether a cell that the kit refuses is a row with the sentence in ``failed``.
        progress: whether to draw bars while a corpus is prepared.
        patient: whether to wait for cells that other processes are at, once the rest is done.

    Raises:
        PkdotError: of the first cell that is refused, once the others are finished and kept.
    """
    cells, keys = cell_cache(folder), [cell_key(*task) for task in tasks]
    results: list[dict[str, Any] | PkdotError | None] = [cells.find(key) for key in keys]
    notes: dict[str, None] = {}
    with claimed(cells, [k for k, r in zip(keys, results, strict=True) if r is None]) as claims:
        left = [keys.index(key) for key in claims if cells.find(key) is None]
        for place, found in _computed([tasks[p] for p in left], folder, progress, notes):
            own = left[place]
            results[own] = found
            if not isinstance(found, PkdotError):
                cells.keep(keys[own], found)
            claims[keys[own]].release()
    for place, key in enumerate(keys):
        if results[place] is None and (patient or key in claims):
            try:
                results[place] = run_cell(*tasks[place], folder, progress=progress)
            except PkdotError as error:
                results[place] = error
    done: list[dict[str, Any] | None] = []
    for (base, _), result in zip(tasks, results, strict=True):
        if not isinstance(result, PkdotError):
            done.append(result)
        elif tolerant:
            done.append({"seed": base.seed, "failed": str(result)})
        else:
            raise result
    return Done(done, tuple(notes))


def _computed(
    tasks: Sequence[CellTask], folder: Path, progress: bool, notes: dict[str, None]
) -> Iterator[tuple[int, dict[str, Any] | PkdotError]]:
    """Place and result of each cell: together where they can, then the others one by one."""
    alone = list(range(len(tasks)))
    if len(tasks) > 1:
        obstacle = config_obstacle(pair_of(*tasks[0]).student)
        if obstacle:
            notes[_note(tasks[0], obstacle)] = None
        else:
            alone = []
            for place, found in _trained(tasks, folder, progress):
                if isinstance(found, str):
                    notes[_note(tasks[place], found)] = None
                    alone.append(place)
                else:
                    yield place, found
    for place in alone:
        try:
            yield place, compute_cell(*tasks[place], folder, progress=progress)
        except PkdotError as error:
            yield place, error


def _note(task: CellTask, obstacle: str) -> str:
    return f"{task[1].title!r} is not trained many at once: {obstacle}."


@dataclass(frozen=True, eq=False)
class _Ready:
    """A student about to train, the corpus that scores it, and its teacher's stage."""

    prepared: PreparedStudent
    corpus: Corpus
    shared: TeacherStage | None


Result = dict[str, Any] | PkdotError | str
"""A cell, what refused it, or why it has to be computed by itself."""


def _trained(
    tasks: Sequence[CellTask], folder: Path, progress: bool
) -> Iterator[tuple[int, Result]]:
    """Place in the tasks and result of each, as they are finished."""
    with surroundings(pair_of(*tasks[0]).student.threads):
        began = perf_counter()
        pairs = [pair_of(*task) for task in tasks]
        taught = [p.teacher for p in pairs if not p.student.student_is_alone]
        teach(taught, folder / "teachers", members_at_once(pairs[0].student))
        ready: dict[int, _Ready] = {}
        groups: dict[tuple[Any, ...], list[int]] = {}
        for place, task in enumerate(tasks):
            try:
                own = _ready(pair_of(*task), folder, progress)
            except PkdotError as error:
                yield place, error
                continue
            obstacle = student_obstacle(own.prepared)
            if obstacle:
                yield place, obstacle
                continue
            ready[place] = own
            groups.setdefault(student_shape(own.prepared), []).append(place)
        share = (perf_counter() - began) / max(1, len(ready))
        for places in groups.values():
            for place, found in _together(tasks, ready, places):
                if isinstance(found, dict):
                    found["elapsed"] = round(found["seconds"] + share, 3)
                yield place, found


def _together(
    tasks: Sequence[CellTask], ready: dict[int, _Ready], places: Sequence[int]
) -> Iterator[tuple[int, Result]]:
    seconds = dict.fromkeys(places, 0.0)
    began = perf_counter()
    for event in train_students([ready[place].prepared for place in places]):
        now = perf_counter()
        for place in seconds:  # each member's share of what passed
            seconds[place] += (now - began) / len(seconds)
        began = now
        if not isinstance(event, MemberEnd):
            continue
        place = places[event.member]
        taken = seconds.pop(place)
        if event.error is not None:
            yield place, event.error
            continue
        try:
            cell = _cell(tasks[place], ready.pop(place), event.best_epoch)
        except PkdotError as error:
            yield place, error
            continue
        cell["seconds"] = round(taken + perf_counter() - now, 3)
        yield place, cell
        began = perf_counter()


def _ready(pair: Pair, folder: Path, progress: bool) -> _Ready:
    config, teachers = pair.student, folder / "teachers"
    corpus = experiment_corpus(config, progress=progress)
    distiller = build_distiller(config.method, config.options)
    if config.student_is_alone:
        if raw_modalities(corpus):
            corpus = teacher_stage(pair.teacher, teachers).corpus
        check_corpus(config, corpus)
        context = stage_context(config, corpus, make_fabric(config))
        return _Ready(prepare_student(context, distiller), corpus, None)
    check_corpus(config, corpus)
    stage = teacher_stage(pair.teacher, teachers)
    corpus, shared = stage.corpus, stage.shared
    assert shared is not None
    context = stage_context(config, corpus, make_fabric(config))
    prepared = prepare_student(
        replace(context, corpus=student_corpus(config.control, corpus)),
        distiller,
        shared,
        distilled_targets(config.control, shared.targets, context),
    )
    return _Ready(prepared, corpus, shared)


def _cell(task: CellTask, ready: _Ready, best_epoch: int) -> dict[str, Any]:
    corpus, student = ready.corpus, ready.prepared.spec.network.eval()
    output = student_answers(student, corpus)
    threads = pair_of(*task).student.threads
    scores = scored(output.outputs, corpus)
    cell = {"seed": task[0].seed, "threads": threads, **scores, "best_epoch": best_epoch}
    if ready.shared is None:
        return cell
    return {**cell, **tnet_scores(Trained(ready.shared, student, output), corpus)}
