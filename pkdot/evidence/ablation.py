"""Run a study, and say what it shows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.statistics import holm, mean_interval
from ..errors import ConfigError, InputError
from ..experiments.cells import Arm
from ..experiments.config import ExperimentConfig
from .comparison import SIGNIFICANCE, paired_columns, unit_scores
from .regimes import Regime
from .studies import Level, Study

Cells = Callable[[list[ExperimentConfig], list[Arm]], pd.DataFrame]
"""Gives the cells of arms on bases: computed now, or those that are finished."""

Chosen = Mapping[str, Mapping[str, Any]]
"""Contender -> dotted changes of its chosen setting."""


def level_arms(study: Study, level: Level, chosen: Chosen) -> tuple[Arm, Arm]:
    """The arm of a level, and the student alone that its gain is over.

    Raises:
        ConfigError: if the level's method, or the student alone, has no chosen setting.
    """
    for name in (level.method, "alone"):
        if name not in chosen:
            raise ConfigError(
                f"The study {study.name!r} starts from the chosen setting of {name!r}, and there "
                "is none; run the step tune with it first."
            )
    name = f"{study.name}: {level.label}"
    return (
        Arm(name, name, {**chosen[level.method], **level.changes}, teacher=level.teacher),
        Arm(f"{name}, alone", "student alone", {**chosen["alone"], **level.reference}),
    )


def study_table(
    study: Study, regime: Regime, seeds: Sequence[int], chosen: Chosen, cells: Cells
) -> pd.DataFrame:
    """The gain of every level over its student alone, and the difference to the usual level.

    Args:
        study: the question.
        regime: on what.
        seeds: of the study; not those of the comparison, as what is found here may be chosen.
        chosen: settings of ``pkdot``, ``alone``, and others that a level names as its method.
        cells: where cells come from.

    Returns:
        One row a level: label, n; gain, gain_low, gain_high (points over the student alone,
        paired); the columns of :func:`~pkdot.evidence.comparison.paired_columns` named ``against``
        (gain less that of the usual level; NaN for that level); p_holm (over the levels). Levels
        whose cells are missing or failed are left out.

    Raises:
        ConfigError: as :func:`level_arms` does.
        InputError: if the usual level is missing.
    """
    gains: dict[str, pd.Series] = {}
    for level in study.levels:
        arms = level_arms(study, level, chosen)
        found = cells([base.changed(level.data) for base in regime.bases(seeds)], list(arms))
        scores = pd.DataFrame() if found.empty else unit_scores(found, regime.unit)
        if all(arm.name in scores for arm in arms):
            gains[level.label] = scores[arms[0].name] - scores[arms[1].name]
    if study.usual not in gains:
        raise InputError(
            f"The study {study.name!r} has no cells of its usual level {study.usual!r}."
        )
    return _summary(gains, study.usual)


def _summary(gains: Mapping[str, pd.Series], usual: str) -> pd.DataFrame:
    rows = []
    for label, gain in gains.items():
        own = mean_interval(gain)
        row = {"label": label, "n": own.n, **own.columns("gain")}
        if label != usual:
            row |= paired_columns(gain, gains[usual], "against")
        rows.append(row)
    table = pd.DataFrame(rows)
    table["p_holm"] = np.nan
    others = table["label"] != usual
    if others.any():
        table.loc[others, "p_holm"] = holm(table.loc[others, "p"])
    return table


def finding(study: Study, table: pd.DataFrame) -> str:
    """One sentence that the table supports: the title of its figure.

    Args:
        study: the question.
        table: from :func:`study_table`.
    """
    usual = _named(study, study.usual)
    others = table[table["label"] != study.usual]
    if others.empty:
        return f"{_capital(study.factor)}: only {study.usual} has been run"
    resolved = others[others["p_holm"] < SIGNIFICANCE]
    better = resolved[resolved["against"] > 0].sort_values("against", ascending=False)
    worse = resolved[resolved["against"] < 0].sort_values("against")
    if len(better):
        best = better.iloc[0]
        gain = f"gains {best['against']:.1f} points more than {usual}"
        return _capital(f"{_named(study, best['label'])} {gain}")
    if len(worse):
        names = ", ".join(f"{row['label']} ({row['against']:+.1f})" for _, row in worse.iterrows())
        return _capital(f"{usual} is better than {names}")
    least = others["resolvable"].max()
    return _capital(f"{study.factor}: no difference resolved ({least:.1f} points would have been)")


def _named(study: Study, label: str) -> str:
    return f"{study.factor} = {label}" if label[:1].isdigit() else label


def _capital(text: str) -> str:
    # A Greek letter is notation and keeps its case.
    return text if text[:1] in "ελ" else text[:1].upper() + text[1:]
