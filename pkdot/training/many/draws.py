"""Noise and dropout of many members, each from its own generator, as it would draw alone."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

_BITS = 53  # of a draw, that decide whether an entry is kept


class Draws:
    """Random numbers of M members.

    Args:
        generators: one a member, in the state that the member's network left when it was built; the
            k-th draw of a member is then the one that it gets alone, on the CPU bit for bit.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = list(generators)

    def keep(self, places: Sequence[int]) -> None:
        """Leave out all members but those at these places."""
        self._generators = [self._generators[i] for i in places]

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers, (M, B, F)."""
        return self._draw(like, None)

    def kept(self, like: Tensor, dropout: float) -> Tensor:
        """1 / (1 - dropout) for entries that are kept, 0 for the others, (M, B, F)."""
        return self._draw(like, dropout)

    def _draw(self, like: Tensor, dropout: float | None) -> Tensor:
        shape, device = like.shape, like.device
        if dropout is not None and device.type == "cpu" and _bernoulli_by_bits():
            bits = torch.empty(shape, dtype=torch.int64)
            for own, generator in zip(bits.unbind(), self._generators, strict=True):
                own.random_(generator=generator)
            factor = torch.ones((), dtype=like.dtype).div_(1.0 - dropout)
            return _below(bits, 1.0 - dropout) * factor
        drawn = torch.empty(shape, dtype=like.dtype, device=device)
        for own, generator in zip(drawn.unbind(), self._generators, strict=True):
            if dropout is None:
                own.normal_(generator=generator)
            else:
                own.bernoulli_(1.0 - dropout, generator=generator)
        return drawn if dropout is None else drawn.div_(1.0 - dropout)


def _below(bits: Tensor, share: float) -> Tensor:
    """Whether the lowest 53 bits, as a fraction, lie below a share."""
    threshold = -(-share * 2.0**_BITS // 1)
    return bits.bitwise_and_(2**_BITS - 1) < int(threshold)


@cache
def _bernoulli_by_bits() -> bool:
    """Whether this build of torch draws a Bernoulli number from the bits of a whole one.

    Then :func:`_below` gives the same masks from the same state in half the time. Builds that draw
    by Intel's library do not.
    """
    one, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    for share in (0.4, 0.9):
        mask = torch.empty(999).bernoulli_(share, generator=one)
        bits = torch.empty(999, dtype=torch.int64).random_(generator=other)
        if not torch.equal(mask.bool(), _below(bits, share)):
            return False
    return torch.equal(one.get_state(), other.get_state())
