"""Encoders of one biosignal: (B, 1, L) -> tokens and a pooled vector.

:class:`SpectrogramNet` is a 2-D network on a spectrogram, :class:`SmallSignalNet` a 1-D network on
the samples.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..errors import InputError
from .residual import BasicBlock2d, initialise, stage
from .tokens import Encoded, as_tokens


class SpectrogramNet(nn.Module):
    """A 2-D ResNet-18 (or a small one) on the log power spectrogram: tokens are time × frequency.

    Args:
        n_perseg: samples per segment (a Hann window).
        n_overlap: samples that neighbouring segments share.
        n_fft: segments are padded with zeros to this length.
        size: ``"resnet18"`` (11.2 million parameters, D = 512) or ``"small"`` (D = 64).

    Sizes 16, 4 and 128 are those of the released PKDOT script. The axis of frequency is in bins,
    so that the sampling rate changes nothing.
    """

    window: Tensor

    def __init__(
        self, n_perseg: int = 16, n_overlap: int = 4, n_fft: int = 128, size: str = "small"
    ) -> None:
        super().__init__()
        if not 0 <= n_overlap < n_perseg <= n_fft:
            raise InputError(
                f"A spectrogram needs 0 ≤ n_overlap < n_perseg ≤ n_fft, not {n_overlap}, "
                f"{n_perseg}, {n_fft}."
            )
        if size not in ("small", "resnet18"):
            raise InputError(f"size must be 'small' or 'resnet18', not {size!r}.")
        self.n_perseg, self.hop, self.n_fft = n_perseg, n_perseg - n_overlap, n_fft
        self.register_buffer("window", torch.hann_window(n_perseg), persistent=False)
        widths: tuple[int, ...]
        if size == "resnet18":
            widths, blocks, self.feature_dim = (64, 128, 256, 512), 2, 512
        else:
            widths, blocks, self.feature_dim = (16, 32, 64), 1, 64
        stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        stages = [
            stage(BasicBlock2d, before, after, blocks, stride=1 if first else 2)
            for first, before, after in zip(
                (True, False, False, False), (widths[0], *widths), widths, strict=False
            )
        ]
        self.layers = nn.Sequential(stem, *stages)
        initialise(self)

    def spectrogram(self, signals: Tensor) -> Tensor:
        """Signals (B, 1, L) -> log power (B, 1, segments, n_fft // 2 + 1)."""
        if signals.ndim != 3 or signals.shape[1] != 1 or signals.shape[2] < self.n_perseg:
            raise InputError(
                f"Signals must have shape (B, 1, L) with L ≥ {self.n_perseg}, not "
                f"{tuple(signals.shape)}."
            )
        segments = signals.float().unfold(2, self.n_perseg, self.hop)
        segments = segments - segments.mean(-1, keepdim=True)
        power = torch.fft.rfft(segments * self.window, n=self.n_fft).abs().square()
        return torch.log1p(power)

    def forward(self, signals: Tensor) -> Encoded:
        """Signals (B, 1, L) -> tokens (B, places, D), time slowest, and pooled (B, D)."""
        return as_tokens(self.layers(self.spectrogram(signals)))


class SmallSignalNet(nn.Module):
    """Four 1-D convolutions of stride 2: tokens are moments.

    Args:
        feature_dim: D, width of the map.
        width: channels of the first layer.
        dropout: probability that a whole channel is dropped in training.
    """

    def __init__(self, feature_dim: int = 64, width: int = 16, dropout: float = 0.2) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        widths = (1, width, 2 * width, 2 * width, feature_dim)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [
                nn.Conv1d(before, after, 7, stride=2, padding=3, bias=False),
                nn.BatchNorm1d(after),
                nn.ReLU(inplace=True),
                nn.Dropout1d(dropout),
            ]
        self.layers = nn.Sequential(*layers[:-1])
        initialise(self)

    def forward(self, signals: Tensor) -> Encoded:
        """Signals (B, 1, L) -> tokens (B, L/16 rounded up, D) and pooled (B, D)."""
        return as_tokens(self.layers(signals))
