"""What an encoder of video or signals gives: a map as tokens, and one pooled vector."""

from typing import NamedTuple

from torch import Tensor


class Encoded(NamedTuple):
    """A batch as an encoder sees it.

    A named tuple, because Fabric looks inside what a module returns and refuses frozen classes.

    Attributes:
        tokens: (B, T, D): the places of the feature map in reading order, time slowest; what a
            fusion that attends reads.
        pooled: (B, D): their mean; what a fusion of vectors reads.
    """

    tokens: Tensor
    pooled: Tensor


def as_tokens(feature_map: Tensor) -> Encoded:
    """A feature map (B, D, …) -> tokens (B, T, D), T the number of places, and their mean."""
    tokens = feature_map.flatten(2).transpose(1, 2)
    return Encoded(tokens, tokens.mean(1))


def pool(features: Tensor) -> Tensor:
    """Tokens (B, T, D) -> their mean (B, D); vectors (B, D) stay what they are."""
    return features.mean(1) if features.ndim == 3 else features
