"""The command ``python -m pkdot evidence``: its arguments, and what it runs.

Nothing is imported from the rest of the kit until the command runs, so that ``--help`` is quick.
"""

import argparse
from pathlib import Path

HELP = "compare every method fairly, write the report"

STEP_NAMES = ("ceilings", "tune", "compare", "controls", "ablate", "report")

QUICK_METHODS, QUICK_STUDIES = ("kd", "pkdot", "rows"), ("rows",)

DESCRIPTION = """Compare every method of the kit, fairly, and write what the numbers support.

ceilings  plain baselines, students alone, and the best that a teacher can do for a student
tune      every contender tries six settings; the best on the inner split is kept
compare   the chosen settings on other seeds, against the student alone
controls  the same with one thing about the teacher taken away
ablate    what moves when it helps or hurts: one factor of PKDOT at a time
report    write the report again from what is finished; nothing is computed

Every finished cell is kept: type the same again after an interruption and it goes on from there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.add_argument(
        "--step", nargs="+", choices=[*STEP_NAMES, "all"], default=["all"], help="which (all)"
    )
    parser.add_argument("--quick", action="store_true", help="few methods and seeds: some minutes")
    parser.add_argument(
        "--regimes", nargs="+", metavar="NAME", help="few, all, wrong, biovid_all … (all of them)"
    )
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="kd, pkdot, kd+pkdot … (all)")
    parser.add_argument(
        "--studies",
        nargs="*",
        metavar="NAME",
        help="of ablate: k, policy … (all; none where no name follows)",
    )
    parser.add_argument(
        "--study-regimes", nargs="+", metavar="NAME", help="of ablate, on which of them (few)"
    )
    parser.add_argument("--study-seeds", type=int, help="of ablate, how many, from 0 on (10)")
    parser.add_argument("--first-seed", type=int, help="of the comparison (100)")
    parser.add_argument("--seeds", type=int, help="of the comparison, how many (20)")
    parser.add_argument(
        "--people",
        nargs="+",
        type=int,
        metavar="SEED",
        help="of the comparison, the simulated people, by the seed that draws them (0)",
    )
    parser.add_argument("--control-seeds", type=int, help="of controls, the first so many (all)")
    parser.add_argument("--tuning-seeds", type=int, help="how many, from 0 on (4)")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    parser.add_argument("--engine", default="processes", help="processes, or dask://host:port")
    parser.add_argument(
        "--folder", type=Path, help="where cells and choices are kept (evidence, beside the runs)"
    )
    parser.add_argument(
        "--chosen",
        type=Path,
        metavar="FOLDER",
        help="compare settings that were chosen earlier, and tune nothing "
        "(those of the report: reports/benchmarks/chosen)",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="where to write (benchmarks/evidence.md)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    """Run the steps, write the report, and say where it is."""
    from ..errors import ConfigError
    from ..evidence.contenders import contenders
    from ..evidence.plan import Plan
    from ..evidence.regimes import REGIMES, find_regimes
    from ..evidence.report import publish_choices, publish_scores, write_report, write_tables
    from ..evidence.report_studies import write_figures
    from ..evidence.steps import STEPS, check_studies
    from ..evidence.studies import find_studies
    from ..record.location import runs_directory

    for name in ("seeds", "control_seeds", "tuning_seeds", "study_seeds"):
        number = getattr(arguments, name)
        if number is not None and number < 2:
            raise ConfigError(
                f"--{name.replace('_', '-')} {number} gives no interval; give 2 or more."
            )
    wanted = list(STEPS) if "all" in arguments.step else arguments.step
    if arguments.chosen is not None:
        if not arguments.chosen.is_dir():
            raise ConfigError(f"--chosen {arguments.chosen} is no folder; see --help.")
        if "all" not in arguments.step and {"ceilings", "tune"} & set(wanted):
            raise ConfigError("--chosen takes settings as they are; leave out ceilings and tune.")
        wanted = [name for name in wanted if name not in ("ceilings", "tune")]
    quick = arguments.quick
    reports = runs_directory().parent
    folder = arguments.folder or reports / ("evidence-quick" if quick else "evidence")
    target = folder if quick else reports / "benchmarks"
    first = arguments.first_seed if arguments.first_seed is not None else 60 if quick else 100
    number = arguments.seeds or (3 if quick else 20)
    regimes = find_regimes(arguments.regimes or (["few"] if quick else list(REGIMES)))
    if arguments.people is not None:
        if not any(regime.simulated for regime in regimes):
            raise ConfigError(
                "--people draws simulated people, and none of the regimes "
                f"{', '.join(regime.name for regime in regimes)} has any; leave it out, or name a "
                "BioVid regime in --regimes."
            )
        regimes = [regime.with_people(arguments.people) for regime in regimes]
    studies = arguments.studies
    if studies is None and quick:
        studies = list(QUICK_STUDIES)
    plan = Plan(
        regimes=regimes,
        contenders=contenders(arguments.methods or (QUICK_METHODS if quick else None)),
        folder=folder,
        chosen=arguments.chosen,
        tuning_seeds=tuple(range(arguments.tuning_seeds or (2 if quick else 4))),
        seeds=tuple(range(first, first + number)),
        control_seeds=tuple(range(first, first + (arguments.control_seeds or number))),
        settings=2 if quick else 6,
        jobs=arguments.jobs,
        engine=arguments.engine,
        progress=not arguments.quiet,
        quick=quick,
        controlled=("kd",) if quick else ("kd", "pkdot", "rows"),
        study_seeds=tuple(range(arguments.study_seeds or (2 if quick else 10))),
        study_regimes=tuple(r.name for r in find_regimes(arguments.study_regimes or ["few"])),
        studies=find_studies(studies),
    )
    absent = [name for name in plan.study_regimes if name not in {r.name for r in regimes}]
    if absent and (arguments.study_regimes or "ablate" in arguments.step):
        raise ConfigError(
            f"Studies are to run on {absent[0]!r}, which is not among the regimes "
            f"{', '.join(regime.name for regime in regimes)}; name it in --regimes as well, or "
            "others in --study-regimes."
        )
    if "ablate" in wanted:  # not after hours of the other steps
        check_studies(plan)
    for name, step in STEPS.items():
        if name in wanted:
            step(plan)
    path, *mechanism = write_report(plan, arguments.report or target / "evidence.md")
    print(f"The report is {path}.")
    for other in mechanism:
        print(f"What moves a gain is in {other}.")
    if not quick:
        publish_scores(plan, path.parent / "scores")
        if arguments.chosen is None:
            publish_choices(plan, path.parent / "chosen")
    if tables := write_tables(plan):
        print(f"The cells of the comparison are in {tables[0].parent}.")
    if figures := write_figures(plan):
        print(f"{len(figures)} figures of the mechanism are in {figures[0].parent}.")
    return 0
