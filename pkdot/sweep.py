"""Grids of experiments: arms × seeds × folds, in processes here or on a Dask cluster, resumable.

A cell is one arm at one seed of one fold. Cells of one seed and fold share corpus, teacher and
T-Nets, so one worker takes them together. Each finished cell is a small file; a sweep that was
killed loses at most the cell that each worker was at.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from . import __version__
from .baselines import BASELINES, run_baseline
from .config import ExperimentConfig
from .data import Corpus, load_corpus
from .distillers import available_distillers, parse_method
from .encoding import EncoderStage
from .errors import ConfigError
from .experiment import (
    check_batch,
    drain,
    encode_corpus,
    make_fabric,
    surroundings,
    train_networks,
    train_teacher_stage,
)
from .files import write_json
from .journal import final_metrics, tnet_by_subject
from .record import runs_directory
from .training import TeacherStage

UNIMODAL = "unimodal"
_ALONE = {"method": "none", "network.student_encoder": "fresh", "network.tnet": "none"}


@dataclass(frozen=True)
class Arm:
    """One row of a comparison.

    Attributes:
        name: short name.
        title: what tables and figures call it.
        changes: dotted settings that make this arm of a base config.
        role: baseline, unimodal, student or teacher; figures colour by it.
    """

    name: str
    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    role: str = "student"


def standard_arms(
    method: str = "pkdot", options: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Arm]:
    """The arms of the standard table, around one method.

    Args:
        method: the method of interest; its parts and soft labels stand beside it, and so does
            ``kd+pkdot`` where PKDOT is a part.
        options: distiller -> its settings, used wherever that distiller is part of an arm.

    Raises:
        ConfigError: for an unknown method.
    """
    parts = parse_method(method)
    names = ["kd", *parts, method, *(["kd+pkdot"] if "pkdot" in parts else [])]
    given = options or {}
    arms = [
        Arm("logistic", "logistic regression", role="baseline"),
        Arm("svm", "RBF SVM", role="baseline"),
        Arm("alone", "student alone", _ALONE),
        Arm("tnet", "student + T-Net, no distillation", {"method": "none"}),
    ]
    different = {frozenset(parse_method(name)): name for name in reversed(names)}
    for name in dict.fromkeys(n for n in names if n in different.values()):
        own = {f"options.{p}": dict(given[p]) for p in parse_method(name) if p in given}
        if name != "none":
            arms.append(Arm(name, _title(name), {"method": name, **own}))
    return [*arms, Arm("teacher", "teacher (sees everything)", role="teacher")]


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "scikit-learn")} | {
        "pkdot": __version__
    }


def unimodal_arms(config: ExperimentConfig) -> list[Arm]:
    """One arm a modality: its backbone with its own head; none where modalities are vectors."""
    prevalent = getattr(config.data, "prevalent", None)
    if prevalent is None:
        return []
    names = (prevalent, *getattr(config.data, "privileged", ()))
    return [Arm(name, f"{name} alone", role=UNIMODAL) for name in names]


def _title(method: str) -> str:
    return " + ".join(available_distillers()[name].title for name in parse_method(method))


def _cell_file(folder: Path, base: ExperimentConfig, arm: Arm, seed: int) -> Path:
    """Named by all that the cell's numbers depend on, the versions that make them included."""
    beside = {"probe_size", "maps", "snapshot_growth", "device"}
    if arm.role != "student":
        beside |= {"method", "options"}
    own = base.changed({**arm.changes, "seed": seed}).model_dump(mode="json", exclude=beside)
    told = {"versions": _versions(), "arm": arm.name, "config": own}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    fold = getattr(base.data, "fold", None)
    place = f"seed{seed}" if fold is None else f"fold{fold}-seed{seed}"
    return folder / f"{arm.name}-{place}-{digest[:12]}.json"


def _cell(file: Path) -> dict[str, Any] | None:
    """A finished cell; None where there is none, or what is there is no cell."""
    try:
        cell = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return cell if isinstance(cell, dict) and "accuracy" in cell else None


def _run_cell(
    base: ExperimentConfig, arm: Arm, encoded: EncoderStage, shared: TeacherStage | None
) -> tuple[dict[str, Any], np.ndarray]:
    """Metrics of one cell, and the classes (n,) that it predicts for the test samples."""
    corpus = encoded.corpus
    test = corpus.split.test
    if arm.role == UNIMODAL:
        if arm.name not in encoded.scores:
            raise ConfigError(f"{corpus.name} has no backbone for a modality {arm.name!r}.")
        alone = encoded.scores[arm.name]
        predicted = encoded.test_logits[arm.name].argmax(1).numpy()
        return {**alone["test"], "validation": alone["validation"]["accuracy"]}, predicted
    if arm.name in BASELINES:
        return run_baseline(arm.name, corpus)
    assert shared is not None
    if arm.role == "teacher":
        predicted = shared.targets.output.logits[torch.as_tensor(test)].argmax(1).numpy()
        return {"accuracy": float((predicted == corpus.labels[test]).mean())}, predicted
    config = base.changed(arm.changes)
    stages = train_networks(config, corpus, make_fabric(config), shared)
    best = 0

    def note(report: Any) -> None:
        nonlocal best
        best = report.best_epoch

    trained = drain(stages, note)
    found = final_metrics(trained, corpus)
    values: dict[str, Any] = {
        **found["student"]["test"],
        "validation": found["student"]["validation"]["accuracy"],
    }
    if "test" in found["tnet"]:
        values["tnet_explained"] = found["tnet"]["test"]["explained"]
        values["tnet_by_subject"] = {
            modality: {name: of["explained"] for name, of in told.items()}
            for modality, told in tnet_by_subject(trained, corpus).items()
        }
    predicted = trained.output.logits[torch.as_tensor(test)].argmax(1).numpy()
    return {**values, "best_epoch": best}, predicted


