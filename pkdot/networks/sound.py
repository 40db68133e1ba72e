"""Encoder of sounds: (B, 1, L) -> log-mel spectrogram -> tokens and a pooled vector."""

import math

import torch
from torch import Tensor, nn

from ..errors import InputError
from .residual import initialise, residual_map
from .tokens import Encoded, as_tokens

WINDOW, HOP = 0.025, 0.010
"""Seconds of a frame, and from one frame to the next."""
SMALLEST = 1e-6
"""Added to the power in each mel band: silence has a logarithm too."""


def mel_of(hertz: Tensor) -> Tensor:
    """Pitch in mel: 2595 · log10(1 + f / 700), the formula of HTK.

    Source: O'Shaughnessy, "Speech Communication", 1987; Young et al., "The HTK Book", 5.4.
    """
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


def hertz_of(mel: Tensor) -> Tensor:
    """The inverse of :func:`mel_of`."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def mel_filterbank(bands: int, n_fft: int, rate: float) -> Tensor:
    """Triangular filters of height 1 whose corners are equally spaced in mel, 0 to half the rate.

    Each band begins at the centre of the one before and ends at the centre of the next, so that
    between the first and the last centre the filters add up to 1.

    Returns:
        (bands, n_fft // 2 + 1) float32, one filter a row.
    """
    top = mel_of(torch.tensor(rate / 2, dtype=torch.float64))
    corners = hertz_of(torch.linspace(0.0, float(top), bands + 2, dtype=torch.float64))
    bins = torch.linspace(0.0, rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    widths = corners.diff()[:, None]
    rising = (bins - corners[:-2, None]) / widths[:-1]
    falling = (corners[2:, None] - bins) / widths[1:]
    return torch.minimum(rising, falling).clamp_min(0.0).float()


class LogMelNet(nn.Module):
    """A 2-D network on the log-mel spectrogram: tokens are time × frequency.

    Frames of 25 ms under a Hann window, one each 10 ms; power in 40 mel bands; its logarithm.

    Args:
        rate: samples a second.
        size: ``"small"``, or ``"resnet18"`` (11.2 million parameters, D = 512).
        feature_dim: D of the small one.
        bands: of the mel scale.
    """

    window: Tensor
    filters: Tensor

    def __init__(
        self,
        rate: float = 16_000.0,
        size: str = "small",
        feature_dim: int = 64,
        bands: int = 40,
    ) -> None:
        super().__init__()
        self.length, self.hop = max(2, round(WINDOW * rate)), max(1, round(HOP * rate))
        self.n_fft = 2 ** math.ceil(math.log2(self.length))
        self.register_buffer("window", torch.hann_window(self.length), persistent=False)
        filters = mel_filterbank(bands, self.n_fft, rate)
        self.register_buffer("filters", filters, persistent=False)
        self.layers, self.feature_dim = residual_map(1, size, feature_dim)
        initialise(self)

    def log_mel(self, sounds: Tensor) -> Tensor:
        """Sounds (B, 1, L) -> log power in mel bands (B, 1, frames, bands).

        Raises:
            InputError: for another shape, or sounds shorter than a frame.
        """
        if sounds.ndim != 3 or sounds.shape[1] != 1 or sounds.shape[2] < self.length:
            raise InputError(
                f"Sounds must have shape (B, 1, L) with L ≥ {self.length}, one frame, not "
                f"{tuple(sounds.shape)}."
            )
        frames = sounds.float().unfold(2, self.length, self.hop) * self.window
        power = torch.fft.rfft(frames, n=self.n_fft).abs().square()
        return torch.log(power @ self.filters.T + SMALLEST)

    def forward(self, sounds: Tensor) -> Encoded:
        """Sounds (B, 1, L) -> tokens (B, places, D), time slowest, and pooled (B, D)."""
        return as_tokens(self.layers(self.log_mel(sounds)))
