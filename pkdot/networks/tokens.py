"""The output of an encoder of video or signals: a map as tokens, and one pooled vector."""

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional


class Encoded(NamedTuple):
    """An encoder's output for B samples.

    A named tuple, because Fabric looks inside what a module returns and refuses frozen classes.

    Attributes:
        tokens: (B, T, D): the places of the feature map in reading order, time slowest; what a
            fusion that attends reads.
        pooled: (B, D): their mean; what a fusion of vectors reads.
        grid: sizes of the map, e.g. (time, height, width); their product is T.
    """

    tokens: Tensor
    pooled: Tensor
    grid: tuple[int, ...] = ()


def as_tokens(feature_map: Tensor) -> Encoded:
    """A feature map (B, D, …) -> tokens (B, T, D), T the number of places, and their mean."""
    tokens = feature_map.flatten(2).transpose(1, 2)
    return Encoded(tokens, tokens.mean(1), tuple(feature_map.shape[2:]))


def coarse_tokens(encoded: Encoded, side: int) -> Tensor:
    """Tokens of a video map (time, height, width), at most ``side`` of them a row and a column.

    Neighbouring places are averaged, as attention costs the square of the number of tokens. Maps of
    other kinds stay as they are.

    Returns:
        (B, T', D), in reading order, time slowest.
    """
    if len(encoded.grid) != 3 or max(encoded.grid[1:]) <= side:
        return encoded.tokens
    time, height, width = encoded.grid
    feature_map = encoded.tokens.mT.unflatten(2, encoded.grid)
    small = functional.adaptive_avg_pool3d(feature_map, (time, min(height, side), min(width, side)))
    return small.flatten(2).mT


def pool(features: Tensor) -> Tensor:
    """Tokens (B, T, D) -> their mean (B, D); vectors (B, D) are returned as they are."""
    return features.mean(1) if features.ndim == 3 else features
