"""Trained networks kept on disk, each with the reports of its training.

They depend on the samples, their labels, the first weights, the settings and the versions; see
:mod:`pkdot.keyed_cache`.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from ..keyed_cache import KeyedCache, short_hash
from .loop import EpochReport
from .tensor_files import read_tensors, write_tensors

VERSION = 1
"""Raised whenever the same key would give other weights."""


def training_key(stage: str, facts: Any) -> str:
    """File name of a training.

    Args:
        stage: its name in reports.
        facts: all that the result depends on, as JSON takes it.
    """
    surroundings = [VERSION, torch.__version__, torch.get_num_threads()]
    return f"{stage}-{short_hash([*surroundings, stage, facts])}"


def cached_training(
    key: str,
    network: nn.Module,
    training: Generator[EpochReport, None, None],
    folder: Path | None,
    fabric: Fabric | None = None,
) -> Generator[EpochReport, None, bool]:
    """Train a network, or load it and repeat the reports of its training.

    Args:
        key: from :func:`training_key`.
        network: takes the weights in place.
        training: not yet begun; not run where the result is in the cache.
        folder: of the cache; None trains in any case.
        fabric: of several ranks, of which the first one alone reads and writes.

    Returns:
        Whether the training was in the cache.

    Raises:
        RecordError: if the file cannot be written.
    """
    rows: list[tuple[str, int, Any, int, int]] = []

    def read(path: Path) -> list[Any]:
        state, notes = read_tensors(path)
        reports = json.loads(notes["reports"])
        network.load_state_dict(state)
        return [tuple(row) for row in reports]

    def write(path: Path, reports: list[Any]) -> None:
        write_tensors(path, network.state_dict(), {"reports": json.dumps(reports)})

    several = fabric is not None and fabric.world_size > 1
    first = fabric is None or fabric.is_global_zero
    cache = KeyedCache(folder if first else None, ".safetensors", read, write)
    cached = cache.find(key)
    if fabric is not None and several:
        cached = fabric.broadcast(cached)
        if cached is not None:
            network.load_state_dict(fabric.broadcast(network.state_dict()))
    for stage, epoch, metrics, best_epoch, of in cached or ():
        yield EpochReport(stage, epoch, metrics, best_epoch, network, of=of)
    if cached is not None:
        return True
    for report in training:
        metrics = dict(report.metrics)
        rows.append((report.stage, report.epoch, metrics, report.best_epoch, report.of))
        yield report
    cache.keep(key, rows)
    return False
