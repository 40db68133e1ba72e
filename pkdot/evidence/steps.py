"""The steps of the evidence: ceilings, tuning, comparison, defaults, controls, studies.

Each computes the cells that are not there yet, so that it can be killed and goes on later.
"""

from collections.abc import Callable, Sequence

from ..errors import ConfigError
from ..experiments.cells import Arm
from ..training.controls import TITLES, Control
from .ablation import level_arms
from .campaign import Campaign, plain_arms
from .comparison import START, control_name
from .contenders import Changes, Contender
from .defaults import default_name, kept_name
from .pairing import run_pairing
from .regimes import Regime
from .tuning import choose, read_choices, tuning_arms, write_choices

CONTROLS: tuple[Control, ...] = (
    "permuted",
    "other_batch",
    "labels",
    "random_teacher",
    "no_privileged",
)

UNPAIRED_CONTROLS: tuple[Control, ...] = ("permuted", "random_teacher")
"""Where no sample without label is a pair: the trusted pairs exchanged, a teacher that knows none.
"""


def run_ceilings(campaign: Campaign) -> None:
    """Is there room? Baselines, students alone and the ceiling, on the tuning's seeds."""
    for regime in campaign.regimes:
        bases = regime.tuning_bases(campaign.seeds.tuning)
        campaign.run(bases, plain_arms(regime), f"{regime.name}: plain baselines")
        contenders = [c for c in campaign.contenders_of(regime) if c.kind != "method"]
        _tune(campaign, regime, contenders, f"{regime.name}: ceiling")


def run_tuning(campaign: Campaign) -> None:
    """Every contender tries its settings; the best by the inner split is kept."""
    for regime in campaign.regimes:
        _tune(campaign, regime, campaign.contenders_of(regime), f"{regime.name}: tuning")


def run_comparison(campaign: Campaign) -> None:
    """The chosen settings, on seeds that chose nothing."""
    for regime in campaign.regimes:
        arms = [*plain_arms(regime), *comparison_arms(campaign, regime)]
        campaign.run(regime.bases(campaign.seeds.comparison), arms, f"{regime.name}: comparison")


def run_defaults(campaign: Campaign) -> None:
    """Every method as it is where nobody tunes, on the comparison's seeds."""
    for regime in campaign.regimes:
        bases = regime.bases(campaign.seeds.comparison)
        campaign.run(bases, default_arms(campaign, regime), f"{regime.name}: default settings")


def run_controls(campaign: Campaign) -> None:
    """The chosen settings again, with one thing about the teacher taken away."""
    for regime in campaign.regimes:
        bases = regime.bases(campaign.seeds.for_controls)
        campaign.run(bases, control_arms(campaign, regime), f"{regime.name}: controls")


def run_studies(campaign: Campaign) -> None:
    """The mechanism: one factor of PKDOT at a time."""
    for regime in campaign.regimes:
        studies = campaign.studies_of(regime)
        chosen = chosen_settings(campaign, regime)
        arms_by_data: dict[str, tuple[Changes, list[Arm]]] = {}
        for study in studies:
            for level in study.levels:
                _, arms = arms_by_data.setdefault(repr(level.data), (level.data, []))
                arms += level_arms(study, level, chosen)
        replicates = regime.bases(campaign.seeds.studies)
        for data, arms in arms_by_data.values():
            bases = [base.changed(data) for base in replicates]
            changes = ", ".join(f"{name} = {value}" for name, value in data.items())
            campaign.run(bases, arms, f"{regime.name}: mechanism {changes}".strip())
        if any(study.name == "rows" for study in studies):
            label = f"{regime.name}: the pairing"
            run_pairing(replicates, chosen, campaign.cells_folder, campaign.workers, label)


STEPS: dict[str, Callable[[Campaign], None]] = {
    "ceilings": run_ceilings,
    "tune": run_tuning,
    "compare": run_comparison,
    "defaults": run_defaults,
    "controls": run_controls,
    "ablate": run_studies,
}


