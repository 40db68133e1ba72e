"""Tables and chosen settings of the evidence, as files that others can compute with."""

from collections.abc import Sequence
from pathlib import Path

from ..atomic_files import write_text
from .comparison import unit_scores
from .results import RegimeResults
from .tuning import choices_file, write_choices


def publish_scores(results: Sequence[RegimeResults], folder: Path) -> list[Path]:
    """Write the scores that every interval of a report comes from, in hundredths, a CSV a regime.

    Rows are units (seeds or subjects), columns arms, ``method|control`` those of the controls and
    ``method|default`` those of default settings, ``method|kept`` the same with doubtful pairs kept;
    empty where an arm was not run on a unit.

    Returns:
        The files, of the regimes whose comparison has been run.
    """
    written = []
    for found in results:
        if found.cells.empty:
            continue
        scores = unit_scores(found.cells, found.regime.unit)
        for cells in (found.defaults, found.controls):
            if not cells.empty:
                scores = scores.join(unit_scores(cells, found.regime.unit))
        written.append(folder / _scores_name(found))
        write_text(written[-1], scores.to_csv(float_format="%.2f", lineterminator="\n"))
    return written


def _scores_name(found: RegimeResults) -> str:
    regime, seeds = found.regime, found.compared_seeds
    simulated = "-simulated" if regime.simulated else ""
    people = f"-people{'-'.join(map(str, regime.people))}" if regime.people else ""
    return f"{regime.name}{simulated}{people}-seeds{seeds[0]}-{seeds[-1]}.csv"


def publish_choices(results: Sequence[RegimeResults], folder: Path) -> list[Path]:
    """Copy the chosen settings, one file a regime, to where others find them beside the report.

    Returns:
        The files, of the regimes in which a contender was tuned.
    """
    written = []
    for found in results:
        if found.choices:
            write_choices(folder, found.regime, found.choices)
            written.append(choices_file(folder, found.regime))
    return written


def write_tables(results: Sequence[RegimeResults], folder: Path) -> list[Path]:
    """Write the finished cells of the comparison into a folder, one CSV a regime.

    Returns:
        The files, of the regimes whose comparison has been run.
    """
    written = []
    for found in results:
        if not found.cells.empty:
            written.append(folder / f"{found.regime.name}.csv")
            write_text(written[-1], found.cells.to_csv(index=False, lineterminator="\n"))
    return written
