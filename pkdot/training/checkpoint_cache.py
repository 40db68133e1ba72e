"""Trained networks kept on disk, each with the reports of its training.

A file is named by everything that the training depends on: the samples, their labels, the first
weights, the settings and the versions. It appears whole or not at all, so that two processes may
train the same network at once.
"""

import hashlib
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..atomic_files import written_aside
from .loop import EpochReport

VERSION = 1
"""Raised whenever the same key would give other weights."""


def training_key(stage: str, facts: Any) -> str:
    """File name of a training.

    Args:
        stage: its name in reports.
        facts: all that the result depends on, as JSON takes it.
    """
    surroundings = [VERSION, torch.__version__, torch.get_num_threads()]
    text = json.dumps([*surroundings, stage, facts], sort_keys=True, default=str)
    return f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def cached_training(
    key: str,
    network: nn.Module,
    training: Generator[EpochReport, None, None],
    folder: Path | None,
) -> Generator[EpochReport, None, bool]:
    """Train a network, or load it and repeat the reports of its training.

    Args:
        key: from :func:`training_key`.
        network: takes the weights in place.
        training: not yet begun; not run where the result is in the cache.
        folder: of the cache; None trains in any case.

    Returns:
        Whether the training was in the cache.

    Raises:
        RecordError: if the file cannot be written.
    """
    path = None if folder is None else folder / f"{key}.safetensors"
    cached = None if path is None else _read(path, network)
    if cached is not None:
        for stage, epoch, metrics, best_epoch, of in cached:
            yield EpochReport(stage, epoch, metrics, best_epoch, network, of=of)
        return True
    rows = []
    for report in training:
        metrics = dict(report.metrics)
        rows.append((report.stage, report.epoch, metrics, report.best_epoch, report.of))
        yield report
    if path is not None:
        from safetensors.torch import save_file

        state = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
        with written_aside(path) as aside:
            save_file(state, aside, metadata={"reports": json.dumps(rows)})
    return False


def _read(path: Path, network: nn.Module) -> list[tuple[str, int, Any, int, int]] | None:
    """Load the weights and give the reports; None where the file is absent, damaged or foreign."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stored:
            reports = json.loads(stored.metadata()["reports"])
            state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError):
        return None
    return [tuple(row) for row in reports]
