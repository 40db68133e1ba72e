"""Settings of wrong types and ranges: the right value, or one sentence that names the setting."""

import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from pkdot import (
    PKDOTLoss,
    cosine_similarity_matrix,
    gather_anchor_rows,
    select_anchors,
    sinkhorn,
    sinkhorn_divergence,
)
from pkdot.distillers.registry import available_distillers
from pkdot.errors import PkdotError
from pkdot.method.transport import exact_transport, unbalanced_transport

Z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
SIMILARITY = cosine_similarity_matrix(Z)
COST = torch.rand(5, 5, generator=torch.Generator().manual_seed(1))

NEVER = ("0.1", "junk", b"1", [1], (), {}, object(), 1j, math.nan, math.inf, np.nan, 10**400,
         torch.tensor([1.0, 2.0]), np.array([1, 2]))  # fmt: skip
"""What no setting may be: no number, no finite one, or more than one."""


def loss(**settings: Any) -> torch.Tensor:
    return PKDOTLoss(**{"k": 3, **settings})(Z, 0.5 * Z + 0.1)


CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "PKDOTLoss": (PKDOTLoss, {"k": 3}),
    "sinkhorn": (sinkhorn, {"cost": COST, "epsilon": 0.1}),
    "sinkhorn_divergence": (sinkhorn_divergence, {"x": Z, "y": Z + 0.1}),
    "unbalanced_transport": (unbalanced_transport, {"cost": COST, "epsilon": 0.1, "penalty": 1.0}),
    "exact_transport": (exact_transport, {"cost": COST}),
    "select_anchors": (select_anchors, {"similarity": SIMILARITY, "k": 3}),
    "gather_anchor_rows": (
        gather_anchor_rows,
        {"similarity": SIMILARITY, "anchors": torch.tensor([0, 1])},
    ),
    "cosine_similarity_matrix": (cosine_similarity_matrix, {"z": Z}),
}
SETTINGS = [
    (name, p) for name, (call, _) in CALLS.items() for p in inspect.signature(call).parameters
]
TENSORS = {"x", "y", "a", "b", "z", "cost", "similarity", "anchors", "start"}


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_what_no_setting_may_be_is_one_sentence(name: str, setting: str) -> None:
    call, usual = CALLS[name]
    for value in NEVER:
        if setting in TENSORS and isinstance(value, torch.Tensor):
            continue  # of a wrong shape, which other tests hold
        with pytest.raises(PkdotError) as told:
            call(**{**usual, setting: value})
        assert "\n" not in str(told.value), value


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("k", None), ("k", 0), ("k", -1), ("k", 2.5), ("k", True),
        ("blur", None), ("blur", 0), ("blur", -0.1), ("blur", True),
        ("identity", -1), ("identity", None), ("identity", True),
        ("tolerance", 0), ("tolerance", -1), ("max_iterations", 0), ("max_iterations", None),
        ("penalty", 0), ("penalty", None), ("relative", None), ("relative", 1),
        ("policy", None), ("policy", 1), ("transport", None), ("shift", "least"),
        ("generator", 1), ("generator", "cpu"),
    ],
)  # fmt: skip
def test_what_this_setting_of_the_loss_may_not_be_names_it(setting: str, value: Any) -> None:
    with pytest.raises(PkdotError, match=setting):
        PKDOTLoss(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value", "plain"),
    [
        ("k", np.int64(3), 3), ("k", 3.0, 3), ("k", np.float32(3), 3),
        ("blur", np.float32(0.5), 0.5), ("blur", torch.tensor(0.5), 0.5), ("blur", 1, 1.0),
        ("blur", Fraction(1, 2), 0.5), ("identity", np.int64(1), 1.0),
        ("relative", np.bool_(True), True), ("max_iterations", np.int32(99), 99),
    ],
)  # fmt: skip
def test_a_number_of_another_kind_counts_as_the_number(
    setting: str, value: Any, plain: Any
) -> None:
    assert torch.equal(loss(**{setting: value}), loss(**{setting: plain}))


@pytest.mark.parametrize("name", sorted(available_distillers()))
def test_settings_of_every_method_are_numbers_or_one_sentence(name: str) -> None:
    method = available_distillers()[name]
    for setting in method.distiller.Settings.model_fields:
        for value in ("junk", [1], {}, object(), 1j, math.nan, math.inf, -1):
            with pytest.raises(PkdotError, match=setting):
                method.build(**{setting: value})
