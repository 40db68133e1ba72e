"""One cell of a grid: one arm on one data set with one seed, kept in a small file.

Its key holds everything that its numbers depend on; see :mod:`pkdot.keyed_cache`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from ..atomic_files import write_json
from ..data import Corpus
from ..distillers import build_distiller
from ..errors import ConfigError
from ..keyed_cache import KeyedCache, short_hash
from ..training.encoders import raw_modalities
from ..training.loop import EpochReport
from ..training.outputs import student_answers
from ..training.student import train_student
from .baselines import BASELINES, run_baseline
from .cell_scores import context_of, scored, seen_alone, seen_by_teacher, tallies_of, tnet_scores
from .config import PLACES, RECORDED, ExperimentConfig
from .corpora import experiment_corpus
from .experiment import (
    check_corpus,
    drain,
    make_fabric,
    stage_context,
    surroundings,
    train_networks,
)
from .results import scores_of
from .teacher_cache import library_versions, stage_facts, teacher_stage

UNIMODAL = "unimodal"
_SIZES = (
    "feature_dim",
    "heads",
    "hidden",
    "embedding_dim",
    "fusion",
    "embedding_norm",
    "teacher_sees",
)


@dataclass(frozen=True)
class Arm:
    """One row of a comparison.

    Attributes:
        name: short name.
        title: what tables and figures call it.
        changes: dotted settings that make this arm of a base config; they apply to the student,
            who shares the teacher of the base.
        role: baseline, unimodal, student or teacher; figures colour by it.
        teacher: dotted settings that give the arm a teacher of its own, and its student as well.
    """

    name: str
    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    role: str = "student"
    teacher: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """An arm's two configs: who teaches and who learns."""

    teacher: ExperimentConfig
    student: ExperimentConfig


def pair_of(base: ExperimentConfig, arm: Arm) -> Pair:
    own = base.changed(arm.teacher)
    student = own.changed(arm.changes)
    return Pair(own.changed({"control": student.control}), student)


def check_arm(base: ExperimentConfig, arm: Arm) -> None:
    """Refuse an arm that cannot share what it says it shares.

    Raises:
        ConfigError: if the arm makes no valid config, changes the data or the seed, or sizes that
            the student takes over from the shared teacher.
    """
    pair = pair_of(base, arm)
    if pair.student.data != base.data or pair.student.seed != base.seed:
        raise ConfigError(
            f"Arm {arm.name!r} changes the data or the seed, which all arms share; make a sweep of "
            "its own for it."
        )
    pairing = pair.student.pairing
    if pairing != pair.teacher.pairing or pairing.tail != base.pairing.tail:
        raise ConfigError(
            f"Arm {arm.name!r} changes the pairing of its student alone, or the tail, which all "
            "arms share; give both networks the pairing (the setting among its teacher's changes), "
            "or make a sweep of its own for it."
        )
    if pair.student.training.doubtful_pairs != pair.teacher.training.doubtful_pairs:
        raise ConfigError(
            f"Arm {arm.name!r} sets training.doubtful_pairs for its student alone, but T-Net and "
            "student learn from the same pairs; give both the setting (among its teacher's "
            "changes), or make a sweep of its own for it."
        )
    if pair.student.student_is_alone or arm.role != "student":
        return
    for name in _SIZES:
        has, wants = getattr(pair.teacher.network, name), getattr(pair.student.network, name)
        if has != wants:
            raise ConfigError(
                f"Arm {arm.name!r} sets network.{name} to {wants!r}, but its student takes over "
                f"parts of the shared teacher, which has {has!r}; give the arm a teacher of its "
                "own (the setting among its teacher's changes), or make a sweep of its own for it."
            )


def cell_key(base: ExperimentConfig, arm: Arm) -> str:
    """Names a cell by all that its numbers depend on, the versions that make them included.

    The arm's own name is not part of it: two arms that come to the same share a cell.
    """
    pair = pair_of(base, arm)
    kind = pair.student.method if arm.role == "student" else arm.name
    facts: dict[str, Any] = {"role": arm.role, "kind": kind, "versions": library_versions()}
    if arm.role != "student":
        facts["teacher"] = stage_facts(pair.teacher)
    else:
        facts["student"] = pair.student.on_record(PLACES | RECORDED)
        if not pair.student.student_is_alone:
            facts["teacher"] = stage_facts(pair.teacher)
    fold = getattr(base.data, "fold", None)
    place = f"seed{base.seed}" if fold is None else f"fold{fold}-seed{base.seed}"
    return f"{kind}-{place}-{short_hash(facts)}"


def cell_cache(folder: Path) -> KeyedCache[dict[str, Any]]:
    """Finished cells, by :func:`cell_key`."""
    return KeyedCache(folder, ".json", read_cell, write_json)


