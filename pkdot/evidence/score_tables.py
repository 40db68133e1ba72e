"""Published scores, read again: one table a regime, as :mod:`pkdot.evidence.exports` writes them.

They hold all that decisions need, so that anybody can draw them again without training. Reading
them loads nothing that trains.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..distillers import available_distillers, method_title
from ..errors import InputError, PkdotError
from ..record.files import file_size, read_unchecked
from .comparison import REFERENCE
from .situations import OLDER_NAMES, Plan, plans
from .variants import VARIANTS

_FILE = re.compile(
    r"(?P<regime>\w+?)(?P<simulated>-simulated)?(?P<units>(-people[\d-]+)?-seeds\d+-\d+)\.csv",
    re.ASCII,
)
LARGEST, MOST_ROWS, MOST_COLUMNS = 4 * 2**20, 20_000, 500
"""Bytes, units and arms of a file of scores, at most."""
FURTHEST = 1e4
"""No score, as people read it, lies further from zero."""


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one regime.

    Attributes:
        plan: its corpus, its situation and what is known of its pairs.
        scores: one row a unit (a seed or a subject), one column an arm; in percent, or hundredths
            of a score that is no share, and more is better.
        simulated: whether the data are.
        regime: the name under which it was compared; that of its plan where empty.
        drawn: which seeds, and which simulated people, in words: ``seeds 100–119``.
    """

    plan: Plan
    scores: pd.DataFrame
    simulated: bool
    regime: str = ""
    drawn: str = ""

    @property
    def unit(self) -> str:
        """What an interval is over: seeds, or subjects."""
        return "seeds" if self.scores.index.name == "seed" else "subjects"

    @property
    def of_values(self) -> bool:
        """Whether the targets are values, which some methods cannot learn."""
        return bool(self.plan.task.value_names)

    def methods(self, names: Sequence[str]) -> list[str]:
        """Those of some methods that have a score on every unit."""
        return [n for n in names if n in self.scores and self.scores[n].notna().all()]


def method_titles(tables: Sequence[ScoreTable]) -> dict[str, str]:
    """Name -> title of every method with a column in some table; plain models are none."""
    columns = dict.fromkeys(name for table in tables for name in table.scores)
    variants, found = {variant.name: variant.title for variant in VARIANTS}, {}
    for name in columns:
        if name in variants:
            found[name] = variants[name]
        elif set(name.split("+")) <= set(available_distillers()) - {"none"}:
            found[name] = method_title(name)
    return found


def ends_of_grids(
    tables: Sequence[ScoreTable], methods: Sequence[str], folder: Path
) -> dict[str, tuple[int, int]]:
    """How often a method's chosen setting lies at an end of its grid.

    Args:
        tables: of the regimes to count.
        methods: names of arms.
        folder: of published choices, see :func:`pkdot.evidence.exports.publish_choices`.

    Returns:
        Method -> (regimes with such a choice, regimes with a choice), of methods with one.

    Raises:
        RecordError: if a file is damaged.
    """
    from .contenders import find_contenders
    from .regimes import REGIMES
    from .tuning import read_choices

    contenders = {contender.name: contender for contender in find_contenders(methods)}
    found: dict[str, tuple[int, int]] = {}
    for table in tables:
        for name, choice in read_choices(folder, REGIMES[table.regime or table.plan.name]).items():
            if name in methods:
                reached, of = found.get(name, (0, 0))
                found[name] = reached + bool(contenders[name].ends(choice.changes)), of + 1
    return found


def read_tables(folder: Path) -> list[ScoreTable]:
    """The tables of a folder that belong to regimes of corpora in situations, one a regime.

    Raises:
        InputError: for a file that is damaged.
    """
    return one_a_regime(read_every_table(folder))


