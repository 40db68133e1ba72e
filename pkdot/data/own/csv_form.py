"""How a csv file is written: its separator, its decimal mark, its columns."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .findings import OwnDataError, some

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "#N/A"})
"""Texts that stand for a missing value."""

_PEEK = 50  # rows that are looked at
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")


@dataclass(frozen=True)
class CsvForm:
    """Attributes:
    separator: one of :data:`SEPARATORS`.
    decimal: mark of decimals, a point or a comma.
    columns: their names, in order.
    peek: the first rows, as texts.
    """

    separator: str
    decimal: str
    columns: tuple[str, ...]
    peek: tuple[tuple[str, ...], ...]

    def looks_numeric(self, column: str) -> bool:
        """Whether the first rows hold numbers in a column, as far as they hold anything."""
        place = self.columns.index(column)
        cells = [row[place].strip() for row in self.peek if place < len(row)]
        cells = [cell for cell in cells if cell not in MISSING]
        return bool(cells) and all(self._is_number(cell) for cell in cells)

    def texts(self, column: str) -> list[str]:
        """The first few values of a column that are not missing."""
        place = self.columns.index(column)
        cells = [row[place].strip() for row in self.peek if place < len(row)]
        return [cell for cell in cells if cell not in MISSING]

    def _is_number(self, cell: str) -> bool:
        try:
            float(cell.replace(self.decimal, ".") if self.decimal == "," else cell)
        except ValueError:
            return False
        return True


def csv_form(path: Path) -> CsvForm:
    """Look at the first lines of a file.

    Raises:
        OwnDataError: for a file that cannot be read, is empty, has a separator that is none of
            :data:`SEPARATORS`, or has a column without a name or two of one name.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = file.readline()
            if not header.strip():
                raise OwnDataError(f"{path.name} is empty; its first line should name the columns.")
            if "\0" in header:
                raise OwnDataError(
                    f"{path.name} is no text in UTF-8; save it so, or give a parquet or npz file."
                )
            separator = _separator(header, path.name)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            rows = [tuple(row) for row, _ in zip(reader, range(_PEEK + 1), strict=False)]
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise OwnDataError(
            f"{path} cannot be read ({reason}); mend the file or its rights."
        ) from None
    columns = tuple(name.strip().removeprefix("\ufeff") for name in rows[0])
    _check_names(columns, path.name)
    peek = tuple(rows[1:])
    cells = [cell.strip() for row in peek for cell in row]
    comma = separator != "," and any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return CsvForm(separator, "," if comma else ".", columns, peek)


def _separator(header: str, file: str) -> str:
    counts = {separator: header.count(separator) for separator in SEPARATORS}
    best = max(counts, key=lambda separator: counts[separator])
    if counts[best]:
        return best
    if re.search(r"\S\s+\S|[:/]", header.strip()):
        raise OwnDataError(
            f"{file} has the one column {header.strip()[:60]!r}; separate columns by commas, "
            f"semicolons or tabs."
        )
    return ","


def _check_names(columns: tuple[str, ...], file: str) -> None:
    unnamed = [i + 1 for i, name in enumerate(columns) if not name]
    # the first column may be the index that pandas writes without a name
    if any(place > 1 for place in unnamed):
        raise OwnDataError(
            f"{file} has columns without a name ({some(list(map(str, unnamed)))}); name them all "
            f"in the first line."
        )
    twice = sorted(name for name, times in Counter(columns).items() if times > 1)
    if twice:
        raise OwnDataError(f"{file} has several columns {some(twice)}; give each its own name.")
