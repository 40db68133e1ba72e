"""The loss that a run trained with, read from its record, and the sliders that change it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any

import torch

from pkdot.method.anchors import POLICIES
from pkdot.method.loss import KINDS, SHIFTS, PKDOTLoss
from pkdot.record import RunRecord

from . import widgets

MOST_ITERATIONS = 1000
"""A page answers within seconds: a plan that needs more is shown as it is, with a warning."""
ANCHORS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 120, 200)
BLURS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0)
BESIDE = {
    *("weight", "warm_up", "share", "share_cap", "trusted_rows"),
    *("confidence", "outputs", "outputs_as", "temperature"),
}
"""Settings of PKDOT that are no part of its divergence between anchor rows."""

SLIDER = 170
"""Pixels of a slider among other controls."""

POLICY = 150
"""Pixels of the list of policies."""

NO_ANCHORS = "The page uses PKDOT's default anchors: this run has none of its own."
NO_PART = "The page uses PKDOT's default settings: this run has none of its own."
ROWS_ALONE = (
    "This run matched rows one to one; the plan shows PKDOT's default transport between them."
)
OTHER_ROWS = (
    "This run trained on other rows or masses ({}), so the divergence here is not its loss."
)


@dataclass(frozen=True)
class LossSettings:
    """Arguments of :class:`pkdot.PKDOTLoss`, with its defaults but for the iterations."""

    k: int = 30
    blur: float = 0.1
    policy: str = "shared"
    transport: str = "entropic"
    penalty: float = 1.0
    identity: float = 0.0
    relative: bool = False
    tolerance: float | None = None
    max_iterations: int = MOST_ITERATIONS
    shift: str | None = None

    def loss(self) -> PKDOTLoss:
        """The loss; its policy ``random`` draws the same anchors at every visit."""
        return PKDOTLoss(**asdict(self), generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class RunLoss:
    """How a run used PKDOT's loss.

    Attributes:
        settings: those of the run; defaults for what its config leaves out.
        has_anchors: whether the config says how anchors are chosen.
        note: one sentence where the divergence under the settings is not the run's loss, or empty.
    """

    settings: LossSettings
    has_anchors: bool
    note: str = ""


def run_loss(record: RunRecord) -> RunLoss:
    """PKDOT's loss as a record's run used it.

    The kit's own runs keep the settings of each part of their method in ``options``; in the config
    of anybody else's loop, each setting counts wherever it stands.
    """
    parts = record.config.get("options")
    if not isinstance(parts, Mapping):
        return _loss_of_own_loop(record.config)
    groups = {name: group for name, group in parts.items() if isinstance(group, Mapping)}
    for name, group in groups.items():
        if _is_valid("blur", group):
            return RunLoss(_read(group), _has_anchors(group), _note(name, group))
    for group in groups.values():
        if _has_anchors(group):
            return RunLoss(_read(group), True, ROWS_ALONE)
    return RunLoss(LossSettings(), False, NO_PART)


def _loss_of_own_loop(config: Mapping[str, Any]) -> RunLoss:
    """The first valid value of each setting in a config of any form, outer levels first."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [config]
    while waiting:
        level = waiting.pop(0)
        if isinstance(level, Mapping):
            valid = {name: level[name] for name in VALID if _is_valid(name, level)}
            found = {**valid, **found}
            waiting += level.values()
    has_anchors = "k" in found or "policy" in found
    return RunLoss(_read(found), has_anchors, "" if has_anchors or "blur" in found else NO_PART)


def _has_anchors(group: Mapping[str, Any]) -> bool:
    return _is_valid("k", group) and _is_valid("policy", group)


def _note(name: str, group: Mapping[str, Any]) -> str:
    """Whether this part of a method trained with more, or else, than PKDOT's anchor rows."""
    known = {field.name for field in fields(LossSettings)} | BESIDE
    more = any(_is_positive(group.get(setting)) for setting in ("outputs", "confidence"))
    plain_form = _has_anchors(group) and set(group) <= known and not more
    return "" if plain_form else OTHER_ROWS.format(name)


def _read(group: Mapping[str, Any]) -> LossSettings:
    own = {name: group[name] for name in VALID if _is_valid(name, group)}
    own["max_iterations"] = min(own.get("max_iterations", MOST_ITERATIONS), MOST_ITERATIONS)
    return LossSettings(**own)


def _is_positive(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and _is_positive(value)


VALID: dict[str, Callable[[Any], bool]] = {
    "k": _is_whole,
    "blur": _is_positive,
    "policy": lambda value: value in POLICIES,
    "transport": lambda value: value in KINDS,
    "penalty": _is_positive,
    "identity": _is_positive,
    "relative": lambda value: isinstance(value, bool),
    "tolerance": _is_positive,
    "max_iterations": _is_whole,
    "shift": lambda value: value in SHIFTS,
}
"""What a setting must be; as a record may come from anybody, any other value is left out."""


def _is_valid(name: str, group: Mapping[str, Any]) -> bool:
    value = group.get(name)
    return isinstance(value, str | Real) and VALID[name](value)


# -- widgets -------------------------------------------------------------------------------------


def policy_names() -> dict[str, str]:
    """Policies in words."""
    return {name: name.replace("_", " ") for name in POLICIES}


def choose_policy(settings: LossSettings, *, as_list: bool = False) -> str:
    """How anchors are chosen; the run's own policy stands first.

    A list takes less room, where other controls matter more.
    """
    names = sorted(POLICIES, key=lambda name: name != settings.policy)
    if as_list:
        return widgets.pick(
            "Policy of the anchors", names, key="policy", names=policy_names(), width=POLICY
        )
    return widgets.choose("Policy of the anchors", names, key="policy", names=policy_names())


def choose_k(settings: LossSettings, size: int, policy: str) -> int:
    """How many anchors of ``size`` samples; the slider starts at the run's own number.

    It cannot be moved where the policy takes every sample.
    """
    most = size - 1
    own = min(settings.k, most)
    options = sorted({own, *(k for k in ANCHORS if k <= most)})
    return widgets.slide(
        "Number of anchors k", options, own, key="k", width=SLIDER, disabled=policy == "all"
    )


def choose_blur(settings: LossSettings) -> float:
    """A slider for the blur; its square is ε, or ε's share of the median cost."""
    quantity = "ε / median cost" if settings.relative else "ε"
    by_words = {_epsilon(blur): blur for blur in (*BLURS, settings.blur)}
    return widgets.slide(
        f"Entropy {quantity} (blur²)",
        sorted(by_words.values()),
        settings.blur,
        key="blur",
        format_func=_epsilon,
        width=SLIDER,
    )


def _epsilon(blur: float) -> str:
    return f"{blur**2:.3g}"
