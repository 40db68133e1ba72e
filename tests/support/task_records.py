"""A record of every task, and one without targets, written as anybody's loop would write them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pkdot
from pkdot.record import Batch, Probe, Recorder, RunRecord, open_record
from pkdot.record.target_columns import target_columns
from pkdot.tasks import Classification, Multilabel, Ordinal, Regression, Task

N = 80
EPOCHS = (0, 1, 2)
KINDS = ("classification", "ordinal", "regression", "multilabel")


def task_and_targets(kind: str) -> tuple[Task, np.ndarray]:
    """A task, and targets of N samples, some of them missing."""
    rng = np.random.default_rng(0)
    level = rng.uniform(size=N)
    if kind == "regression":
        task: Task = Regression(targets=("pain", "heart rate"))
        targets = np.column_stack([10 * level, 70 + 20 * level + 8 * rng.normal(size=N)])
        targets[::9, 0] = np.nan
        targets[4] = np.nan
    elif kind == "multilabel":
        task = Multilabel(labels=("hole", "straight stroke", "symmetric"))
        targets = (rng.uniform(size=(N, 3)) < level[:, None]).astype(float)
        targets[4] = np.nan
    else:
        names = ("none", "some", "much", "most")
        task = (Ordinal if kind == "ordinal" else Classification)(classes=names)
        targets = np.minimum((4 * level).astype(int), 3)
        targets[4] = -1
    targets = task.check(targets)
    return task.fitted(targets), targets


def answers(task: Task, targets: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Recorded outputs (N, W) of a network that sees targets through noise."""
    outputs = task.ideal_outputs(targets, 0.9)
    rng = np.random.default_rng(seed)
    return np.asarray(task.recorded(outputs + noise * rng.normal(size=outputs.shape)))


def embeddings(task: Task, targets: np.ndarray, noise: float, width: int) -> np.ndarray:
    """(N, width): targets under noise, in a space of their own."""
    rng = np.random.default_rng(width)
    known = np.nan_to_num(task.ideal_outputs(targets).astype(float))
    turned = known @ rng.normal(size=(known.shape[1], width))
    return turned + noise * rng.normal(size=turned.shape)


def write_task_record(folder: Path, kind: str, *, frames_of: int = 0, **options: Any) -> RunRecord:
    """A finished record of a task of this kind; its samples may be frames of some videos."""
    task, targets = task_and_targets(kind)
    ids = [f"clip-{i:02d}" for i in range(N)]
    if frames_of:
        ids = [f"video {i % frames_of}/{10 * (i // frames_of)}" for i in range(N)]
    groups = [f"person {i % 8}" for i in range(N)]
    settings: dict[str, Any] = {
        "runs_dir": folder, "run_id": kind, "corpus": f"clips with {kind}", "method": "kd+pkdot",
        "seed": 0, "task": task, "probe": Probe(ids, groups, targets),
        "config": {"k": 10, "blur": 0.1, "policy": "shared"},
    }  # fmt: skip
    with Recorder("one of every task", **{**settings, **options}) as recorder:
        teacher = embeddings(task, targets, 0.3, 12)
        for epoch in EPOCHS:
            student = embeddings(task, targets, 1.5 - 0.5 * epoch, 8)
            seen = Batch(ids[:40], targets[:40], teacher[:40], student[:40])
            recorder.log_embeddings(epoch, teacher=teacher, student=student, batch=seen)
            for split, better in (("train", 0.2), ("validation", 0.0)):
                values = {
                    task.primary.name: 0.3 + 0.2 * epoch + better,
                    task.criterion.name: 1.0 - 0.2 * epoch - better,
                }
                recorder.log_metrics("student", epoch, split, values)
        columns: dict[str, Any] = {"sample_id": ids, "subject": groups, "split": "test"}
        columns |= target_columns(targets)
        for who, noise in (("teacher", 0.4), ("student", 1.2)):
            recorded = answers(task, targets, noise, len(who))
            columns |= {f"{who}_{j}": column for j, column in enumerate(recorded.T)}
            tally = [task.tally(recorded, targets)]
            recorder.log_metrics(who, 2, "test", {task.primary.name: task.tallied(tally)})
        recorder.log_predictions(pd.DataFrame(columns))
        recorder.finish(best_epoch=2)
    return open_record(recorder.path)


def write_unlabelled_record(folder: Path) -> RunRecord:
    """Two sets of embeddings of which nothing else is known."""
    task, targets = task_and_targets("regression")
    pair = (embeddings(task, targets, noise, width) for noise, width in ((0.3, 12), (0.8, 8)))
    return pkdot.compare_embeddings(*pair, names=("video", "wrist band"), runs_dir=folder)