def _by_subject(corpus: Corpus, predicted: np.ndarray) -> dict[str, list[int]] | None:
    """Test subject -> [right, all]; None where every sample is a subject of its own."""
    test = corpus.split.test
    subjects = corpus.subjects[test]
    if len(np.unique(subjects)) == len(test):
        return None
    right = predicted == corpus.labels[test]
    return {
        str(name): [int(right[subjects == name].sum()), int((subjects == name).sum())]
        for name in np.unique(subjects)
    }


def run_seed(base: ExperimentConfig, arms: Sequence[Arm], seed: int, folder: Path) -> None:
    """All cells of one seed (and of ``base``'s fold) that have no file yet, each written whole."""
    missing = [arm for arm in arms if _cell(_cell_file(folder, base, arm, seed)) is None]
    if not missing:
        return
    config = base.changed({"seed": seed})
    with surroundings(config.threads):
        corpus = load_corpus(config.data, seed)
        for arm in missing:
            check_batch(config.changed(arm.changes), corpus)
        encoded = drain(encode_corpus(config, corpus, make_fabric(config)))
        shared = None
        for arm in missing:
            if shared is None and arm.name not in BASELINES and arm.role != UNIMODAL:
                shared = drain(train_teacher_stage(config, encoded.corpus, make_fabric(config)))
            values, predicted = _run_cell(config, arm, encoded, shared)
            cell = {"arm": arm.name, "seed": seed, **values}
            told = _by_subject(encoded.corpus, predicted)
            if told is not None:
                cell["by_subject"] = told
            write_json(_cell_file(folder, base, arm, seed), cell)


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
) -> pd.DataFrame:
    """Run every arm at every seed, and on every fold where folds are given.

    Args:
        base: what all arms share; an arm's changes and the seed go on top.
        arms: what is compared.
        seeds: of corpus, weights and batches; arms of one seed share all three.
        folds: of a corpus that has folds; left out, the one that ``base`` names.
        jobs: worker processes, on this machine.
        engine: ``processes``, or ``dask://host:port`` of a Dask scheduler (needs
            ``dask.distributed``; its workers must see ``folder``).
        folder: where cells are kept and found again, ``sweeps`` beside the runs by default.
        progress: whether to draw a progress bar.

    Returns:
        One row a cell: arm, title, role, seed, accuracy, and further metrics where there are any;
        where folds are given, ``fold``; where the corpus knows subjects, ``by_subject``: subject
        -> [right, all] of the test samples, and ``tnet_by_subject``: modality -> subject -> share
        of the privileged feature's variance that the student's T-Net explains.

    Raises:
        ConfigError: for a repeated arm, no seed, an unknown engine, an arm that makes no valid
            config or changes what all arms share, folds of a corpus that has none, or a folder
            that cannot be written.
    """
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names):
        raise ConfigError(f"Two arms have one name; the arms are {', '.join(names)}.")
    if not seeds:
        raise ConfigError("A sweep needs at least one seed.")
    if jobs == 0:
        raise ConfigError("jobs = 0 processes can do nothing; give 1 or more, or -1 for all cores.")
    for arm in arms:
        own = base.changed(arm.changes)
        if own.data != base.data or own.seed != base.seed:
            raise ConfigError(
                f"Arm {arm.name!r} changes the data or the seed, which all arms share; make a "
                "sweep of its own for it."
            )
    folder = Path(folder) if folder is not None else runs_directory().parent / "sweeps"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"Cells cannot be kept in {folder}: {error.strerror}.") from None
    if folds is None:
        bases = [base]
    elif hasattr(base.data, "fold") and folds:
        bases = [base.changed({"data.fold": fold}) for fold in folds]
    else:
        raise ConfigError(
            f"Corpus {base.data.name!r} has no folds; leave folds out."
            if folds
            else "A sweep over folds needs at least one of them."
        )
    tasks = [joblib.delayed(run_seed)(one, list(arms), s, folder) for s in seeds for one in bases]
    with _backend(engine):
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        unit = "seed" if folds is None else "fold"
        done = tqdm(parallel(tasks), total=len(tasks), unit=unit, disable=not progress)
        for _ in done:
            pass
    rows = []
    for arm in arms:
        for seed in seeds:
            for one in bases:
                cell = _cell(_cell_file(folder, one, arm, seed))
                assert cell is not None, "run_seed has just written it"
                place = {} if folds is None else {"fold": one.data.fold}  # type: ignore[union-attr]
                told = {"arm": arm.name, "title": arm.title, "role": arm.role}
                rows.append({**told, **place, **cell})
    return pd.DataFrame(rows)


@contextmanager
def _backend(engine: str) -> Iterator[None]:
    if engine == "processes":
        yield
        return
    if not engine.startswith("dask://"):
        raise ConfigError(
            f"Unknown engine {engine!r}; give 'processes' or 'dask://host:port' of a scheduler."
        )
    try:
        from dask.distributed import Client
    except ImportError:
        raise ConfigError(
            "A Dask engine needs the package dask.distributed: pip install distributed."
        ) from None
    with Client(engine.replace("dask://", "tcp://")), joblib.parallel_config(backend="dask"):
        yield
