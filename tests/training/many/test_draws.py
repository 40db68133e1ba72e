"""Each member draws what it would draw alone."""

import pytest
import torch
from torch.nn import functional

from pkdot.training.many import draws
from pkdot.training.many.draws import Draws


def generators(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def alone(member: int, x: torch.Tensor, batches: int) -> list[torch.Tensor]:
    """What a member draws by itself for each of some batches."""
    with torch.random.fork_rng():
        torch.manual_seed(member)
        return [
            draw
            for _ in range(batches)
            for draw in (
                torch.randn_like(x),
                functional.dropout(torch.ones_like(x), 0.6),
                functional.dropout(torch.ones_like(x), 0.1),
            )
        ]


def drawn(stack: Draws, x: torch.Tensor) -> list[torch.Tensor]:
    """The same of a stack, for one batch."""
    return [stack.normal(x), stack.kept(x, 0.6), stack.kept(x, 0.1)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("by_bits", [True, False])
def test_noise_and_dropout_are_torchs_own(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, by_bits: bool
) -> None:
    if not by_bits:
        monkeypatch.setattr(draws, "_bernoulli_by_bits", lambda: False)
    x = torch.ones(3, 7, 5, dtype=dtype)
    stack = Draws(generators(3))
    found = [draw for _ in range(2) for draw in drawn(stack, x)]
    for member in range(3):
        for own, expected in zip(found, alone(member, x[member], 2), strict=True):
            assert torch.equal(own[member], expected)


def test_who_stays_goes_on_where_it_was() -> None:
    x = torch.ones(3, 4, 2)
    stack = Draws(generators(3))
    drawn(stack, x)
    stack.keep([0, 2])
    second = drawn(stack, x[:2])
    for place, member in enumerate((0, 2)):
        for own, expected in zip(second, alone(member, x[member], 2)[3:], strict=True):
            assert torch.equal(own[place], expected)
