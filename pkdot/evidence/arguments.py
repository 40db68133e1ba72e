"""The arguments of ``python -m pkdot evidence``, read as a campaign and the steps to run."""

import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..experiments.config import ExperimentConfig
from ..record.location import runs_directory
from .campaign import Campaign, Seeds, Workers
from .contenders import find_contenders
from .grids import SIZES
from .regimes import STANDARD, Regime, find_regimes, own_regime
from .steps import STEPS
from .studies import find_studies

QUICK_METHODS, QUICK_STUDIES = ("kd", "pkdot", "rows"), ("rows",)


def read_steps(arguments: Namespace) -> list[str]:
    """Names of the steps to run; settings that were chosen earlier are not tuned again.

    Raises:
        ConfigError: if ``--chosen`` names no folder, or tuning is asked for beside it.
    """
    every = "all" in arguments.step
    steps = list(STEPS) if every else list(arguments.step)
    if arguments.chosen is None:
        return steps
    if not arguments.chosen.is_dir():
        raise ConfigError(f"--chosen {arguments.chosen} is no folder; see --help.")
    if not every and {"ceilings", "tune"} & set(steps):
        raise ConfigError("--chosen takes settings as they are; leave out ceilings and tune.")
    return [name for name in steps if name not in ("ceilings", "tune")]


def read_campaign(arguments: Namespace, own: Mapping[str, Any] | None = None) -> Campaign:
    """The campaign that the arguments describe.

    Args:
        arguments: of the command line.
        own: settings of own data by their dotted names, in place of the kit's regimes.

    Raises:
        ConfigError: for an unknown regime, method or study; seeds or people that cannot be
            compared; or studies on a regime that is left out.
    """
    quick = arguments.quick
    studies = arguments.studies
    if studies is None and quick:
        studies = list(QUICK_STUDIES)
    seeds = _seeds(arguments)
    name = "evidence" if arguments.data is None else f"evidence-{Path(arguments.data).stem}"
    kept = runs_directory().parent / (f"{name}-quick" if quick else name)
    study_regimes = _study_regimes(arguments)
    campaign = Campaign(
        regimes=_regimes(arguments, own),
        contenders=find_contenders(
            arguments.methods or (QUICK_METHODS if quick else None), arguments.grid
        ),
        folder=arguments.folder or kept,
        chosen=arguments.chosen,
        seeds=seeds,
        settings=2 if quick else SIZES[arguments.grid],
        grid=arguments.grid,
        controlled=("kd",) if quick else ("kd", "pkdot", "rows"),
        studies=find_studies(studies),
        study_regimes=study_regimes,
        workers=Workers(arguments.jobs, arguments.engine, progress=not arguments.quiet),
        quick=quick,
    )
    names = [regime.name for regime in campaign.regimes]
    absent = [name for name in campaign.study_regimes if name not in names]
    if absent and (arguments.study_regimes or "ablate" in arguments.step):
        raise ConfigError(
            f"Studies are to run on {absent[0]!r}, which is not among the regimes "
            f"{', '.join(names)}; name it in --regimes as well, or others in --study-regimes."
        )
    return campaign


def report_file(arguments: Namespace, campaign: Campaign) -> Path:
    """Where the report goes."""
    is_aside = campaign.quick or arguments.data is not None
    folder = campaign.folder if is_aside else runs_directory().parent / "benchmarks"
    return arguments.report or folder / "evidence.md"


def _seeds(arguments: Namespace) -> Seeds:
    for name in ("seeds", "control_seeds", "tuning_seeds", "study_seeds"):
        number = getattr(arguments, name)
        if number is not None and number < 2:
            raise ConfigError(
                f"--{name.replace('_', '-')} {number} gives no interval; give 2 or more."
            )
    quick = arguments.quick
    first = arguments.first_seed if arguments.first_seed is not None else 60 if quick else 100
    number = arguments.seeds or (3 if quick else 20)
    return Seeds(
        tuning=tuple(range(arguments.tuning_seeds or (2 if quick else 4))),
        comparison=tuple(range(first, first + number)),
        controls=tuple(range(first, first + (arguments.control_seeds or number))),
        studies=tuple(range(arguments.study_seeds or (2 if quick else 10))),
    )


def _study_regimes(arguments: Namespace) -> tuple[str, ...]:
    if arguments.data is not None:
        return ("own",)
    return tuple(r.name for r in find_regimes(arguments.study_regimes or ["few"]))


def _regimes(arguments: Namespace, own: Mapping[str, Any] | None) -> list[Regime]:
    if own:
        for name in ("regimes", "study_regimes", "people"):
            if getattr(arguments, name):
                raise ConfigError(
                    f"--{name.replace('_', '-')} names problems of the kit, --data your own; give "
                    f"one of them."
                )
        words = [f"--{n.removeprefix('data.')} {shlex.quote(str(v))}" for n, v in own.items()
                 if n not in ("data.name", "data.path", "data.drop_missing")]  # fmt: skip
        told = ["--data", shlex.quote(str(arguments.data)), *words]
        told += ["--drop-missing"] if arguments.drop_missing else []
        base = ExperimentConfig().changed(own)
        return [own_regime(base, " ".join(told), progress=not arguments.quiet)]
    regimes = find_regimes(arguments.regimes or (["few"] if arguments.quick else list(STANDARD)))
    if arguments.people is None:
        return regimes
    if not any(regime.simulated for regime in regimes):
        raise ConfigError(
            "--people draws simulated people, and none of the regimes "
            f"{', '.join(regime.name for regime in regimes)} has any; leave it out, or name a "
            "BioVid regime in --regimes."
        )
    return [regime.with_people(arguments.people) for regime in regimes]
