"""What is finished of each regime, and what its cells support: all that reports are written from.

Nothing is trained here; cells are read from their files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ..analysis.statistics import Interval
from ..errors import ConfigError, InputError
from .ablation import finding, study_table
from .campaign import Campaign, Seeds, plain_arms
from .comparison import CEILINGS, REFERENCE, Room, compare, privileged_shares, room_to_help
from .contenders import Contender
from .pairing import MATCHED_BY, pairing_table
from .regimes import Regime
from .steps import chosen_settings, control_arms, default_arms, tuned_contenders
from .studies import Study
from .tuning import Choice, read_choices


@dataclass(frozen=True)
class StudyResult:
    """A study of the mechanism on one regime.

    Attributes:
        study: the question.
        table: from :func:`~pkdot.evidence.ablation.study_table`; empty where no level has been run
            that the usual one compares with.
    """

    study: Study
    table: pd.DataFrame

    @property
    def finding(self) -> str:
        """One sentence that the table supports."""
        return finding(self.study, self.table)


@dataclass(frozen=True)
class RegimeResults:
    """What is finished of one regime. Tables are empty where nothing has been run.

    Attributes:
        regime: the problem.
        seeds: of the campaign.
        contenders: all that the regime's data can have, in the order of the campaign.
        choices: contender -> its chosen setting, of those contenders that have one.
        cells: of the comparison, one row a cell.
        defaults: of the default settings, one row a cell.
        controls: of the controls, one row a cell.
        table: from :func:`~pkdot.evidence.comparison.compare`: every arm against the student alone.
        control_table: the same on the seeds of the controls, with and without each control.
        room: gain of the best ceiling; None where a ceiling or a student alone has not been run.
        shares: contender -> share of its gain that goes with the privileged modality.
        studies: of the mechanism, all that were asked for on this regime.
        pairing: from :func:`~pkdot.evidence.pairing.pairing_table`.
    """

    regime: Regime
    seeds: Seeds
    contenders: Sequence[Contender]
    choices: Mapping[str, Choice]
    cells: pd.DataFrame
    defaults: pd.DataFrame
    controls: pd.DataFrame
    table: pd.DataFrame
    control_table: pd.DataFrame
    room: Room | None
    shares: Mapping[str, Interval]
    studies: Sequence[StudyResult]
    pairing: pd.DataFrame

    @property
    def tuned(self) -> list[Contender]:
        """Contenders with a chosen setting."""
        return [c for c in self.contenders if c.name in self.choices]

    @property
    def methods(self) -> list[str]:
        """Names of the contenders that distil."""
        return [c.name for c in self.contenders if c.kind == "method"]

    @property
    def compared_seeds(self) -> tuple[int, ...]:
        """Seeds of the comparison that this regime uses."""
        return self.seeds.comparison[: self.regime.most_seeds]

    @property
    def fewer_controls(self) -> bool:
        """Whether the controls were run on some of the comparison's seeds only."""
        controls = self.seeds.for_controls[: self.regime.most_seeds]
        return len(controls) < len(self.compared_seeds)


def read_comparison(campaign: Campaign, regime: Regime) -> pd.DataFrame:
    """Finished cells of the comparison: plain classifiers, and every contender that was tuned.

    Returns:
        One row a cell, as :meth:`pkdot.evidence.campaign.Campaign.read` gives it.

    Raises:
        ConfigError: if a chosen setting is none that its contender may try today.
    """
    tuned = tuned_contenders(campaign, regime)
    choices = read_choices(campaign.choices_folder, regime, tuned)
    arms = [*plain_arms(regime), *(c.arm(choices[c.name].changes) for c in tuned)]
    return campaign.read(regime.bases(campaign.seeds.comparison), arms)


def read_controls(campaign: Campaign, regime: Regime) -> pd.DataFrame:
    """Finished cells of the controls of every contender that was tuned, of arms that are complete.

    Raises:
        ConfigError: if a chosen setting is none that its contender may try today.
    """
    arms = control_arms(campaign, regime, tuned_contenders(campaign, regime))
    return campaign.read(regime.bases(campaign.seeds.for_controls), arms)


def read_results(campaign: Campaign) -> list[RegimeResults]:
    """What is finished of every regime.

    Raises:
        ConfigError: if a chosen setting is none that its contender may try today.
    """
    return [_read_regime(campaign, regime) for regime in campaign.regimes]


def _read_regime(campaign: Campaign, regime: Regime) -> RegimeResults:
    contenders = campaign.contenders_of(regime)
    choices = read_choices(campaign.choices_folder, regime, tuned_contenders(campaign, regime))
    cells, controls = read_comparison(campaign, regime), read_controls(campaign, regime)
    table = control_table = pd.DataFrame()
    room, shares = None, {}
    arms = set() if cells.empty else set(cells["arm"])
    if REFERENCE in arms:
        table = compare(cells, regime, campaign.methods)
        if arms & set(CEILINGS):
            room = room_to_help(cells, regime)
        if not controls.empty:
            beside = cells[cells["seed"].isin(campaign.seeds.for_controls)]
            both = pd.concat([beside, controls], ignore_index=True)
            control_table = compare(both, regime, [])
            shares = privileged_shares(regime, beside, controls, table)
    return RegimeResults(
        regime=regime,
        seeds=campaign.seeds,
        contenders=contenders,
        choices=choices,
        cells=cells,
        defaults=campaign.read(
            regime.bases(campaign.seeds.comparison), default_arms(campaign, regime)
        ),
        controls=controls,
        table=table,
        control_table=control_table,
        room=room,
        shares=shares,
        studies=[_read_study(campaign, regime, study) for study in campaign.studies_of(regime)],
        pairing=_read_pairing(campaign, regime),
    )


def _read_study(campaign: Campaign, regime: Regime, study: Study) -> StudyResult:
    chosen = chosen_settings(campaign, regime)
    try:
        table = study_table(study, regime, campaign.seeds.studies, chosen, campaign.read)
    except (ConfigError, InputError):
        table = pd.DataFrame()
    return StudyResult(study, table if len(table) > 1 else pd.DataFrame())


def _read_pairing(campaign: Campaign, regime: Regime) -> pd.DataFrame:
    """Read where the study of rows is asked for; what was trained for another one is left out."""
    chosen = chosen_settings(campaign, regime)
    asked = any(study.name == "rows" for study in campaign.studies_of(regime))
    if not asked or not set(MATCHED_BY) <= set(chosen):
        return pd.DataFrame()
    return pairing_table(regime.bases(campaign.seeds.studies), chosen, campaign.cells_folder)
