"""Corpora in memory, small enough to train on in a second."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pkdot.data import Corpus
from pkdot.data.corpus import Split
from pkdot.tasks import Task
from tests.tasks.examples import problem

N = 120
PARTS = Split(*(np.arange(a, b) for a, b in ((0, 40), (40, 70), (70, 90), (90, N))))


def targets_of(kind: str, n: int = N) -> tuple[Task, np.ndarray]:
    """A task and n targets, (n,) or (n, T), none of them missing."""
    parts = [problem(kind, seed, gaps=False) for seed in range(-(-n // 40))]
    targets = np.concatenate([part.targets for part in parts])[:n]
    return parts[0].task, targets


def small_corpus(
    kind: str = "classification",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    prevalent: Sequence[str] = ("face",),
    **changes: Any,
) -> Corpus:
    """120 samples whose entries follow the target with noise; privileged ones with less of it.

    Args:
        kind: of the task.
        shapes: modality -> shape of a sample; face (5,) and eda (4,) where left out.
        prevalent: names among ``shapes``; the others are privileged.
        changes: of the corpus's fields.
    """
    rng = np.random.default_rng(0)
    task, targets = targets_of(kind)
    shapes = shapes or {"face": (5,), "eda": (4,)}
    signal = task.strata(targets)
    signal = targets.sum(1) if signal is None else signal
    modalities = {}
    for name, shape in shapes.items():
        noise = rng.standard_normal((N, *shape)) * (2.0 if name in prevalent else 0.5)
        weights = rng.standard_normal(shape)
        modalities[name] = np.float32(signal.reshape(-1, *[1] * len(shape)) * weights + noise)
    fields: dict[str, Any] = {
        "name": "small",
        "modalities": modalities,
        "prevalent": tuple(prevalent),
        "privileged": tuple(name for name in shapes if name not in prevalent),
        "targets": targets,
        "given_targets": targets,
        "groups": np.array([f"person {i // 10}" for i in range(N)]),
        "ids": np.array([f"clip {i:03d}" for i in range(N)]),
        "task": task,
        "split": PARTS,
        "simulated": True,
        "fingerprint": f"small-{kind}",
    }
    return Corpus(**{**fields, **changes})


def windows_corpus(length: int = 6, **changes: Any) -> Corpus:
    """120 windows of frames that overlap by half, two real targets a frame; some have none."""
    rng = np.random.default_rng(1)
    task, _ = targets_of("regression")
    step = length // 2
    film = rng.standard_normal((N * step + length, 2)).cumsum(0)
    film = (film - film.mean(0)) / film.std(0)
    at = np.arange(N)[:, None] * step + np.arange(length)
    targets = film[at]
    targets[::7, 0] = np.nan
    frames = {
        "face": np.float32(film @ rng.standard_normal((2, 5)))[at],
        "eda": np.float32(film @ rng.standard_normal((2, 4)))[at],
    }
    noisy = np.float32(frames["face"] + rng.standard_normal(frames["face"].shape))
    fields: dict[str, Any] = {
        "name": "windows",
        "modalities": {**frames, "face": noisy},
        "prevalent": ("face",),
        "privileged": ("eda",),
        "targets": targets,
        "given_targets": targets,
        "groups": np.array(["film"] * N),
        "ids": np.array([f"window {i:03d}" for i in range(N)]),
        "task": task.fitted(targets[:70]),
        "split": PARTS,
        "simulated": True,
        "fingerprint": "windows",
        "kinds": {"face": "frames", "eda": "frames"},
        "frames": at.astype(str),
    }
    return Corpus(**{**fields, **changes})
