"""Encoders of video: clips (B, 3, T, H, W) -> tokens and a pooled vector.

:class:`R3D18` is the 3-D ResNet-18 of Tran et al., "A Closer Look at Spatiotemporal Convolutions"
(CVPR 2018); its state dict has torchvision's names and shapes, so the public Kinetics-400 weights
load. :class:`SmallVideoNet` is a small factorised (2+1)D network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ConfigError
from .residual import BasicBlock3d, initialise, stage
from .tokens import Encoded, as_tokens


class R3D18(nn.Module):
    """3-D ResNet-18: 33,371,472 parameters with 400 classes.

    A clip of 10 × 112 × 112 gives a map of 512 × 2 × 7 × 7, hence 98 tokens.

    Args:
        n_classes: outputs of ``fc``, the head that pretrained weights bring along; encoding does
            not use it. None leaves it out.
    """

    feature_dim = 512

    def __init__(self, n_classes: int | None = 400) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, 64, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
        )
        self.layer1 = stage(BasicBlock3d, 64, 64, blocks=2, stride=1)
        self.layer2 = stage(BasicBlock3d, 64, 128, blocks=2, stride=2)
        self.layer3 = stage(BasicBlock3d, 128, 256, blocks=2, stride=2)
        self.layer4 = stage(BasicBlock3d, 256, 512, blocks=2, stride=2)
        self.fc = None if n_classes is None else nn.Linear(512, n_classes)
        initialise(self)

    def feature_map(self, clips: Tensor) -> Tensor:
        """Clips (B, 3, T, H, W) -> map (B, 512, T/8, H/16, W/16), sizes rounded up."""
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(clips)))))

    def forward(self, clips: Tensor) -> Encoded:
        """Clips (B, 3, T, H, W) -> tokens (B, places, 512) and pooled (B, 512)."""
        return as_tokens(self.feature_map(clips))

    def classify(self, clips: Tensor) -> Tensor:
        """Clips -> scores (B, n_classes) of the pretraining's own head."""
        if self.fc is None:
            raise ConfigError("This R3D18 was built without a head; give n_classes.")
        return self.fc(self(clips).pooled)


class SmallVideoNet(nn.Module):
    """A small (2+1)D network: at every depth a convolution in space, then one in time.

    Its input is each frame and that frame's difference from the clip's mean: the mean is mostly
    identity, the difference mostly movement.

    Args:
        feature_dim: D, width of the map.
        width: channels of the first stage.
        dropout: probability that a whole channel is dropped in training.
    """

    def __init__(self, feature_dim: int = 64, width: int = 16, dropout: float = 0.2) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.stages = nn.Sequential(
            _SpaceThenTime(6, width, kernel=5, time_stride=1),
            _SpaceThenTime(width, 2 * width, kernel=3, time_stride=1),
            nn.Dropout3d(dropout),
            _SpaceThenTime(2 * width, feature_dim, kernel=3, time_stride=2),
        )
        initialise(self)

    def forward(self, clips: Tensor) -> Encoded:
        """Clips (B, 3, T, H, W), H and W multiples of 16 -> tokens (B, T/2 · H/16 · W/16, D)."""
        small = functional.avg_pool3d(clips, (1, 2, 2))
        motion = small - small.mean(2, keepdim=True)
        return as_tokens(self.stages(_joined(small, motion)))


def _joined(small: Tensor, motion: Tensor) -> Tensor:
    """Frames and differences as channels; differences are small and are scaled to match."""
    return torch.cat([small, 4.0 * motion], dim=1)


class _SpaceThenTime(nn.Sequential):
    """A spatial convolution of stride 2, then one over three frames."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, time_stride: int) -> None:
        pad = kernel // 2
        super().__init__(
            nn.Conv3d(
                in_channels, out_channels, (1, kernel, kernel), (1, 2, 2), (0, pad, pad), bias=False
            ),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv3d(
                out_channels, out_channels, (3, 1, 1), (time_stride, 1, 1), (1, 0, 0), bias=False
            ),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
        )
