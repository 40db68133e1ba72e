"""The metrics of a record while it is written: rows in memory, rewritten whole now and then."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from . import schema
from .folder import RecordFolder

FLUSH_SECONDS = 1.0
"""A loop that logs faster than this has its metrics written at most this often."""

Row = tuple[str, int, str, str, float]
Place = tuple[str, int, str, str]


class MetricsLog:
    """Rows of stage, epoch, split, name, value.

    One value a place: a loop that goes through an epoch again, as a resumed one does, replaces what
    it logged there before.

    Args:
        folder: of the record.
        rows: what the record holds already.
    """

    def __init__(self, folder: RecordFolder, rows: Iterable[Row] = ()) -> None:
        self._folder = folder
        self._rows: dict[Place, float] = {(s, e, split, n): x for s, e, split, n, x in rows}
        self._last_flush = float("-inf")

    def add(self, stage: str, epoch: int, split: str, values: Mapping[str, Any]) -> None:
        """Add one row a metric; write all where the last writing is some time ago."""
        for name, value in values.items():
            self._rows[str(stage), epoch, str(split), str(name)] = float(value)
        if time.monotonic() - self._last_flush >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all rows now."""
        import pandas as pd

        if self._rows:
            rows = [(*place, value) for place, value in self._rows.items()]
            table = pd.DataFrame(rows, columns=list(schema.METRICS_COLUMNS))
            self._folder.write_table(schema.METRICS, table)
        self._last_flush = time.monotonic()

    @property
    def test_scores(self) -> dict[str, float]:
        """The last value of each test metric, by ``"stage name"``."""
        rows = self._rows.items()
        return {f"{s} {name}": v for (s, _, split, name), v in rows if split == "test"}

    def __len__(self) -> int:
        return len(self._rows)

    def cut(self, length: int) -> None:
        """Forget all but the first rows."""
        self._rows = dict(list(self._rows.items())[:length])
