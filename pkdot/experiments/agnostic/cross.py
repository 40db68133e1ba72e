"""Settings of the cross, and running them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...distillers import method_title
from ...errors import ConfigError
from ...networks.settings import Fusion
from ...worker_pool import Lost, unordered
from ..cells import Arm
from ..sweep import ALONE, run_grid
from .probe import probe_problem
from .problems import USUAL_FUSION, Problem

ENCODERS: dict[str, dict[str, Any]] = {
    f"{start}, {'frozen' if frozen else 'trainable'}": {
        "network.student_encoder": start,
        "network.freeze_student_encoder": frozen,
    }
    for start in ("copied", "fresh")
    for frozen in (False, True)
}
"""How the student's encoder starts and whether it learns; the first is the usual one."""

USUAL_ENCODER = next(iter(ENCODERS))


@dataclass(frozen=True)
class Setting:
    """One cell of the cross.

    Attributes:
        problem: corpus, modalities and task.
        fusion: of teacher and student.
        encoder: a name of :data:`ENCODERS`.
    """

    problem: Problem
    fusion: Fusion = USUAL_FUSION
    encoder: str = USUAL_ENCODER


def settings_of(chosen: Sequence[Problem], profile: str = "quick") -> list[Setting]:
    """The settings of a profile.

    Args:
        chosen: problems.
        profile: ``quick`` (each problem with the usual fusion and encoder; on the first problem
            that every fusion can read, each other fusion and each other encoder, one at a time) or
            ``full`` (the whole cross, of what can read one another).

    Raises:
        ConfigError: for an unknown profile, or no problem.
    """
    if not chosen:
        raise ConfigError("The cross has no problem; name one or more.")
    if profile == "full":
        return [Setting(p, f, e) for p in chosen for f in p.fusions for e in ENCODERS]
    if profile != "quick":
        raise ConfigError(f"There is no profile {profile!r}; choose quick or full.")
    star = next((p for p in chosen if p.has_tokens), chosen[0])
    return [
        *(Setting(p) for p in chosen),
        *(Setting(star, fusion) for fusion in star.fusions[1:]),
        *(Setting(star, encoder=name) for name in ENCODERS if name != USUAL_ENCODER),
    ]


def setting_arms(encoders: Sequence[str], method: str) -> list[Arm]:
    """Student alone, a distilled student of each encoder, and their teacher.

    Args:
        encoders: names of :data:`ENCODERS`.
        method: any distiller, or a sum of them.
    """
    title = method_title(method)
    return [
        Arm("alone", "student alone", ALONE),
        *(Arm(name, f"{title}, {name}", {"method": method, **ENCODERS[name]}) for name in encoders),
        Arm("teacher", "teacher", role="teacher"),
    ]


def run_settings(
    settings: Sequence[Setting],
    seeds: Sequence[int],
    *,
    folder: Path,
    method: str = "pkdot",
    jobs: int = 1,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train all arms of all settings, and probe what each problem's privileged modality adds.

    Args:
        settings: from :func:`settings_of`.
        seeds: replicates, the same for every setting.
        folder: of simulated data, cells and teachers; what is there is not made again.
        method: any distiller, or a sum of them.
        jobs: processes.
        progress: whether to draw bars.

    Returns:
        Cells, as :func:`pkdot.experiments.sweep.run_grid` gives them, with the columns problem
        (name), title and fusion in front (arms are named by their encoder); and probes, a row a
        problem and seed: problem, seed and the columns of
        :class:`~pkdot.analysis.added_information.Probe`.

    Raises:
        ConfigError, DataError: as a run does.
    """
    folder = Path(folder)
    wanted: dict[tuple[str, Fusion], list[Setting]] = {}
    for setting in settings:
        wanted.setdefault((setting.problem.name, setting.fusion), []).append(setting)
    bases = {
        problem.name: [problem.at(folder, seed) for seed in seeds]
        for problem in {setting.problem.name: setting.problem for setting in settings}.values()
    }
    kept = folder / "cells"
    cells = []
    for (name, fusion), own in wanted.items():
        found = run_grid(
            [base.changed({"network.fusion": fusion}) for base in bases[name]],
            setting_arms([setting.encoder for setting in own], method),
            jobs=jobs,
            folder=kept,
            progress=progress,
            label=f"{name}, {fusion}",
        )
        title = own[0].problem.title
        cells.append(found.assign(problem=name, problem_title=title, fusion=fusion))
    each = [(name, base) for name, configs in bases.items() for base in configs]
    calls = [(base, kept / "teachers") for _, base in each]
    probes = dict(unordered(probe_problem, calls, jobs))
    rows = []
    for number, (name, base) in enumerate(each):
        probe = probes[number]
        if isinstance(probe, Lost):
            raise probe.error(f"{name} with seed {base.seed}", folder)
        rows.append({"problem": name, "seed": base.seed, **probe.columns()})
    return pd.concat(cells, ignore_index=True), pd.DataFrame(rows)
