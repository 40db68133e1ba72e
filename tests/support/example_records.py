"""Records with known structure, written by the real Recorder in a fraction of a second."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pkdot.record import Batch, Probe, Recorder

CLASSES = ("zero", "one", "two", "three", "four")
N = 90
EPOCHS = (0, 2, 5, 9)
BEST = 5


def structured_arrays(seed: int = 0, n: int = N, classes: int = len(CLASSES)) -> dict[str, Any]:
    """Teacher and student embeddings whose agreement grows with the epoch, and pictures to match.

    Returns:
        labels (n,), teacher (n, 12), noise (n, 12), real (n, 6), images (n, 8, 8) uint8.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = rng.normal(size=(classes, 12))
    teacher = centres[labels] + 0.35 * rng.normal(size=(n, 12))
    patterns = rng.random((classes, 8, 8)) > 0.55
    images = (patterns[labels] * 190 + rng.integers(0, 60, (n, 8, 8))).astype(np.uint8)
    return {
        "labels": labels,
        "teacher": teacher,
        "noise": rng.normal(size=(n, 12)),
        "real": rng.normal(size=(n, 6)) + labels[:, None],
        "images": images,
    }


def student_at(arrays: dict[str, Any], epoch: int) -> np.ndarray:
    """The student's embeddings (n, 12): noise at first, like the teacher's at the end."""
    share = epoch / EPOCHS[-1]
    return share * arrays["teacher"] + (1 - 0.7 * share) * arrays["noise"]


def write_record(
    folder: Path, *, finish: bool = True, names: list[str] | None = None, **options: Any
) -> Recorder:
    """Write a record into ``folder``; with ``finish=False`` it is left open, as if running.

    ``options`` go to the Recorder; ``simulated``, ``class_names`` and so on. ``names`` are those
    of the samples where ``probe`` gives other ones.
    """
    arrays = structured_arrays()
    labels, images = arrays["labels"], arrays["images"]
    coarse = images.reshape(N, 4, 2, 4, 2).mean(axis=(2, 4)).astype(np.uint8)
    ids = names or [f"sample-{i:03d}" for i in range(N)]
    subjects = [f"person {i % 6}" for i in range(N)]
    settings: dict[str, Any] = {
        "runs_dir": folder,
        "corpus": "patterns",
        "method": "pkdot",
        "seed": 0,
        "class_names": CLASSES,
        "config": {"k": 10, "blur": 0.1, "policy": "shared"},
        "probe": Probe(ids, subjects, labels, {"teacher sees": images, "student sees": coarse}),
    }
    recorder = Recorder("patterns, by a test", **{**settings, **options})
    for epoch in range(EPOCHS[-1] + 1):
        rise = epoch / EPOCHS[-1]
        for split, lift in (("train", 0.1), ("validation", 0.0)):
            values = {"accuracy": 0.3 + 0.5 * rise + lift, "loss": 1.6 - rise - lift}
            recorder.log_metrics("student", epoch, split, values)
        recorder.log_metrics("teacher", epoch, "validation", {"accuracy": 0.5 + 0.45 * rise})
        if epoch in EPOCHS:
            student = student_at(arrays, epoch)
            seen = slice(0, 40)
            given = np.where(np.arange(40) % 4 == 0, labels[seen], -1)
            recorder.log_embeddings(
                epoch,
                teacher=arrays["teacher"],
                student=student,
                batch=Batch(ids[seen], given, arrays["teacher"][seen], student[seen]),
            )
    recorder.log_features(real=arrays["real"], hallucinated=arrays["real"] * 0.8 + 0.1)
    recorder.log_metrics("student", BEST, "test", {"accuracy": 0.71})
    outputs = np.eye(len(CLASSES))[labels]
    columns: dict[str, Any] = {"sample_id": ids, "subject": subjects, "split": "test"}
    columns["label"] = labels
    for who in ("teacher", "student"):
        columns |= {f"{who}_{c}": outputs[:, c] for c in range(len(CLASSES))}
    recorder.log_predictions(pd.DataFrame(columns))
    if finish:
        recorder.finish(best_epoch=BEST)
    return recorder


def forget_digests(record: Path) -> None:
    """Allow that a test changes files of a record on purpose."""
    (record / "digests.txt").unlink()


def write_clips_record(folder: Path) -> Recorder:
    """A record like that of a corpus of clips: encoders, frames and curves, two classes, people."""
    arrays = structured_arrays(n=24, classes=2)
    labels, rng = arrays["labels"], np.random.default_rng(1)
    ids = [f"90000{i % 3}_w_2{i % 3}-{('BL1', 'PA4')[label]}-{i:03d}"
           for i, label in enumerate(labels)]  # fmt: skip
    subjects = [name.split("-")[0] for name in ids]
    frames = rng.integers(0, 255, (24, 28, 28, 3)).astype(np.uint8)
    curves = rng.integers(0, 255, (24, 16, 28)).astype(np.uint8)
    recorder = Recorder(
        "clips, by a test", runs_dir=folder, run_id="clips", corpus="clips", method="kd+pkdot",
        seed=0, simulated=True, class_names=("BL1", "PA4"),
        config={"options": {"pkdot": {"k": 8, "blur": 0.1, "policy": "shared"}}},
        probe=Probe(ids, subjects, labels, {"video": frames, "eda": curves}),
    )  # fmt: skip
    with recorder:
        for stage in ("video", "eda", "teacher", "tnet", "student"):
            for epoch in range(3):
                name = "explained" if stage == "tnet" else "accuracy"
                recorder.log_metrics(stage, epoch, "validation", {name: 0.5 + 0.1 * epoch})
        for epoch in (0, 2):
            share = epoch / 2
            student = share * arrays["teacher"] + arrays["noise"]
            recorder.log_embeddings(epoch, teacher=arrays["teacher"], student=student)
        recorder.log_features(real=arrays["real"], hallucinated=0.5 * arrays["real"])
        columns: dict[str, Any] = {"sample_id": ids, "subject": subjects, "split": "test"}
        columns["label"] = labels
        for who, wrong in (("teacher", 2), ("student", 7)):
            right = np.where(np.arange(24) < wrong, 1 - labels, labels)
            columns |= {f"{who}_{c}": np.where(right == c, 0.8, 0.2) for c in range(2)}
        recorder.log_predictions(pd.DataFrame(columns))
        recorder.log_metrics("student", 2, "test", {"accuracy": 17 / 24})
        recorder.finish(best_epoch=2)
    return recorder
