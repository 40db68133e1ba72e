"""Published scores, read again: one table a regime, as :mod:`pkdot.evidence.exports` writes them.

They hold all that decisions need, so that anybody can draw them again without training.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..distillers import available_distillers
from ..errors import InputError
from ..experiments.sweep import method_title
from .comparison import REFERENCE
from .contenders import find_contenders
from .regimes import REGIMES
from .situations import OLDER_NAMES, Plan, plans
from .tuning import read_choices

_FILE = re.compile(
    r"(?P<regime>\w+?)(?P<simulated>-simulated)?(-people[\d-]+)?-seeds\d+-\d+\.csv", re.ASCII
)


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one regime.

    Attributes:
        plan: its corpus, its situation and what is known of its pairs.
        scores: one row a unit (a seed or a subject), one column an arm; in percent, or hundredths
            of a score that is no share, and more is better.
        simulated: whether the data are.
        regime: the name under which it was compared; that of its plan where empty.
    """

    plan: Plan
    scores: pd.DataFrame
    simulated: bool
    regime: str = ""

    @property
    def unit(self) -> str:
        """What an interval is over: seeds, or subjects."""
        return "seeds" if self.scores.index.name == "seed" else "subjects"

    def methods(self, names: Sequence[str]) -> list[str]:
        """Those of some methods that have a score on every unit."""
        return [n for n in names if n in self.scores and self.scores[n].notna().all()]


def method_titles(tables: Sequence[ScoreTable]) -> dict[str, str]:
    """Name -> title of every method with a column in some table; plain models are none."""
    columns = dict.fromkeys(name for table in tables for name in table.scores)
    known, found = {c.name: c.title for c in find_contenders() if c.kind == "method"}, {}
    for name in columns:
        if name in known:
            found[name] = known[name]
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
    contenders = {contender.name: contender for contender in find_contenders(methods)}
    found: dict[str, tuple[int, int]] = {}
    for table in tables:
        for name, choice in read_choices(folder, REGIMES[table.regime or table.plan.name]).items():
            if name in methods:
                reached, of = found.get(name, (0, 0))
                found[name] = reached + bool(contenders[name].ends(choice.changes)), of + 1
    return found


def read_tables(folder: Path) -> list[ScoreTable]:
    """The tables of a folder that belong to regimes of corpora in situations.

    Where a regime has several files, the one with most units counts, of equal ones the last by
    name: other seeds of the same regime may have other settings.

    Raises:
        InputError: for a file that is damaged.
    """
    known = plans()
    found: dict[str, ScoreTable] = {}
    for path in sorted(folder.glob("*.csv")):
        match = _FILE.fullmatch(path.name)
        name = match["regime"] if match else ""
        plan = known.get(OLDER_NAMES.get(name, name))
        if match is None or plan is None:
            continue
        table = ScoreTable(plan, _read(path, plan), match["simulated"] is not None, name)
        if plan.name not in found or len(table.scores) >= len(found[plan.name].scores):
            found[plan.name] = table
    return [found[name] for name in known if name in found]


def _read(path: Path, plan: Plan) -> pd.DataFrame:
    try:
        scores = pd.read_csv(path, index_col=0)
        numbers = scores.astype(float)
    except (ValueError, IndexError) as error:  # pandas' own are ValueErrors, too
        raise InputError(f"{path} holds no scores ({error}); run the step report again.") from None
    if REFERENCE not in numbers or len(numbers) < 2:
        raise InputError(
            f"{path} needs a column {REFERENCE!r} and two rows or more; run the step compare again."
        )
    score = plan.task.primary
    sign = 1.0 if score.higher_is_better else -1.0
    return numbers * sign * (1.0 if score.percent else 100.0)
