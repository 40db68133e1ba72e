"""Which columns of a table make a modality: one column of files, or a family of numbers.

``eda.0 … eda.31`` are a vector; ``blood.bmi, blood.age`` are columns of a unit each.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from .columns import Columns, is_list
from .decode import READABLE
from .findings import OwnDataError, nearest

Manner = Literal["vector", "columns", "lists", "paths", "cells"]

_TYPES = {"Image": "picture", "Audio": "sound", "Video": "clip"}


@dataclass(frozen=True)
class Family:
    """Where a modality stands in a table.

    Attributes:
        name: of the modality.
        columns: its columns, in order.
        manner: numbers of one unit (vector) or of a unit each (columns), one column of lists, of
            paths, or of files as bytes (cells).
    """

    name: str
    columns: tuple[str, ...]
    manner: Manner


def families(columns: Columns, reserved: Collection[str]) -> dict[str, Family]:
    """All modalities that the names and types of a table's columns show.

    A single column of numbers is one, too, when it is asked for: see :func:`family`.

    Args:
        columns: of the table.
        reserved: columns of ids, targets, groups and split, which belong to no modality.
    """
    found: dict[str, Family] = {}
    groups: dict[str, list[str]] = {}
    for name, kind in columns.types.items():
        if name in reserved or not name:
            continue
        prefix, dot, _ = name.partition(".")
        if is_list(kind):
            found[name] = Family(name, (name,), "lists")
        elif _holds_files(kind):
            found[name] = Family(name, (name,), "cells")
        elif columns.is_text(name) and _are_paths(columns.first_texts(name)):
            found[name] = Family(name, (name,), "paths")
        elif dot and prefix and (columns.is_number(name) or columns.is_text(name)):
            groups.setdefault(prefix, []).append(name)
    for prefix, members in groups.items():
        if not any(columns.is_number(member) for member in members):
            continue
        # a text among numbers stays in the family, so that it is refused and not passed over
        ends = [member[len(prefix) + 1 :] for member in members]
        if all(re.fullmatch(r"\d+", end) for end in ends):
            members = sorted(members, key=lambda member: int(member[len(prefix) + 1 :]))
            found.setdefault(prefix, Family(prefix, tuple(members), "vector"))
        else:
            # by name, as another table of the same columns may have them in another order
            found.setdefault(prefix, Family(prefix, tuple(sorted(members)), "columns"))
    return found


def family(
    name: str,
    known: dict[str, Family],
    columns: Columns,
    reserved: Collection[str],
    modalities: Collection[str] = (),
) -> Family:
    """The family of a name: a known one, or a single column of numbers.

    Args:
        name: of a modality.
        known: families of the table.
        columns: of the table.
        reserved: columns of ids, targets, groups and split.
        modalities: all that there are, for hints; those of the table where left out.

    Raises:
        OwnDataError: for a name that is no modality, with the nearest that is, and for one that is
            a column and the beginning of others both.
    """
    if name in known:
        own = known[name]
        if name in columns.types and own.columns != (name,):
            raise OwnDataError(
                f"{columns.place} has a column {name!r} and columns {own.columns[0]!r} …; rename "
                f"one of them, as both would be the modality {name!r}."
            )
        return own
    if name in columns.types and name not in reserved:
        if columns.is_number(name):
            return Family(name, (name,), "columns")
        if columns.is_text(name):
            return Family(name, (name,), "paths")
    if name in reserved and name in columns.types:
        raise OwnDataError(
            f"Column {name!r} of {columns.place} is read as id, target, group or split and can be "
            f"no modality as well; {nearest(name, modalities or known)}"
        )
    raise OwnDataError(
        f"{columns.place} has no modality {name!r}; {nearest(name, modalities or known)}"
    )


def kind_in_features(name: str, features: dict[str, Any]) -> str | None:
    """The kind that ``datasets`` tells of a column of files."""
    told = features.get(name)
    return _TYPES.get(told.get("_type", "")) if isinstance(told, dict) else None


def _holds_files(kind: Any) -> bool:
    """Whether a column has bytes, or structures of bytes and path, as ``datasets`` keeps files."""
    import pyarrow as pa

    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return True
    return bool(pa.types.is_struct(kind)) and {f.name for f in kind} >= {"bytes", "path"}


def _are_paths(texts: list[str]) -> bool:
    """Whether most texts end as the name of a file that can be read."""
    ends = [PurePosixPath(text).suffix.lower() in READABLE for text in texts]
    return bool(ends) and 2 * sum(ends) > len(ends)
