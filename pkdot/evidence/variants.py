"""Methods in fixed forms, and sums of methods, that compete beside the methods of the kit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..distillers.base import tuning_grid


@dataclass(frozen=True)
class Variant:
    """A method in a fixed form that is a contender of its own.

    Attributes:
        name: short name.
        title: what tables call it.
        method: a method, or a sum.
        fixed: options of the last part that stay as they are, or of another one by ``part.name``.
        tuning: the settings that it may try, where the method's own do not fit its form.
    """

    name: str
    title: str
    method: str
    fixed: Mapping[str, Any]
    tuning: tuple[Mapping[str, Any], ...] = ()


_PAPER = tuning_grid((1.2, 6.0, 30.0), k=(30, 10))

VARIANTS: tuple[Variant, ...] = (
    Variant(
        "pkdot:shared",
        "PKDOT, the paper's anchors (shared)",
        "pkdot",
        {"policy": "shared", "blur": 0.1},
        _PAPER,
    ),
    Variant(
        "pkdot:per_sample",
        "PKDOT, the released script's anchors (per sample)",
        "pkdot",
        {"policy": "per_sample", "blur": 0.1},
        _PAPER,
    ),
    Variant(
        "self_labels:em",
        "balanced pseudo-labels, shares by EM",
        "self_labels",
        {"shares": "em"},
    ),
    Variant(
        "self_labels:teacher",
        "balanced pseudo-labels, the teacher's shares",
        "self_labels",
        {"shares": "teacher"},
    ),
    Variant(
        "self_labels:teacher+pkdot",
        "balanced pseudo-labels, the teacher's shares + PKDOT",
        "self_labels+pkdot",
        {"self_labels.shares": "teacher"},
    ),
)
"""PKDOT by default takes every sample as an anchor; the first two are the anchors of its sources.
Pseudo-labels by default have even shares and, like those by EM, need no teacher."""

SUMS: tuple[str, ...] = ("kd+pkdot", "kd+rows", "dist+pkdot", "dist+rows")
"""Sums of two that compete; others can be asked for by name."""
