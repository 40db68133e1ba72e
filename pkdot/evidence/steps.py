"""The steps of the evidence: ceilings, tuning, comparison, controls; each resumable by cell."""

from collections.abc import Callable, Sequence

import pandas as pd

from ..errors import ConfigError
from ..experiments.cells import Arm
from ..training.controls import TITLES, Control
from .ablation import level_arms
from .comparison import START, control_name
from .contenders import Changes, Contender
from .pairing import run_pairing
from .plan import Plan, plain_arms
from .regimes import Regime
from .tuning import Choice, choose, read_choices, tuning_arms, write_choices

CONTROLS: tuple[Control, ...] = (
    "permuted",
    "other_batch",
    "labels",
    "random_teacher",
    "no_privileged",
)


def _tune(plan: Plan, regime: Regime, contenders: Sequence[Contender], label: str) -> None:
    arms = tuning_arms(contenders, plan.settings)
    bases = regime.tuning_bases(plan.tuning_seeds)
    plan.run(bases, arms, label)
    cells = plan.read(bases, arms)
    used = plan.tuning_seeds[: regime.most_tuning_seeds]
    chosen = choose(cells, contenders, used, plan.settings)
    write_choices(plan.choices_folder, regime, chosen)


def run_ceilings(plan: Plan) -> None:
    """Is there room? Baselines, students alone and the ceiling, on the tuning's seeds."""
    for regime in plan.regimes:
        first = [c for c in plan.contenders_of(regime) if c.kind != "method"]
        plan.run(
            regime.tuning_bases(plan.tuning_seeds),
            plain_arms(regime),
            f"{regime.name}: plain baselines",
        )
        _tune(plan, regime, first, f"{regime.name}: ceiling")


def run_tuning(plan: Plan) -> None:
    """Every contender tries its settings; the best by the inner split is kept."""
    for regime in plan.regimes:
        _tune(plan, regime, plan.contenders_of(regime), f"{regime.name}: tuning")


def run_comparison(plan: Plan) -> None:
    """The chosen settings, on seeds that chose nothing."""
    for regime in plan.regimes:
        arms = [*plain_arms(regime), *comparison_arms(plan, regime)]
        plan.run(regime.bases(plan.seeds), arms, f"{regime.name}: comparison")


def run_controls(plan: Plan) -> None:
    """The chosen settings again, with one thing about the teacher taken away."""
    for regime in plan.regimes:
        bases = regime.bases(plan.controls_on)
        plan.run(bases, control_arms(plan, regime), f"{regime.name}: controls")


def _entered(plan: Plan, regime: Regime) -> list[Contender]:
    """Who competes: all, or of choices made earlier those that have one."""
    contenders = plan.contenders_of(regime)
    if plan.chosen is None:
        return contenders
    known = read_choices(plan.chosen, regime, None)
    return [c for c in contenders if c.name in known]


def comparison_arms(plan: Plan, regime: Regime) -> list[Arm]:
    """Every contender with its chosen setting.

    Raises:
        ConfigError: if one was not tuned.
    """
    contenders = _entered(plan, regime)
    choices = read_choices(plan.choices_folder, regime, contenders)
    return [c.arm(choices[c.name].changes) for c in contenders]


def control_arms(plan: Plan, regime: Regime) -> list[Arm]:
    """Every method without the privileged modality; some under every control.

    Raises:
        ConfigError: if one was not tuned.
    """
    contenders = _entered(plan, regime)
    choices: dict[str, Choice] = read_choices(plan.choices_folder, regime, contenders)
    arms = []
    for contender in contenders:
        if contender.kind != "method" and contender.name != START:
            continue
        every = contender.name in plan.controlled
        for control in CONTROLS if every else ("no_privileged",):
            arms.append(
                Arm(
                    control_name(contender.name, control),
                    f"{contender.title}: {TITLES[control]}",
                    {**choices[contender.name].changes, "control": control},
                )
            )
    return arms


def controlled(plan: Plan, regime: Regime) -> pd.DataFrame:
    """Finished cells of the controls, of arms that are complete; none where one is not tuned."""
    try:
        return plan.read(regime.bases(plan.controls_on), control_arms(plan, regime))
    except ConfigError:
        return pd.DataFrame()


def compared(plan: Plan, regime: Regime) -> pd.DataFrame:
    """Finished cells of the comparison: plain classifiers, and every contender that was tuned."""
    known = read_choices(plan.choices_folder, regime, None)
    tuned = [c for c in plan.contenders_of(regime) if c.name in known]
    choices = read_choices(plan.choices_folder, regime, tuned)
    arms = [*plain_arms(regime), *(c.arm(choices[c.name].changes) for c in tuned)]
    return plan.read(regime.bases(plan.seeds), arms)


def run_studies(plan: Plan) -> None:
    """The mechanism: one factor of PKDOT at a time."""
    for regime in plan.regimes:
        if regime.name not in plan.study_regimes:
            continue
        chosen = chosen_settings(plan, regime)
        by_data: dict[str, tuple[Changes, list[Arm]]] = {}
        for study in plan.studies:
            for level in study.levels:
                _, arms = by_data.setdefault(repr(level.data), (level.data, []))
                arms += level_arms(study, level, chosen)
        for data, arms in by_data.values():
            bases = [base.changed(data) for base in regime.bases(plan.study_seeds)]
            told = ", ".join(f"{name} = {value}" for name, value in data.items())
            plan.run(bases, arms, f"{regime.name}: mechanism {told}".strip())
        if any(study.name == "rows" for study in plan.studies):
            run_pairing(
                regime.bases(plan.study_seeds),
                chosen,
                plan.cells_folder,
                jobs=plan.jobs,
                progress=plan.progress,
                label=f"{regime.name}: the pairing",
            )


def check_studies(plan: Plan) -> None:
    """Refuse studies of methods that neither compete nor have a chosen setting.

    Raises:
        ConfigError: naming the first.
    """
    for regime in plan.regimes:
        if regime.name not in plan.study_regimes:
            continue
        there = {c.name for c in plan.contenders_of(regime)} | set(chosen_settings(plan, regime))
        for study in plan.studies:
            for level in study.levels:
                method = level.changes.get("method", "pkdot")
                if method not in there:
                    raise ConfigError(
                        f"The study {study.name!r} starts from the chosen setting of {method!r}, "
                        f"which is not among the methods; add it to --methods, or name other "
                        f"--studies."
                    )


def chosen_settings(plan: Plan, regime: Regime) -> dict[str, Changes]:
    """Contender -> its chosen setting, of all that have one."""
    return {
        n: choice.changes for n, choice in read_choices(plan.choices_folder, regime, None).items()
    }


STEPS: dict[str, Callable[[Plan], None]] = {
    "ceilings": run_ceilings,
    "tune": run_tuning,
    "compare": run_comparison,
    "controls": run_controls,
    "ablate": run_studies,
}
