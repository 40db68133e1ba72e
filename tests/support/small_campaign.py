"""A run of the evidence that takes seconds: one regime of few digits, two settings, few seeds."""

from dataclasses import replace
from pathlib import Path

from pkdot.evidence.campaign import Campaign, Seeds, Workers
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.regimes import Regime
from tests.support.small_config import small_config

SMALL = Regime("small", "digits, small", small_config(method="none"))
SEEDS = Seeds(tuning=(0, 1), comparison=(60, 61, 62), studies=(0, 1))


def small_campaign(folder: Path, **changes: object) -> Campaign:
    """Two seeds for tuning and for studies, three for comparison, two settings, soft labels."""
    campaign = Campaign(
        regimes=[SMALL],
        contenders=find_contenders(["kd"]),
        folder=folder,
        seeds=SEEDS,
        settings=2,
        study_regimes=("small",),
        workers=Workers(progress=False),
    )
    return replace(campaign, **changes)  # type: ignore[arg-type]