def read_cell(file: Path) -> dict[str, Any]:
    """A cell in a file; raises where that is damaged."""
    cell = json.loads(file.read_text())
    if not isinstance(cell, dict):
        raise ValueError("no cell")
    return cell


def run_cell(
    base: ExperimentConfig, arm: Arm, folder: Path, *, progress: bool = False
) -> dict[str, Any]:
    """The cell of an arm: from its file, or computed and written now.

    One that another process is at is waited for.

    Args:
        base: config of this data set and seed.
        arm: what is run.
        folder: of cells; teacher stages lie in ``teachers`` below it.
        progress: whether to draw bars while a corpus is prepared.

    Returns:
        seed; ``threads`` that it was computed on; ``task`` and ``unit`` (what a group is, in
        words); every score of the test samples; ``validation`` (the primary score) and, for
        networks, ``validation_criterion`` (the loss); of a student with T-Nets,
        ``tnet_explained``; where groups have several samples, ``by_group``: group -> tally of its
        test samples (of classes [right, all]), and ``tnet_by_group``: modality -> group -> share
        of the privileged feature's variance that the student's T-Net explains; ``seconds`` that
        this cell alone took, and ``elapsed`` with the data and the teacher, where it made these.

    Raises:
        ConfigError, DataError: as the experiment does.
    """
    return cell_cache(folder).find_or_compute(
        cell_key(base, arm), lambda: compute_cell(base, arm, folder, progress=progress)
    )


def compute_cell(
    base: ExperimentConfig, arm: Arm, folder: Path, *, progress: bool = False
) -> dict[str, Any]:
    """:func:`run_cell` without its file: for whoever has claimed the cell."""
    pair, began = pair_of(base, arm), perf_counter()
    with surroundings(pair.student.threads):
        computed = _computed(pair, arm, folder, progress)
    cell = {"seed": base.seed, "threads": pair.student.threads, **computed}
    return {**cell, "elapsed": round(perf_counter() - began, 3)}


def _computed(pair: Pair, arm: Arm, folder: Path, progress: bool) -> dict[str, Any]:
    config = pair.student
    teachers = folder / "teachers"
    corpus = experiment_corpus(config, progress=progress)
    if arm.name in BASELINES or (arm.role == "student" and config.student_is_alone):
        if raw_modalities(corpus):
            corpus = teacher_stage(pair.teacher, teachers).corpus
        check_corpus(config, corpus)
        began = perf_counter()
        if arm.name in BASELINES:
            scores, outputs = run_baseline(arm.name, corpus)
            return {**scores, **context_of(corpus), **tallies_of(outputs, corpus), **_took(began)}
        return {**_alone(config, corpus), **_took(began)}
    # Refuse before the teacher's training what cannot end well.
    if arm.role == "student":
        check_corpus(config, corpus)
    stage = teacher_stage(pair.teacher, teachers)
    corpus, shared = stage.corpus, stage.shared
    began = perf_counter()
    if arm.role == UNIMODAL:
        if arm.name not in stage.unimodal:
            raise ConfigError(f"{corpus.name} has no backbone for a modality {arm.name!r}.")
        alone = stage.unimodal[arm.name]
        of_test, seen = seen_alone(stage.unimodal_outputs[arm.name], corpus, arm.name)
        test = alone["test"]
        if corpus.is_sequence:  # the stage scored frames before they were smoothed
            test = scores_of(seen, "test", seen.split.test, of_test)
        return {
            **test,
            "validation": alone["validation"][corpus.task.primary.name],
            **context_of(corpus),
            **tallies_of(of_test, seen),
        }
    assert shared is not None
    if arm.role == "teacher":
        return scored(shared.targets.output.outputs, seen_by_teacher(corpus))
    best = _BestEpoch()
    trained = drain(train_networks(config, corpus, make_fabric(config), shared), best)
    found = {**scored(trained.output.outputs, corpus), "best_epoch": best.epoch, **_took(began)}
    return {**found, **tnet_scores(trained, corpus)}


class _BestEpoch:
    """Listens to a student's training."""

    epoch = 0

    def __call__(self, report: EpochReport) -> None:
        self.epoch = report.best_epoch


def _alone(config: ExperimentConfig, corpus: Corpus) -> dict[str, Any]:
    """A student alone takes nothing from a teacher, so none is trained for it."""
    best = _BestEpoch()
    context = stage_context(config, corpus, make_fabric(config))
    distiller = build_distiller(config.method, config.options)
    student = drain(train_student(context, distiller), best)
    outputs = student_answers(student, corpus).outputs
    return {**scored(outputs, corpus), "best_epoch": best.epoch}


def _took(began: float) -> dict[str, float]:
    return {"seconds": round(perf_counter() - began, 3)}
