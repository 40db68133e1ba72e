"""The report: what the finished cells support, as a page of Markdown."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from .._version import __version__
from ..atomic_files import write_text
from ..record.environment import environment_facts
from .campaign import Campaign
from .regimes import LOCKED_SEEDS
from .report_regime import regime_section
from .report_studies import studies_section
from .results import RegimeResults


def write_report(campaign: Campaign, results: Sequence[RegimeResults], path: Path) -> list[Path]:
    """Write the page, and beside it that on the mechanism.

    Args:
        campaign: what the results are of.
        results: from :func:`~pkdot.evidence.results.read_results`.
        path: of the page; the studies go to ``<its name>-mechanism.md``.

    Returns:
        The page, and the other one where a study has been run.
    """
    sections = [line for found in results for line in regime_section(found)]
    studies = [line for found in results for line in studies_section(found)]
    beside = path.with_name(f"{path.stem}-mechanism{path.suffix}")
    pointer = []
    if studies:
        pointer = [f"What moves a gain: [{beside.name}]({beside.name})."]
    elif any(found.studies for found in results):
        pointer = ["The studies of what moves a gain have not been run."]
    written = [_write(path, [*_head(campaign), *sections, *pointer])]
    if studies:
        written.append(_write(beside, [*_studies_head(campaign, path), *studies]))
    return written


def _write(path: Path, lines: list[str]) -> Path:
    write_text(path, "\n".join(lines).rstrip() + "\n")
    return path


def _head(campaign: Campaign) -> list[str]:
    seeds = campaign.seeds
    quick = [
        "**Quick form**: few methods, settings and seeds. It shows that the harness works; "
        "its numbers settle nothing.",
        "",
    ]
    return [
        f"# {_title(campaign)}",
        "",
        *(quick if campaign.quick else []),
        "Points are percent of test samples that are right, or hundredths of the score that a "
        "table's head names; intervals are of 95 % (Student's t over the unit that each section "
        "names). Differences are paired. *p* is of a paired t test, after Holm's correction over "
        "the methods of a regime. *Resolvable* is the difference that as many units would have "
        "found with a probability of 80 %, at the spread seen. The *start* of a method is the "
        "student that takes over the teacher's encoder and T-Net and is not distilled. *Seconds* "
        "are of one student's training, without its teacher's, on a machine that may have been "
        "busy.",
        "",
        f"Settings were chosen on seeds {_range(seeds.tuning)} by the mean loss on the inner "
        f"split, {campaign.settings} for every contender, students alone included"
        f"{_grid(campaign)}. Plain classifiers are tuned anew on every split. Chosen settings were "
        f"compared on seeds {_range(seeds.comparison)}. Contenders of one seed share data, first "
        "weights and batches, and stop early by the inner split.",
        "",
        _versions(),
        "",
        *_code(_short_form(campaign) if campaign.quick else _command(campaign)),
    ]


def _grid(campaign: Campaign) -> str:
    """What the wide grid is; nothing of the methods' own."""
    if campaign.grid == "own":
        return ""
    return (
        ": nine weights for every method, four times as large each, from 1/256 to 256 times the "
        "middle of its own grid, and defaults for all else"
    )


def _title(campaign: Campaign) -> str:
    if campaign.quick or set(campaign.seeds.comparison) <= set(LOCKED_SEEDS):
        return "Evidence: which distiller helps, when, and why"
    people = (
        f" and simulated people {', '.join(map(str, campaign.people))}" if campaign.people else ""
    )
    return f"Evidence on seeds {_range(campaign.seeds.comparison)}{people}: which distiller helps"


def _studies_head(campaign: Campaign, page: Path) -> list[str]:
    seeds = campaign.seeds.studies
    regimes = " ".join(campaign.study_regimes)
    command = (
        f"python -m pkdot evidence --step ablate --regimes {regimes} "
        f"--chosen reports/benchmarks/chosen{_study_arguments(campaign)}"
    )
    return [
        "# Evidence: what moves the gain of PKDOT",
        "",
        "One factor at a time: every level of a study is one change to the setting that was chosen "
        f"in [{page.name}]({page.name}). Gains are in points of test samples that are right, over "
        "the student alone, paired. Where a level changes the student alone as well, its gain is "
        f"over that one. Intervals are of 95 % (Student's t over {len(seeds)} seeds, "
        f"{_range(seeds)}, which the comparison does not use). The last columns compare each level "
        "with the one in bold: *p* is of a paired t test, after Holm's correction over the levels "
        "of a study, and *resolvable* the difference that as many seeds would have found with a "
        "probability of 80 %.",
        "",
        _versions(),
        "",
        *_code(_short_form(campaign) if campaign.quick else command),
    ]


def _command(campaign: Campaign) -> str:
    """The command that gives these numbers again."""
    seeds = campaign.seeds
    own = [regime.data_arguments for regime in campaign.regimes if regime.data_arguments]
    parts = [
        "python -m pkdot evidence",
        *(own or ["--regimes", *(regime.name for regime in campaign.regimes)]),
        "--methods",
        *campaign.methods,
        f"--tuning-seeds {len(seeds.tuning)} --first-seed {seeds.comparison[0]}",
        f"--seeds {len(seeds.comparison)}",
    ]
    if campaign.grid != "own":
        parts += [f"--grid {campaign.grid}"]
    if campaign.people:
        parts += ["--people", *map(str, campaign.people)]
    if len(seeds.for_controls) < len(seeds.comparison):
        parts += [f"--control-seeds {len(seeds.for_controls)}"]
    return " ".join(parts) + _study_arguments(campaign)


def _short_form(campaign: Campaign) -> str:
    """The command of the short form, which the Makefile knows for the kit's own regimes."""
    is_own = any(regime.data_arguments for regime in campaign.regimes)
    return f"{_command(campaign)} --quick" if is_own else "make evidence QUICK=1"


def _study_arguments(campaign: Campaign) -> str:
    if not campaign.studies:
        return " --studies"
    if any(regime.data_arguments for regime in campaign.regimes):
        return f" --study-seeds {len(campaign.seeds.studies)}"
    regimes = " ".join(campaign.study_regimes)
    return f" --study-seeds {len(campaign.seeds.studies)} --study-regimes {regimes}"


def _code(command: str) -> list[str]:
    return ["```bash", command, "```", ""]


def _range(seeds: tuple[int, ...]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])


def _versions() -> str:
    facts = environment_facts()
    libraries = ("torch", "numpy", "scipy", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    return (
        f"pkdot {__version__}, {versions}, Python {facts['versions']['python']}, "
        f"{facts['hardware']['machine']}."
    )
