"""Log-mel spectrograms: how loud a sound is in each band of pitch, a hundred times a second."""

import numpy as np
from scipy import fft as scipy_fft

from ...errors import InputError

WINDOW, HOP = 0.025, 0.010
"""Seconds of a frame, and from one frame to the next."""

SMALLEST = 1e-6
"""Added to the power in each band: silence has a logarithm too."""

_BLOCK = 4096  # frames that are transformed at a time


def mel_of(hertz: np.ndarray | float) -> np.ndarray:
    """Pitch in mel: 2595 · log10(1 + f / 700), the formula of HTK.

    Source: O'Shaughnessy, "Speech Communication", 1987; Young et al., "The HTK Book", 5.4.
    """
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0))


def mel_filters(bands: int, n_fft: int, rate: float) -> np.ndarray:
    """Triangles of height 1 whose corners are equally spaced in mel, from 0 to half the rate.

    Returns:
        (bands, n_fft // 2 + 1) float32.
    """
    corners = 700.0 * (10.0 ** (np.linspace(0.0, mel_of(rate / 2), bands + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, rate / 2, n_fft // 2 + 1)
    widths = np.diff(corners)[:, None]
    rising = (bins - corners[:-2, None]) / widths[:-1]
    falling = (corners[2:, None] - bins) / widths[1:]
    return np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32)


def log_mel(samples: np.ndarray, rate: int, bands: int = 64) -> np.ndarray:
    """Logarithm of the power in each band.

    Frame j is centred at j · :data:`HOP` seconds after the first sample; silence is supposed
    before the first sample and after the last.

    Args:
        samples: (n,), one channel.
        rate: samples per second.
        bands: of the mel scale.

    Returns:
        (frames, bands) float32, with one frame for every begun hop.

    Raises:
        InputError: for more than one channel, or a rate at which a hop is no sample.
    """
    length, hop = round(WINDOW * rate), round(HOP * rate)
    if samples.ndim != 1 or hop < 1:
        raise InputError(
            f"A log-mel spectrogram needs one channel (n,) at 100 samples a second or more, not "
            f"{samples.shape} at {rate}; average the channels first."
        )
    n_fft = 2 ** int(np.ceil(np.log2(max(length, 2))))
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    filters = mel_filters(bands, n_fft, rate).T
    frames = -(-len(samples) // hop)
    padded = np.zeros((frames - 1) * hop + length if frames else length, np.float32)
    inside = samples[: len(padded) - length // 2]
    padded[length // 2 : length // 2 + len(inside)] = inside
    views = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:frames]
    spectrogram = np.empty((frames, bands), np.float32)
    for at in range(0, frames, _BLOCK):
        part = views[at : at + _BLOCK] * window
        power = np.square(np.abs(scipy_fft.rfft(part, n=n_fft)))
        spectrogram[at : at + _BLOCK] = np.log(power @ filters + SMALLEST)
    return spectrogram
