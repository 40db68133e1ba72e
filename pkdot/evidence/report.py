"""The report: what the finished cells support, as a page of Markdown."""

from importlib.metadata import version
from pathlib import Path

from .. import __version__
from ..facts import environment_facts
from .plan import Plan
from .report_regime import regime_section
from .report_studies import studies_section
from .steps import compared
from .tuning import choices_file, read_choices, write_choices


def write_report(plan: Plan, path: Path) -> Path:
    """Write the page from what is finished; nothing is computed.

    Raises:
        ConfigError: if a chosen setting is none that its contender may try today.
    """
    sections = [line for regime in plan.regimes for line in regime_section(plan, regime)]
    text = "\n".join([*_head(plan), *sections, *studies_section(plan)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
    return path


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
        + (f" --study-seeds {len(plan.study_seeds)}" if plan.studies else "")
    )


def _head(plan: Plan) -> list[str]:
    facts = environment_facts()
    libraries = ("torch", "numpy", "scipy", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
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
        "# Evidence: which distiller helps, when, and why",
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
        f"pkdot {__version__}, {versions}, Python {facts['versions']['python']}, "
        f"{facts['hardware']['machine']}.",
        "",
        "```bash",
        "make evidence QUICK=1" if plan.quick else _command(plan),
        "```",
        "",
    ]
