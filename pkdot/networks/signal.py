"""Encoders of biosignals: (B, C, L) -> tokens and a pooled vector.

:class:`SpectrogramNet` is a 2-D network on spectrograms, :class:`SmallSignalNet` a 1-D network on
the samples.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..errors import InputError
from .residual import initialise, residual_map
from .tokens import Encoded, as_tokens


class ChannelScale(nn.Module):
    """Each channel of signals (B, C, L) less its training mean, over its training deviation.

    Channels have units of their own, and the first convolution adds them up. A channel that never
    varies keeps its scale.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1))
        self.register_buffer("deviation", torch.ones(channels, 1))

    def standardise_by(self, samples: Tensor) -> None:
        """Take mean and deviation from training samples (N, C, L)."""
        deviation = samples.std((0, 2), unbiased=False)[:, None]
        self.mean.copy_(samples.mean((0, 2))[:, None])
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, signals: Tensor) -> Tensor:
        """(B, C, L) -> (B, C, L)."""
        return (signals - self.mean) / self.deviation


def channel_scale(channels: int) -> nn.Module:
    """A :class:`ChannelScale` for several channels; one channel is taken as it comes."""
    return ChannelScale(channels) if channels > 1 else nn.Identity()


class SpectrogramNet(nn.Module):
    """A 2-D ResNet-18 (or a small one) on log power spectrograms: tokens are time × frequency.

    Args:
        n_perseg: samples per segment (a Hann window).
        n_overlap: samples that neighbouring segments share.
        n_fft: segments are padded with zeros to this length.
        size: ``"resnet18"`` (11.2 million parameters, D = 512) or ``"small"`` (D = 64).
        channels: C; the spectrograms of several are the channels of the 2-D network.

    Sizes 16, 4 and 128 are those of the released PKDOT script. The axis of frequency is in bins,
    so that the sampling rate changes nothing.
    """

    window: Tensor

    def __init__(
        self,
        n_perseg: int = 16,
        n_overlap: int = 4,
        n_fft: int = 128,
        size: str = "small",
        channels: int = 1,
    ) -> None:
        super().__init__()
        if not 0 <= n_overlap < n_perseg <= n_fft:
            raise InputError(
                f"A spectrogram needs 0 ≤ n_overlap < n_perseg ≤ n_fft, not {n_overlap}, "
                f"{n_perseg}, {n_fft}."
            )
        self.n_perseg, self.hop, self.n_fft = n_perseg, n_perseg - n_overlap, n_fft
        self.register_buffer("window", torch.hann_window(n_perseg), persistent=False)
        self.channels, self.scale = channels, channel_scale(channels)
        self.layers, self.feature_dim = residual_map(channels, size)
        initialise(self)

    def spectrogram(self, signals: Tensor) -> Tensor:
        """Signals (B, C, L) -> log power (B, C, segments, n_fft // 2 + 1)."""
        wrong = signals.ndim != 3 or signals.shape[1] != self.channels
        if wrong or signals.shape[2] < self.n_perseg:
            raise InputError(
                f"Signals must have shape (B, {self.channels}, L) with L ≥ {self.n_perseg}, not "
                f"{tuple(signals.shape)}."
            )
        segments = self.scale(signals.float()).unfold(2, self.n_perseg, self.hop)
        segments = segments - segments.mean(-1, keepdim=True)
        power = torch.fft.rfft(segments * self.window, n=self.n_fft).abs().square()
        return torch.log1p(power)

    def forward(self, signals: Tensor) -> Encoded:
        """Signals (B, C, L) -> tokens (B, places, D), time slowest, and pooled (B, D)."""
        return as_tokens(self.layers(self.spectrogram(signals)))


class SmallSignalNet(nn.Module):
    """Four 1-D convolutions of stride 2: tokens are moments.

    Args:
        feature_dim: D, width of the map.
        width: channels of the first layer.
        dropout: probability that a whole channel is dropped in training.
        channels: C.
    """

    def __init__(
        self, feature_dim: int = 64, width: int = 16, dropout: float = 0.2, channels: int = 1
    ) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.scale = channel_scale(channels)
        widths = (channels, width, 2 * width, 2 * width, feature_dim)
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
        """Signals (B, C, L) -> tokens (B, L/16 rounded up, D) and pooled (B, D)."""
        return as_tokens(self.layers(self.scale(signals)))
