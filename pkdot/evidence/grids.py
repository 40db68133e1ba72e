"""Grids of settings: each method's own, and a wide one that is alike for all.

Own grids were placed on digits: six settings, whose weights begin where the loss pulls as hard as
the cross-entropy there. The wide one asks nothing of a corpus: nine weights, each four times the
one before, from 1/256 to 256 times the middle of the method's own. That is ten times beyond either
end of every own grid of the kit. What else a method could tune keeps its default, so that its nine
students differ in weight alone and can train as one batch.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..distillers.base import BUDGET, Grid

GridName = Literal["own", "wide"]

WIDE_STEPS = 4
"""Weights of the wide grid on either side of its middle."""

SIZES: dict[GridName, int] = {"own": BUDGET, "wide": 2 * WIDE_STEPS + 1}
"""How many settings a contender may try."""

_RATIO = 4.0
_FEWEST = 3
"""A setting of fewer values is a choice between them, and has no ends."""


def wide_grid(own: Grid) -> Grid:
    """Nine weights around the geometric mean of a method's own; one setting nine times without any.

    Args:
        own: the method's own grid.
    """
    weights = sorted({float(tried["weight"]) for tried in own if tried.get("weight")})
    if not weights:
        return ({},) * SIZES["wide"]
    middle = math.exp(sum(map(math.log, weights)) / len(weights))
    steps = range(-WIDE_STEPS, WIDE_STEPS + 1)
    return tuple({"weight": float(f"{middle * _RATIO**step:.3g}")} for step in steps)


def ends_reached(chosen: Mapping[str, Any], tried: Sequence[Mapping[str, Any]]) -> list[str]:
    """What lies at an end of its grid, e.g. ``kd.weight = 20, the largest tried``.

    Args:
        chosen: dotted changes.
        tried: the settings among which it was chosen.

    Returns:
        One text a setting of three or more values whose smallest or largest was chosen.
    """
    found = []
    for name, value in chosen.items():
        values = {one.get(name) for one in tried}
        numbers = [number for number in values if isinstance(number, int | float)]
        if len(values) < _FEWEST or len(numbers) < len(values):
            continue
        for end, words in ((min(numbers), "smallest"), (max(numbers), "largest")):
            if value == end:
                found.append(f"{name.removeprefix('options.')} = {value:g}, the {words} tried")
    return found