def one_a_regime(tables: Iterable[ScoreTable]) -> list[ScoreTable]:
    """Of the tables of a regime the one with most units, of equal ones the last.

    Other seeds of the same regime may have other settings, so tables are not joined.
    """
    found: dict[str, ScoreTable] = {}
    for table in tables:
        name = table.plan.name
        if name not in found or len(table.scores) >= len(found[name].scores):
            found[name] = table
    return list(found.values())


def read_every_table(folder: Path, refused: list[str] | None = None) -> list[ScoreTable]:
    """All tables of a folder that belong to regimes, in the order of these, then by file name.

    Args:
        folder: of published scores.
        refused: takes a sentence for each file that is damaged, or of another regime (own data);
            the others are read.

    Raises:
        InputError: for a file that is damaged, where nothing takes its sentence.
    """
    known = plans()
    order = {name: number for number, name in enumerate(known)}
    found = []
    for path in sorted(folder.glob("*.csv")):
        match = _FILE.fullmatch(path.name)
        name = match["regime"] if match else ""
        plan = known.get(OLDER_NAMES.get(name, name))
        if match is None or plan is None:
            if match is not None and refused is not None:
                refused.append(
                    f"{path.name} is of a regime that --list does not have ({name}), so its score "
                    f"is not known here; a sweep of these data says it."
                )
            continue
        try:
            scores = _read(path, plan)
        except PkdotError as error:
            if refused is None:
                raise
            refused.append(str(error))
            continue
        drawn = _in_words(match["units"])
        found.append(ScoreTable(plan, scores, match["simulated"] is not None, name, drawn))
    return sorted(found, key=lambda table: order[table.plan.name])


def _in_words(units: str) -> str:
    """``-people2-3-seeds100-119`` as people write it."""
    people, _, seeds = units.rpartition("-seeds")
    first, _, last = seeds.partition("-")
    who = people.removeprefix("-people").replace("-", ", ")
    return f"seeds {first}–{last}" + (f", people {who}" if who else "")


def _read(path: Path, plan: Plan) -> pd.DataFrame:
    numbers = read_scores(path)
    if REFERENCE not in numbers or len(numbers) < 2:
        raise InputError(
            f"{path} needs a column {REFERENCE!r} and two rows or more; run the step compare again."
        )
    return numbers * (1.0 if plan.task.primary.higher_is_better else -1.0)


def read_scores(path: Path) -> pd.DataFrame:
    """Numbers of a file of scores: one row a unit, one column an arm; NaN where a cell is empty.

    Size, kind and shape are checked before anything is computed with it.

    Raises:
        InputError: for a file that is none (a link, say), too large, no table of numbers, names a
            unit or an arm twice, or holds a number that no score has.
    """

    def no_scores(reason: object) -> InputError:
        return InputError(f"{path} holds no scores ({reason}); run the step report again.")

    size = file_size(path.parent, path.name)
    if not 0 <= size <= LARGEST:
        raise no_scores("it is no file" if size < 0 else f"{size} bytes, of {LARGEST} at most")
    try:
        text = read_unchecked(path.parent, path.name, LARGEST).decode("utf-8")
        header, *rows = (row for row in csv.reader(io.StringIO(text)) if row)
    except (PkdotError, ValueError, csv.Error) as error:
        raise no_scores(error) from None
    if len(rows) > MOST_ROWS or len(header) > MOST_COLUMNS:
        raise no_scores(f"{len(rows)} rows and {len(header)} columns")
    if any(len(row) != len(header) for row in rows):
        raise no_scores("its rows are not of one length")
    units = [row[0] for row in rows]
    if len(set(units)) < len(units) or len(set(header)) < len(header):
        raise no_scores("a unit or an arm is named twice")
    try:
        values = [[float(cell) if cell.strip() else np.nan for cell in row[1:]] for row in rows]
    except ValueError as error:
        raise no_scores(error) from None
    table = pd.DataFrame(values, pd.Index(units, name=header[0]), header[1:], dtype=float)
    if (table.abs() > FURTHEST).any(axis=None):
        raise no_scores("a number in it is none that a score has")
    return table
