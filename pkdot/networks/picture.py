"""Encoders of pictures: (B, C, H, W) -> tokens and a pooled vector."""

from itertools import pairwise

from torch import Tensor, nn

from .residual import initialise, residual_map
from .tokens import Encoded, as_tokens


class _Picture(nn.Module):
    """A 2-D network; its map counts as that of a clip of one moment: its tokens can be thinned."""

    layers: nn.Module

    def forward(self, pictures: Tensor) -> Encoded:
        """Pictures (B, C, H, W) -> tokens (B, places, D), rows slowest, and pooled (B, D)."""
        return as_tokens(self.layers(pictures)[:, :, None])


class SmallPictureNet(_Picture):
    """Three pairs of 3 × 3 convolutions, the first of each pair of stride 2.

    Args:
        feature_dim: D, width of the map, an eighth of the picture along each side, rounded up.
        width: channels of the first pair.
        dropout: probability that a whole channel is dropped in training.
        channels: C.
    """

    def __init__(
        self, feature_dim: int = 64, width: int = 16, dropout: float = 0.2, channels: int = 3
    ) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        layers: list[nn.Module] = []
        for before, after in pairwise((channels, width, 2 * width, feature_dim)):
            layers += [*_convolved(before, after, 2), *_convolved(after, after, 1)]
            layers += [nn.Dropout2d(dropout)]
        self.layers = nn.Sequential(*layers[:-1])
        initialise(self)


class PictureResNet18(_Picture):
    """A 2-D ResNet-18 without its head: 11.2 million parameters, D = 512.

    Args:
        channels: C.
    """

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.layers, self.feature_dim = residual_map(channels, "resnet18")
        initialise(self)


def _convolved(before: int, after: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    ]
