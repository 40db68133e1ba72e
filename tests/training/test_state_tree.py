"""States of optimisers and generators survive a file exactly."""

import math

import numpy as np
import pytest
import torch

from pkdot.errors import RecordError
from pkdot.training.state_tree import packed_tree, unpacked_tree


def test_a_tree_comes_back() -> None:
    tree = {
        "numbers": (1, 2.5, -math.inf, 2**127, True, None, "text", np.float64(0.1)),
        "of an optimiser": {0: {"step": torch.tensor(3.0)}, 7: [torch.arange(4), []]},
        "empty": {},
    }
    tensors, form = packed_tree(tree)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    back = unpacked_tree(arrays, form)
    assert back["numbers"] == tree["numbers"]
    assert back["empty"] == {}
    assert list(back["of an optimiser"]) == [0, 7]
    assert back["of an optimiser"][0]["step"] == 3
    assert back["of an optimiser"][7][0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("schedule", ["OneCycleLR", "ReduceLROnPlateau"])
def test_schedules_and_optimisers_are_trees(schedule: str) -> None:
    def made() -> tuple:
        torch.manual_seed(0)
        layer = torch.nn.Linear(2, 2)
        optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
        kind = getattr(torch.optim.lr_scheduler, schedule)
        own = (0.5, 9) if schedule == "OneCycleLR" else ()
        return layer, optimizer, kind(optimizer, *own)

    def step(layer, optimizer, schedule) -> None:
        layer(torch.ones(2)).sum().backward()
        optimizer.step()
        schedule.step(*([0.1] if isinstance(schedule, Plateau) else []))

    one, two = made(), made()
    for _ in range(3):
        step(*one)
    tensors, form = packed_tree([part.state_dict() for part in one])
    copies = {name: tensor.clone() for name, tensor in tensors.items()}
    for part, state in zip(two, unpacked_tree(copies, form), strict=True):
        part.load_state_dict(state)
    one[0].zero_grad(), two[0].zero_grad()
    step(*one), step(*two)
    assert torch.equal(one[0].weight, two[0].weight)
    assert one[1].state_dict()["param_groups"] == two[1].state_dict()["param_groups"]


Plateau = torch.optim.lr_scheduler.ReduceLROnPlateau


def test_what_cannot_be_kept_is_named() -> None:
    with pytest.raises(RecordError, match=r"state/network/hook, a function"):
        packed_tree({"network": {"hook": lambda: None}})
