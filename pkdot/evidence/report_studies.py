"""The report's section on the mechanism: one finding and one small table a study."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..analysis.statistics import mean_interval
from ..atomic_files import written_aside
from .markdown import interval, number, table
from .pairing import MATCHED_BY, MOMENTS
from .results import RegimeResults, StudyResult
from .studies import Study


def studies_section(results: RegimeResults) -> list[str]:
    """The section of a regime; empty where no study has been run."""
    finished = [found for found in results.studies if not found.table.empty]
    if not finished:
        return []
    title = results.regime.title
    lines = [f"## {title[0].upper()}{title[1:]}", ""]
    for found in results.studies:
        if not found.table.empty:
            lines += _study(found)
        if found.study.name == "rows" and not results.pairing.empty:
            lines += _pairing(results.pairing)
    missing = [found.study.question for found in results.studies if found.table.empty]
    if missing:
        lines += [f"Not run here: {' '.join(missing)}", ""]
    return lines


def write_figures(results: Sequence[RegimeResults], folder: Path) -> list[Path]:
    """Write one interactive page a study into a folder, titled with what it shows."""
    from ..figures import FigureStyle, study_dots

    written = []
    for regime, found in ((one.regime, study) for one in results for study in one.studies):
        if found.table.empty:
            continue
        written.append(folder / f"{regime.name}-{found.study.name}.html")
        figure = study_dots(
            found.table,
            found.finding,
            factor=found.study.factor,
            usual=found.study.usual,
            over=regime.unit,
            style=FigureStyle(simulated=regime.simulated),
        )
        with written_aside(written[-1]) as aside:
            figure.write_html(aside, include_plotlyjs="directory")
    return written


def _study(found: StudyResult) -> list[str]:
    return [
        f"### {found.study.question}",
        "",
        f"**{found.finding}.**",
        "",
        *table(
            (found.study.factor, "gain", "against the usual", "p", "resolvable"),
            (_level(found.study, row) for _, row in found.table.iterrows()),
        ),
    ]


def _level(study: Study, row: pd.Series) -> list[str]:
    label = f"**{row['label']}**" if row["label"] == study.usual else row["label"]
    return [
        label,
        interval(row, "gain"),
        interval(row, "against"),
        number(row["p_holm"], ".2g"),
        number(row["resolvable"]),
    ]


def _pairing(measures: pd.DataFrame) -> list[str]:
    """Where the plan sends the mass of each sample, and which way its gradient points."""
    percent = measures.copy()
    shares = [name for name in measures if name.startswith(("own", "same_class"))]
    percent[shares] *= 100
    at_end = (percent["student"] == MATCHED_BY["pkdot"]) & (percent["moment"] == MOMENTS["kept"])
    end = percent[at_end].mean(numeric_only=True)
    rows = []
    for (student, moment), batches in percent.groupby(["student", "moment"], sort=False):
        cells = [f"{mean_interval(batches[name]):.1f}" for name in ("own", "same_class")]
        cells += [f"{mean_interval(batches[name]):.2f}" for name in ("cosine", "strength")]
        rows.append([str(student), str(moment), *cells])
    return [
        "#### What does the plan do with the pairing?",
        "",
        f"**At the end of a training with transport {end['own']:.1f} % of the mass stays with its "
        f"own sample (by chance {end['own_chance']:.1f} %) and {end['same_class']:.1f} % within "
        f"its class (by chance {end['same_class_chance']:.1f} %); the gradients of the two losses "
        f"have a cosine of {end['cosine']:.2f}.**",
        "",
        "Of one batch each. *Gradients* are those for the student's embeddings, of PKDOT's "
        "transport and of the same rows matched one to one. *Strength* is the length of the former "
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
