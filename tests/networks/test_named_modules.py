"""Parts of networks by the names that people give to columns and folders."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from pkdot.networks.named_modules import NamedModules
from pkdot.networks.tnet import TNets, build_tnets

AWKWARD = [
    "heart rate", "face.left", "values", "type", "shapes", "training", "%", "%2E", "%25", ".",
    "a/b", "", "日本", "face%2Eleft", '"', "a\nb", "\\",
]  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_given_back(name: str) -> None:
    part = nn.Linear(1, 1)
    for kind in (NamedModules, TNets):
        parts = kind({name: part, "face": nn.Identity()})
        assert list(parts) == list(parts.keys()) == [name, "face"]
        assert [key for key, _ in parts.items()] == [name, "face"]
        assert name in parts
        assert parts[name] is part
        assert sum(1 for _ in parts.parameters()) == 2
        assert list(deepcopy(parts)) == [name, "face"]
        del parts[name]
        assert name not in parts


def test_no_two_names_share_a_part() -> None:
    parts = NamedModules({name: nn.Linear(1, 1) for name in AWKWARD})
    assert list(parts) == AWKWARD
    assert len(parts.state_dict()) == 2 * len(AWKWARD)


def test_plain_names_are_those_of_the_weights() -> None:
    parts, plain = NamedModules({"eda": nn.Linear(1, 1)}), nn.ModuleDict({"eda": nn.Linear(1, 1)})
    assert list(parts.state_dict()) == list(plain.state_dict())


def test_weights_of_awkward_names_come_back() -> None:
    one, two = (build_tnets(dict.fromkeys(AWKWARD, (4,)), heads=2) for _ in range(2))
    two.load_state_dict(one.state_dict())
    x = torch.randn(3, 4)
    assert all(torch.equal(one(x)[name], two(x)[name]) for name in AWKWARD)
