"""The report's section on the mechanism: one finding and one small table a study."""

import pandas as pd

from ..errors import ConfigError, InputError
from .ablation import finding, study_table
from .markdown import interval, number, table
from .plan import Plan
from .regimes import Regime
from .steps import chosen_settings
from .studies import Study


def studies_section(plan: Plan) -> list[str]:
    """The section; empty where no study is asked for."""
    lines: list[str] = []
    for regime in plan.regimes:
        if plan.studies and regime.name in plan.study_regimes:
            lines += [f"## What moves it: {regime.title}", ""]
            lines += [
                "Gains are over the student alone; the last columns compare each level with the "
                f"one in bold, on {len(plan.study_seeds)} seeds that the comparison above does not "
                "use, after Holm's correction over the levels.",
                "",
            ]
            for study in plan.studies:
                lines += _study(plan, regime, study)
    return lines


def _study(plan: Plan, regime: Regime, study: Study) -> list[str]:
    try:
        found = study_table(
            study, regime, plan.study_seeds, chosen_settings(plan, regime), plan.read
        )
    except (ConfigError, InputError):
        return [f"### {study.question}", "", "Not run.", ""]
    return [
        f"### {study.question}",
        "",
        f"**{finding(study, found)}.**",
        "",
        *table(
            (study.factor, "gain", "against the usual", "p", "resolvable"),
            (_row(study, row) for _, row in found.iterrows()),
        ),
    ]


def _row(study: Study, row: pd.Series) -> list[str]:
    label = f"**{row['label']}**" if row["label"] == study.usual else row["label"]
    return [
        label,
        interval(row, "gain"),
        interval(row, "against"),
        number(row["p_holm"], ".2g"),
        number(row["resolvable"]),
    ]
