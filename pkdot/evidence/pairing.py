"""What transport makes of not knowing which row is whose, batch by batch of a training."""

import json
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..atomic_files import write_json
from ..distillers import build_distiller
from ..distillers.transported import TransportDistiller
from ..errors import ConfigError
from ..experiments.cells import Arm, cell_file
from ..experiments.config import ExperimentConfig
from ..experiments.experiment import drain, make_fabric, surroundings, train_networks
from ..experiments.teacher_cache import teacher_stage
from ..method.loss import PKDOTLoss
from ..method.plan_measures import diagonal_mass, within_class_mass
from ..training.loop import BatchSnapshot, EpochReport

TAUGHT_BY = {"pkdot": "transport", "rows": "one to one"}
"""Contender -> how its students' rows were matched while they learnt."""

MOMENTS = {"first": "first epoch", "kept": "the epoch that is kept"}


def look(
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
        of a plan that knows nothing; ``cosine``: of the gradients of both losses for the student's
        embeddings; ``strength``: length of the transport's gradient over that of one to one (NaN,
        both, where a gradient is zero).

    Raises:
        InputError: as :meth:`pkdot.PKDOTLoss.structure` does.
    """
    plan = structural.structure(teacher, student).transport.plan.cpu().numpy()
    blind = np.full_like(plan, 1 / plan.size)
    z = student.detach().clone().requires_grad_(True)
    told, imitated = structural.rows(teacher, z)
    one_to_one = 0.5 * (told - imitated).square().sum(1).mean()
    losses = (structural.divergence(told, imitated), one_to_one)
    by_transport, by_pairs = (
        torch.autograd.grad(loss, z, retain_graph=True)[0].flatten() for loss in losses
    )
    lengths = [float(gradient.norm()) for gradient in (by_transport, by_pairs)]
    moving = min(lengths) > 1e-12
    return {
        "own": diagonal_mass(plan),
        "own_chance": diagonal_mass(blind),
        "same_class": within_class_mass(plan, labels),
        "same_class_chance": within_class_mass(blind, labels),
        "cosine": float(by_transport @ by_pairs) / (lengths[0] * lengths[1]) if moving else nan,
        "strength": lengths[0] / lengths[1] if moving else nan,
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


def pairing_cell(
    base: ExperimentConfig, arm: Arm, loss: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Train one student and look at two of its batches; from its file if that is there.

    Args:
        base: config of this data set and seed.
        arm: who is trained.
        loss: dotted settings of the PKDOT whose transport is looked at, whoever is trained.
        folder: of cells; teachers lie in ``teachers``, and these in ``pairing``.

    Raises:
        ConfigError, DataError: as the experiment does.
    """
    file = cell_file(folder / "pairing", base, arm)
    kept = read_pairing(file)
    if kept is not None:
        return kept
    config = base.changed(arm.changes)
    asked = base.changed(loss)
    with surroundings(config.threads):
        distiller = cast(TransportDistiller, build_distiller(asked.method, asked.options))
        stage = teacher_stage(base, folder / "teachers")
        seen = _Batches()
        drain(train_networks(config, stage.corpus, make_fabric(config), stage.shared), seen)
        cell: dict[str, Any] = {"seed": base.seed}
        for moment in MOMENTS:
            batch: BatchSnapshot = getattr(seen, moment)
            truth = stage.corpus.labels[batch.indices]
            cell[moment] = look(batch.teacher, batch.student, truth, distiller.structural)
    write_json(file, cell)
    return cell


def read_pairing(file: Path) -> dict[str, Any] | None:
    """A finished cell; None where there is none."""
    try:
        return cast(dict[str, Any], json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def pairing_arms(chosen: Mapping[str, Mapping[str, Any]]) -> list[Arm]:
    """A student of each way to match rows, with its chosen setting.

    Raises:
        ConfigError: if one has none.
    """
    for name in TAUGHT_BY:
        if name not in chosen:
            raise ConfigError(f"{name!r} has no chosen setting; run the step tune with it first.")
    return [Arm(name, told, chosen[name]) for name, told in TAUGHT_BY.items()]


def run_pairing(
    bases: Sequence[ExperimentConfig],
    chosen: Mapping[str, Mapping[str, Any]],
    folder: Path,
    *,
    jobs: int = 1,
    progress: bool = True,
    label: str = "",
) -> None:
    """Every cell that is not there yet.

    Args:
        bases: one config a seed.
        chosen: contender -> dotted changes of its chosen setting.
        folder: of cells.
        jobs: worker processes.
        progress: whether to draw a progress bar.
        label: in front of the bar.

    Raises:
        ConfigError, DataError: as the experiment does.
    """
    places = [(base, arm) for base in bases for arm in pairing_arms(chosen)]
    done = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
        joblib.delayed(pairing_cell)(base, arm, chosen["pkdot"], folder) for base, arm in places
    )
    for _ in tqdm(done, total=len(places), desc=label, unit="cell", disable=not progress):
        pass


def pairing_table(
    bases: Sequence[ExperimentConfig], chosen: Mapping[str, Mapping[str, Any]], folder: Path
) -> pd.DataFrame:
    """What the finished cells say; empty unless all are there.

    Returns:
        One row a seed, student and moment: seed, student, moment, and the numbers of :func:`look`.
    """
    rows = []
    for arm in pairing_arms(chosen):
        for base in bases:
            cell = read_pairing(cell_file(folder / "pairing", base, arm))
            if cell is None:
                return pd.DataFrame()
            for moment in MOMENTS:
                told = {"seed": base.seed, "student": arm.title, "moment": MOMENTS[moment]}
                rows.append({**told, **cell[moment]})
    return pd.DataFrame(rows)
