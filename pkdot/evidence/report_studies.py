"""The report's section on the mechanism: one finding and one small table a study."""

from pathlib import Path

import pandas as pd

from ..analysis.statistics import mean_interval
from ..errors import ConfigError, InputError
from .ablation import finding, study_table
from .markdown import interval, interval_of_mean, number, table
from .pairing import MOMENTS, TAUGHT_BY, pairing_table
from .plan import Plan
from .regimes import Regime
from .steps import chosen_settings
from .studies import Study


def studies_section(plan: Plan) -> list[str]:
    """One section a regime; empty where no study has been run."""
    lines: list[str] = []
    for regime in plan.regimes:
        if regime.name not in plan.study_regimes:
            continue
        run = {s.name: t for s in plan.studies if (t := _table(plan, regime, s)) is not None}
        if not run:
            continue
        lines += [f"## {regime.title[0].upper()}{regime.title[1:]}", ""]
        for study in plan.studies:
            if study.name in run:
                lines += _study(study, run[study.name])
            if study.name == "rows":
                lines += _pairing(plan, regime)
        missing = [study.question for study in plan.studies if study.name not in run]
        if missing:
            lines += [f"Not run here: {' '.join(missing)}", ""]
    return lines


def write_figures(plan: Plan) -> list[Path]:
    """One interactive page a study, titled with what it shows, in ``figures`` of the folder."""
    from ..figures import FigureStyle, study_dots

    written = []
    for regime in plan.regimes:
        if regime.name not in plan.study_regimes:
            continue
        for study in plan.studies:
            found = _table(plan, regime, study)
            if found is None:
                continue
            path = plan.folder / "figures" / f"{regime.name}-{study.name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            study_dots(
                found,
                finding(study, found),
                factor=study.factor,
                usual=study.usual,
                over=regime.unit,
                style=FigureStyle(simulated=regime.simulated),
            ).write_html(path, include_plotlyjs="directory")
            written.append(path)
    return written


def _table(plan: Plan, regime: Regime, study: Study) -> pd.DataFrame | None:
    """A study's table; None where no level has been run that the usual one compares with."""
    try:
        found = study_table(
            study, regime, plan.study_seeds, chosen_settings(plan, regime), plan.read
        )
    except (ConfigError, InputError):
        return None
    return found if len(found) > 1 else None


def _study(study: Study, found: pd.DataFrame) -> list[str]:
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


def _pairing(plan: Plan, regime: Regime) -> list[str]:
    """What the plan does with the pairing; empty where it has not been looked at."""
    chosen = chosen_settings(plan, regime)
    if not set(TAUGHT_BY) <= set(chosen):
        return []
    seen = pairing_table(regime.bases(plan.study_seeds), chosen, plan.cells_folder)
    if seen.empty:
        return []
    percent = seen.copy()
    shares = [name for name in seen if name.startswith(("own", "same_class"))]
    percent[shares] *= 100
    end = percent[
        (percent["student"] == TAUGHT_BY["pkdot"]) & (percent["moment"] == MOMENTS["kept"])
    ].mean(numeric_only=True)
    rows = []
    for (student, moment), own in percent.groupby(["student", "moment"], sort=False):
        told = {n: mean_interval(own[n]) for n in ("own", "same_class", "cosine", "strength")}
        cells = [
            interval_of_mean(vars(found), ".2f" if name in ("cosine", "strength") else ".1f")
            for name, found in told.items()
        ]
        rows.append([str(student), str(moment), *cells])
    return [
        "#### What does the plan do with the pairing?",
        "",
        f"**At the end of a training with transport {end['own']:.1f} % of the mass stays with its "
        f"own sample (by chance {end['own_chance']:.1f} %) and {end['same_class']:.1f} % within "
        f"its class (by chance {end['same_class_chance']:.1f} %); the gradients of the two losses "
        f"have a cosine of {end['cosine']:.2f}.**",
        "",
        "Of one batch each; *gradients* are those for the student's embeddings, of PKDOT's "
        "transport and of the same rows matched one to one; *strength* is the length of the former "
        "over that of the latter.",
        "",
        *table(
            (
                "rows of the training matched by",
                "batch of",
                "mass that stays with its sample, %",
                "within its class, %",
                "cosine of the gradients",
                "strength",
            ),
            rows,
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
