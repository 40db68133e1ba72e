"""Transport over rows against matching each row with its own, batch by batch of a training.

The rows of teacher and student in a batch are of the same samples. Transport compares them as two
sets; matching one to one compares each row with the other network's row of the same sample.
"""

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..distillers import build_distiller
from ..distillers.transported import TransportDistiller
from ..errors import ConfigError
from ..experiments.cells import Arm, cell_cache, cell_key
from ..experiments.config import ExperimentConfig
from ..experiments.experiment import drain, make_fabric, surroundings, train_networks
from ..experiments.teacher_cache import teacher_stage
from ..keyed_cache import KeyedCache
from ..method.loss import PKDOTLoss
from ..method.plan_measures import diagonal_mass, within_class_mass
from ..training.loop import BatchSnapshot, EpochReport
from ..worker_pool import Lost, unordered
from .ablation import Chosen
from .campaign import Workers

MATCHED_BY = {"pkdot": "transport", "rows": "one to one"}
"""Contender -> how the rows of its students are matched while they learn."""

MOMENTS = {"first": "first epoch", "kept": "the epoch that is kept"}
"""Epochs whose last batch is measured: name in a cell -> words."""


def measure_pairing(
    teacher: Tensor, student: Tensor, labels: np.ndarray, structural: PKDOTLoss
) -> dict[str, float]:
    """Compare transport over the rows of a batch with matching each row with its own.

    Args:
        teacher: embeddings, (B, D_T).
        student: embeddings of the same samples, (B, D_S).
        labels: (B,) true classes; -1 where unknown.
        structural: the transport, and the anchors of both.

    Returns:
        ``own`` and ``same_class``: shares of the plan's mass that stay with the sample and, of the
        samples with a label, within the class; ``own_chance`` and ``same_class_chance``: the same
        of a plan that spreads its mass evenly; ``cosine``: of the gradients of both losses for the
        student's embeddings; ``strength``: length of the transport's gradient over that of one to
        one (NaN, both, where a gradient is zero).

    Raises:
        InputError: as :meth:`pkdot.PKDOTLoss.structure` does.
    """
    plan = structural.structure(teacher, student).transport.plan.cpu().numpy()
    even = np.full_like(plan, 1 / plan.size)
    z = student.detach().clone().requires_grad_(True)
    teacher_rows, student_rows = structural.rows(teacher, z)
    losses = (
        structural.divergence(teacher_rows, student_rows),
        0.5 * (teacher_rows - student_rows).square().sum(1).mean(),
    )
    by_transport, by_pairs = (
        torch.autograd.grad(loss, z, retain_graph=True)[0].flatten() for loss in losses
    )
    lengths = [float(gradient.norm()) for gradient in (by_transport, by_pairs)]
    nonzero = min(lengths) > 1e-12
    return {
        "own": float(diagonal_mass(plan)),
        "own_chance": float(diagonal_mass(even)),
        "same_class": float(within_class_mass(plan, labels)),
        "same_class_chance": float(within_class_mass(even, labels)),
        "cosine": float(by_transport @ by_pairs) / (lengths[0] * lengths[1]) if nonzero else nan,
        "strength": lengths[0] / lengths[1] if nonzero else nan,
    }


class _Batches:
    """Listens to a student's training: the last batch of its first and of its best epoch."""

    def __init__(self) -> None:
        self.first: BatchSnapshot | None = None
        self.kept: BatchSnapshot | None = None

    def __call__(self, report: EpochReport) -> None:
        if report.batch is None:
            return
        if self.first is None:
            self.first = self.kept = report.batch
        if report.best_epoch == report.epoch:
            self.kept = report.batch


def run_pairing_cell(
    base: ExperimentConfig, arm: Arm, loss: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Train one student and measure two of its batches; from its file if that is there.

    One that another process is at is waited for.

    Args:
        base: config of this data set and seed.
        arm: who is trained.
        loss: dotted settings of the PKDOT whose transport is measured, whoever is trained.
        folder: of cells; teachers lie in ``teachers``, and these in ``pairing``.

    Returns:
        seed, and for each of :data:`MOMENTS` the numbers of :func:`measure_pairing`.

    Raises:
        ConfigError, DataError: as the experiment does.
    """
    return pairing_cells(folder).find_or_compute(
        cell_key(base, arm), lambda: _measured(base, arm, loss, folder)
    )


def _measured(
    base: ExperimentConfig, arm: Arm, loss: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """:func:`run_pairing_cell` without its file."""
    config = base.changed(arm.changes)
    measured = base.changed(loss)
    with surroundings(config.threads):
        distiller = cast(TransportDistiller, build_distiller(measured.method, measured.options))
        stage = teacher_stage(base, folder / "teachers")
        batches = _Batches()
        drain(train_networks(config, stage.corpus, make_fabric(config), stage.shared), batches)
        cell: dict[str, Any] = {"seed": base.seed}
        for moment in MOMENTS:
            batch: BatchSnapshot = getattr(batches, moment)
            corpus = stage.corpus
            strata = corpus.task.strata(corpus.targets[batch.indices])
            cell[moment] = measure_pairing(
                batch.teacher, batch.student, strata, distiller.structural
            )
    return cell


def pairing_cells(folder: Path) -> KeyedCache[dict[str, Any]]:
    """The finished cells in a folder of cells."""
    return cell_cache(folder / "pairing")


def pairing_arms(chosen: Chosen) -> list[Arm]:
    """A student of each way to match rows, with its chosen setting.

    Raises:
        ConfigError: if one has none.
    """
    for name in MATCHED_BY:
        if name not in chosen:
            raise ConfigError(f"{name!r} has no chosen setting; run the step tune with it first.")
    return [Arm(name, title, chosen[name]) for name, title in MATCHED_BY.items()]


def run_pairing(
    bases: Sequence[ExperimentConfig],
    chosen: Chosen,
    folder: Path,
    workers: Workers,
    label: str = "",
) -> None:
    """Compute every cell that is not there yet.

    Args:
        bases: one config a seed.
        chosen: contender -> dotted changes of its chosen setting.
        folder: of cells.
        workers: how many processes, on this machine; and whether to draw a progress bar.
        label: in front of the bar.

    Raises:
        ConfigError, DataError: as the experiment does.
        WorkerError: for a cell whose worker process died each time it was tried.
    """
    places = [(base, arm) for base in bases for arm in pairing_arms(chosen)]
    calls = [(base, arm, chosen["pkdot"], folder) for base, arm in places]
    cells = unordered(run_pairing_cell, calls, workers.jobs)
    silent = not workers.progress
    for number, cell in tqdm(cells, total=len(places), desc=label, unit="cell", disable=silent):
        if isinstance(cell, Lost):
            base, arm = places[number]
            raise cell.error(f"{arm.title!r} with seed {base.seed}", folder)


def pairing_table(bases: Sequence[ExperimentConfig], chosen: Chosen, folder: Path) -> pd.DataFrame:
    """The numbers of the finished cells; empty unless all are there.

    Returns:
        One row a seed, student and moment: seed, student, moment, and the numbers of
        :func:`measure_pairing`.

    Raises:
        ConfigError: if a student has no chosen setting.
    """
    rows = []
    for arm in pairing_arms(chosen):
        for base in bases:
            cell = pairing_cells(folder).find(cell_key(base, arm))
            if cell is None:
                return pd.DataFrame()
            for moment, title in MOMENTS.items():
                row = {"seed": base.seed, "student": arm.title, "moment": title}
                rows.append({**row, **cell[moment]})
    return pd.DataFrame(rows)
