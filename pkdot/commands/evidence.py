"""The command ``python -m pkdot evidence``: its arguments, and what it runs.

Nothing is imported from the rest of the kit until the command runs, so that ``--help`` is quick.
"""

import argparse
from pathlib import Path

from ..errors import ConfigError
from .experiment_arguments import add_data_arguments, data_changes

HELP = "compare every method fairly, write the report"

STEP_NAMES = ("ceilings", "tune", "compare", "defaults", "controls", "ablate", "report", "decide")

DESCRIPTION = """Compare every method of the kit, fairly, and write what the numbers support.

ceilings  plain baselines, students alone, and the best that a teacher can do for a student
tune      every contender tries as many settings; the best on the inner split is kept
compare   the chosen settings on other seeds, against the student alone
defaults  every method as it is where nobody tunes, on the same seeds
controls  the same with one thing about the teacher taken away
ablate    what moves when it helps or hurts: one factor of PKDOT at a time
report    write the report again from what is finished; nothing is computed
decide    of a report's scores alone: which method to take in which situation, and figures

Every finished cell is kept: type the same again after an interruption and it goes on from there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.add_argument(
        "--step", nargs="+", choices=[*STEP_NAMES, "all"], default=["all"], help="which (all)"
    )
    parser.add_argument("--quick", action="store_true", help="few methods and seeds: some minutes")
    parser.add_argument(
        "--regimes",
        nargs="+",
        metavar="NAME",
        help="few, all, wrong, biovid_all, biovid_quarter (all of these), or others of --list; "
        "'numerals_*' for all that begin so",
    )
    parser.add_argument("--list", action="store_true", help="print every regime, and stop")
    parser.add_argument(
        "--grid",
        choices=("own", "wide"),
        default="own",
        help="settings to try: each method's own six, or nine weights alike for all (own)",
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
    add_data_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    """Run the steps, write the report, and print where it is. Returns the exit status."""
    from ..evidence.arguments import read_campaign, read_steps, report_file
    from ..evidence.exports import publish_choices, publish_scores, write_tables
    from ..evidence.report import write_report
    from ..evidence.report_studies import write_figures
    from ..evidence.results import read_results
    from ..evidence.steps import STEPS, check_studies

    if arguments.list:
        from ..evidence.regimes import REGIMES

        width = max(map(len, REGIMES))
        print(*(f"{name:{width}}  {REGIMES.title(name)}" for name in REGIMES), sep="\n")
        return 0
    steps = read_steps(arguments)
    decides_alone = arguments.step == ["decide"]
    campaign = read_campaign(arguments, data_changes(arguments))
    if "ablate" in steps:  # not after hours of the other steps
        check_studies(campaign)
    for name, step in STEPS.items():
        if name in steps:
            step(campaign)
    page = report_file(arguments, campaign)
    aside = campaign.quick or arguments.data is not None
    scores = (campaign.folder if aside else page.parent) / "scores"
    if decides_alone:
        if not _decide(scores, page, campaign.folder / "figures"):
            raise ConfigError(
                f"{scores} has no scores of methods in a regime of --list, so there is nothing to "
                "decide; run the step compare, or name the --report that has them beside it."
            )
        return 0
    results = read_results(campaign)
    page, *mechanism = write_report(campaign, results, page)
    print(f"The report is {page}.")
    for other in mechanism:
        print(f"What moves a gain is in {other}.")
    publish_scores(results, scores)
    if not aside and campaign.chosen is None:
        publish_choices(results, page.parent / "chosen")
    if tables := write_tables(results, campaign.folder / "tables"):
        print(f"The cells of the comparison are in {tables[0].parent}.")
    if figures := write_figures(results, campaign.folder / "figures"):
        print(f"{len(figures)} figures of the mechanism are in {figures[0].parent}.")
    _decide(scores, page, campaign.folder / "figures")
    return 0


def _decide(scores: Path, page: Path, figures: Path) -> bool:
    """Write the decisions beside the page and print where; whether there was anything to decide."""
    from ..evidence.report_decisions import DECISIONS, write_decisions

    written = write_decisions(scores, page.with_name(DECISIONS), figures)
    if written:
        print(f"Which method to take is in {written[0]}.")
        print(f"{len(written) - 1} figures of it are in {figures}.")
    return bool(written)
