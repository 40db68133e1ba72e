"""Tables of gains for the page Methods: which there are, what of them is shown, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from pkdot.errors import printable
from pkdot.evidence.published import (
    GainSource,
    GainTable,
    Kind,
    gain_table,
    read_source,
    state_of,
)

from . import address, record_picker

SOURCES: dict[Kind, str] = {
    "sweeps": "your sweeps",
    "evidence": "your evidence",
    "kit": "the kit's report",
}
ALL = "all"
HEIGHT = 560
"""Pixels of the main figure."""
_FRAME, _ROW, _TABLE = 150, 15, 9
"""Pixels around the rows; of a row, and more for each table that is shown beside the first."""


@st.cache_data(max_entries=8, show_spinner=False)
def _read(kind: Kind, runs: str, state: object) -> tuple[GainSource, pd.DataFrame]:
    """``runs`` and ``state`` are what the tables depend on."""
    source = read_source(kind)
    return source, gain_table(source)


def sources() -> dict[Kind, tuple[GainSource, pd.DataFrame]]:
    """All sources that have files, with the gains in their tables; read again where one changed."""
    runs = str(record_picker.runs_directory())
    found = {kind: _read(kind, runs, state_of(kind)) for kind in SOURCES}
    return {kind: pair for kind, pair in found.items() if pair[0]}


@dataclass(frozen=True)
class Shown:
    """What the main figure draws.

    Attributes:
        rows: of :func:`~pkdot.evidence.published.gain_table`, with ``row`` (a method's title, in
            drawing order), ``problem`` (the table in words) and ``key_of`` (of table and method).
        tables: those that are in it.
        methods: how many there are after all filters, drawn or not.
    """

    rows: pd.DataFrame
    tables: tuple[GainTable, ...]
    methods: int

    @property
    def over(self) -> str:
        """What the intervals are over, e.g. ``20 seeds or 60 subjects``."""
        counts = self.rows[["n", "unit"]].drop_duplicates().sort_values("n")
        by_unit = {
            unit: [str(n) for n in own["n"].unique()] for unit, own in counts.groupby("unit")
        }
        return " or ".join(f"{', '.join(ns)} {unit}" for unit, ns in by_unit.items())


def keep(rows: pd.DataFrame, corpus: str, situation: str, least: int) -> pd.DataFrame:
    """Rows of one corpus and situation (or all) with at least so many units."""
    kept = rows["n"] >= least
    if corpus != ALL:
        kept &= rows["corpus"] == corpus
    if situation != ALL:
        kept &= rows["situation"] == situation
    return rows[kept]


def arrange(source: GainSource, rows: pd.DataFrame, wanted: Sequence[str]) -> Shown:
    """Methods, the best first, as many as fit one screen, or those that were asked for.

    Not every method is in every table, and some tables hold good ones alone: the order is that of
    the methods' part in the least-squares fit of a gain as its table's part plus its method's.
    """
    keys = list(dict.fromkeys(rows["key"]))
    title = rows["title"].map(str)
    rows = rows.assign(
        row=title,
        problem=rows["key"].map(problem_names(rows)),
        key_of=rows["key"] + "|" + rows["method"],
    )
    if asked := [name for name in wanted if name in set(title)]:
        rows = rows[rows["row"].isin(asked)]
    kinds = pd.get_dummies(rows["row"]), pd.get_dummies(rows["key"])
    design = np.hstack([kind.to_numpy(float) for kind in kinds])
    parts = np.linalg.lstsq(design, rows["gain"].to_numpy(float), rcond=None)[0]
    means = pd.Series(parts[: kinds[0].shape[1]], kinds[0].columns)
    means = means.sort_values(ascending=False, kind="stable")
    most = (HEIGHT - _FRAME) // (_ROW + _TABLE * (len(keys) - 1))
    place = {name: number for number, name in enumerate(means.index[: max(3, most)])}
    drawn = rows[rows["row"].isin(place)]
    drawn = drawn.iloc[drawn["row"].map(place).argsort(kind="stable")]
    tables = tuple(table for table in source.tables if table.key in keys)
    return Shown(drawn.reset_index(drop=True), tables, len(means))


def problem_names(rows: pd.DataFrame) -> dict[str, str]:
    """Key of a table -> corpus, situation and seeds in words, without what all have in common."""
    tables = rows.drop_duplicates("key").set_index("key")
    several = [name for name in ("corpus", "words", "drawn") if len(set(tables[name])) > 1]
    names, mixed = {}, len(set(tables["simulated"])) > 1  # a title says what all have in common
    for key, row in tables.iterrows():
        parts = [str(row[name]) for name in several] or [str(row["corpus"])]
        mark = " (simulated)" if mixed and row["simulated"] else ""
        names[str(key)] = printable(", ".join(parts)) + mark
    return names


def chosen_row(shown: Shown) -> pd.Series:
    """The gain that was clicked; the highest where none was."""
    asked = shown.rows[shown.rows["key_of"] == address.get("gain")]
    return (asked if len(asked) else shown.rows).iloc[0]


def records_of(table: GainTable, method: str) -> list[Path]:
    """Whole records that were kept beside the cells of a method, those that are there."""
    return [path for path in table.records.get(method, ()) if (path / "run.json").is_file()]
