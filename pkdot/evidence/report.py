"""The report: what the finished cells support, as a page of Markdown."""

from importlib.metadata import version
from pathlib import Path

from .._version import __version__
from ..record.environment import environment_facts
from .comparison import unit_scores
from .plan import Plan
from .regimes import LOCKED_SEEDS
from .report_regime import regime_section
from .report_studies import studies_section
from .steps import compared, controlled
from .tuning import choices_file, read_choices, write_choices


def write_report(plan: Plan, path: Path) -> list[Path]:
    """Write the page, and beside it that on the mechanism, from what is finished.

    Nothing is computed.

    Args:
        plan: what is told.
        path: of the page; the studies go to ``<its name>-mechanism.md``.

    Returns:
        The page, and the other one where a study has been run.

    Raises:
        ConfigError: if a chosen setting is none that its contender may try today.
    """
    sections = [line for regime in plan.regimes for line in regime_section(plan, regime)]
    studies = studies_section(plan)
    beside = path.with_name(f"{path.stem}-mechanism{path.suffix}")
    pointer = []
    if studies:
        pointer = [f"What moves a gain: [{beside.name}]({beside.name})."]
    elif any(regime.name in plan.study_regimes for regime in plan.regimes) and plan.studies:
        pointer = ["The studies of what moves a gain have not been run."]
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [_write(path, [*_head(plan), *sections, *pointer])]
    if studies:
        written.append(_write(beside, [*_studies_head(plan, path), *studies]))
    return written


def _write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return path


def publish_scores(plan: Plan, folder: Path) -> list[Path]:
    """The percentages that every interval of a report comes from, one small CSV a regime.

    Rows are units (seeds or subjects), columns arms, ``method|control`` those of the controls;
    empty where an arm was not run on a unit.
    """
    written = []
    for regime in plan.regimes:
        cells = compared(plan, regime)
        if cells.empty:
            continue
        found = unit_scores(cells, regime.unit)
        controls = controlled(plan, regime)
        if not controls.empty:
            found = found.join(unit_scores(controls, regime.unit))
        simulated = "-simulated" if regime.simulated else ""
        people = f"-people{'-'.join(map(str, regime.people))}" if regime.people else ""
        seeds = plan.seeds[: regime.most_seeds]
        name = f"{regime.name}{simulated}{people}-seeds{seeds[0]}-{seeds[-1]}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        found.to_csv(folder / name, float_format="%.2f", lineterminator="\n")
        written.append(folder / name)
    return written


def publish_choices(plan: Plan, folder: Path) -> list[Path]:
    """Copy the chosen settings, one file a regime, to where others find them beside the report."""
    written = []
    for regime in plan.regimes:
        tuned = read_choices(plan.choices_folder, regime, None)
        kept = {c.name: tuned[c.name] for c in plan.contenders_of(regime) if c.name in tuned}
        if kept:
            write_choices(folder, regime, kept)
            written.append(choices_file(folder, regime))
    return written


def write_tables(plan: Plan) -> list[Path]:
    """The finished cells of the comparison, one CSV a regime, in ``tables`` of the folder."""
    written = []
    for regime in plan.regimes:
        cells = compared(plan, regime)
        if not cells.empty:
            written.append(plan.folder / "tables" / f"{regime.name}.csv")
            written[-1].parent.mkdir(parents=True, exist_ok=True)
            cells.to_csv(written[-1], index=False)
    return written


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])


def _command(plan: Plan) -> str:
    """What to type to get these numbers again."""
    regimes = " ".join(regime.name for regime in plan.regimes)
    people = next((regime.people for regime in plan.regimes if regime.people), ())
    return (
        f"python -m pkdot evidence --regimes {regimes} --methods {' '.join(plan.methods)} "
        f"--tuning-seeds {len(plan.tuning_seeds)} --first-seed {plan.seeds[0]} "
        f"--seeds {len(plan.seeds)}"
        + (f" --people {' '.join(map(str, people))}" if people else "")
        + (f" --control-seeds {n}" if (n := len(plan.controls_on)) < len(plan.seeds) else "")
        + _study_arguments(plan)
    )


def _study_arguments(plan: Plan) -> str:
    if not plan.studies:
        return " --studies"
    regimes = " ".join(plan.study_regimes)
    return f" --study-seeds {len(plan.study_seeds)} --study-regimes {regimes}"


def _versions() -> str:
    facts = environment_facts()
    libraries = ("torch", "numpy", "scipy", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    return (
        f"pkdot {__version__}, {versions}, Python {facts['versions']['python']}, "
        f"{facts['hardware']['machine']}."
    )


def _studies_head(plan: Plan, page: Path) -> list[str]:
    regimes = " ".join(plan.study_regimes)
    return [
        "# Evidence: what moves the gain of PKDOT",
        "",
        "One factor at a time: every level of a study is one change to the setting that was chosen "
        f"in [{page.name}]({page.name}). Gains are in points of test samples that are right, over "
        "the student alone, paired; where a level changes the student alone as well, over that "
        f"one. Intervals are of 95 % (Student's t over {len(plan.study_seeds)} seeds, "
        f"{_seeds(plan.study_seeds)}, which the comparison does not use). The last columns compare "
        "each level with the one in bold; *p* is of a paired t test, after Holm's correction over "
        "the levels of a study, and *resolvable* the difference that as many seeds would have "
        "found with a probability of 80 %.",
        "",
        _versions(),
        "",
        "```bash",
        "make evidence QUICK=1"
        if plan.quick
        else f"python -m pkdot evidence --step ablate --regimes {regimes} "
        f"--chosen reports/benchmarks/chosen{_study_arguments(plan)}",
        "```",
        "",
    ]


def _head(plan: Plan) -> list[str]:
    title = "# Evidence: which distiller helps, when, and why"
    if not plan.quick and not set(plan.seeds) <= set(LOCKED_SEEDS):
        people = next((regime.people for regime in plan.regimes if regime.people), ())
        others = f" and simulated people {', '.join(map(str, people))}" if people else ""
        title = f"# Evidence on seeds {_seeds(plan.seeds)}{others}: which distiller helps"
    quick = (
        [
            "**Quick form**: few methods, settings and seeds. It shows that the harness works; "
            "its numbers settle nothing.",
            "",
        ]
        if plan.quick
        else []
    )
    return [
        title,
        "",
        *quick,
        "Percent of test samples that are right; intervals are of 95 % (Student's t over the unit "
        "that each section names). Differences are paired. *p* is of a paired t test, after Holm's "
        "correction over the methods of a regime. *Resolvable* is the difference that as many "
        "units would have found with a probability of 80 %, at the spread seen. The *start* of a "
        "method is the student that takes over the teacher's encoder and T-Net and is not "
        "distilled. *Seconds* are of one student's training, without its teacher's, on a machine "
        "that may have been busy.",
        "",
        f"Settings were chosen on seeds {_seeds(plan.tuning_seeds)}, by mean cross-entropy on the "
        f"inner split, {plan.settings} for every contender, the students alone among them; plain "
        f"classifiers are tuned on every split anew. Chosen settings were compared on seeds "
        f"{_seeds(plan.seeds)}. Contenders of one seed share data, first weights and batches, and "
        "stop early by the inner split.",
        "",
        _versions(),
        "",
        "```bash",
        "make evidence QUICK=1" if plan.quick else _command(plan),
        "```",
        "",
    ]