def check_studies(campaign: Campaign) -> None:
    """Refuse studies of methods that neither compete nor have a chosen setting.

    Raises:
        ConfigError: naming the first.
    """
    for regime in campaign.regimes:
        known = {c.name for c in campaign.contenders_of(regime)} | set(
            chosen_settings(campaign, regime)
        )
        for study in campaign.studies_of(regime):
            for level in study.levels:
                if level.method not in known:
                    raise ConfigError(
                        f"The study {study.name!r} starts from the chosen setting of "
                        f"{level.method!r}, which is not among the methods; add it to --methods, "
                        "or name other --studies."
                    )


def comparison_arms(campaign: Campaign, regime: Regime) -> list[Arm]:
    """Every contender with its chosen setting.

    Raises:
        ConfigError: if one was not tuned.
    """
    contenders = _competing(campaign, regime)
    choices = read_choices(campaign.choices_folder, regime, contenders)
    return [c.arm(choices[c.name].changes) for c in contenders]


def default_arms(campaign: Campaign, regime: Regime) -> list[Arm]:
    """Every method with its default settings; where pairs are wrong, also with all of them kept."""
    arms = []
    for contender in campaign.contenders_of(regime):
        if contender.default is None:
            continue
        arms.append(Arm(default_name(contender.name), contender.title, contender.default))
        if regime.plan is not None and regime.plan.wrong:
            title = f"{contender.title}: wrong pairs kept"
            kept = {"training.doubtful_pairs": "keep"}
            arms.append(Arm(kept_name(contender.name), title, contender.default, teacher=kept))
    return arms


def control_arms(
    campaign: Campaign, regime: Regime, contenders: Sequence[Contender] | None = None
) -> list[Arm]:
    """Every method without the privileged modality; some under every control.

    Args:
        campaign: whose choices are taken.
        regime: of which.
        contenders: whose controls; of all that compete if left out.

    Raises:
        ConfigError: if one was not tuned.
    """
    contenders = _competing(campaign, regime) if contenders is None else contenders
    choices = read_choices(campaign.choices_folder, regime, contenders)
    arms = []
    for contender in contenders:
        if contender.kind != "method" and contender.name != START:
            continue
        for control in _controls(campaign, regime, contender):
            arms.append(
                Arm(
                    control_name(contender.name, control),
                    f"{contender.title}: {TITLES[control]}",
                    {**choices[contender.name].changes, "control": control},
                )
            )
    return arms


def _controls(campaign: Campaign, regime: Regime, contender: Contender) -> tuple[Control, ...]:
    """Controls of a contender: all, or the one that costs most.

    A teacher of unpaired recordings sees the privileged modality alone and cannot do without it.
    There whatever transports undergoes the others: what is claimed of such data is claimed of it.
    """
    every = contender.name in campaign.controlled
    if regime.is_unpaired:
        return UNPAIRED_CONTROLS if every or contender.transports else ()
    return CONTROLS if every else ("no_privileged",)


def tuned_contenders(campaign: Campaign, regime: Regime) -> list[Contender]:
    """The contenders that have a chosen setting."""
    known = read_choices(campaign.choices_folder, regime)
    return [c for c in campaign.contenders_of(regime) if c.name in known]


def chosen_settings(campaign: Campaign, regime: Regime) -> dict[str, Changes]:
    """Contender -> its chosen setting, of all that have one, competing or not."""
    choices = read_choices(campaign.choices_folder, regime)
    return {name: choice.changes for name, choice in choices.items()}


def _competing(campaign: Campaign, regime: Regime) -> list[Contender]:
    """All contenders; where choices were made earlier, those that have one."""
    if campaign.chosen is None:
        return campaign.contenders_of(regime)
    return tuned_contenders(campaign, regime)


def _tune(campaign: Campaign, regime: Regime, contenders: Sequence[Contender], label: str) -> None:
    arms = tuning_arms(contenders, campaign.settings)
    bases = regime.tuning_bases(campaign.seeds.tuning)
    campaign.run(bases, arms, label)
    cells = campaign.read(bases, arms)
    seeds = campaign.seeds.tuning[: regime.most_tuning_seeds]
    choices = choose(cells, contenders, seeds, campaign.settings)
    write_choices(campaign.choices_folder, regime, choices)
