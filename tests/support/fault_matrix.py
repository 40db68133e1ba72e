"""Counts what a fault test tried, what survived and what was lost, for the page of ``make faults``.

With ``PKDOT_FAULTS`` set, each row is appended to that file as a line of JSON.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


def times(few: int, many: int) -> int:
    """How often a fault is tried: many times for the page, a few in the usual tests."""
    return many if os.environ.get("PKDOT_FAULTS") else few


@dataclass
class Row:
    """One row of the matrix.

    Attributes:
        kind: what goes wrong, e.g. ``disk full``.
        where: what it happens to, e.g. ``features written to the cache``.
        tries: how often it was done.
        survived: after how many of these everything that must hold did.
        lost: how many things (files, results, runs) were gone that should not be.
    """

    kind: str
    where: str
    tries: int = 0
    survived: int = 0
    lost: int = 0

    def count(self, survived: bool, lost: int = 0) -> None:
        """Add one try."""
        self.tries += 1
        self.survived += survived
        self.lost += lost


def write_row(row: Row) -> None:
    """Append a row to the file of ``PKDOT_FAULTS``; nothing where that is not set."""
    if target := os.environ.get("PKDOT_FAULTS"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")


@contextmanager
def fault_row(kind: str, where: str) -> Iterator[Row]:
    """A row to count in; at the end, all tries must have survived and nothing may be lost."""
    row = Row(kind, where)
    try:
        yield row
    finally:
        write_row(row)
    assert row.tries > 0
    assert (row.survived, row.lost) == (row.tries, 0), row
