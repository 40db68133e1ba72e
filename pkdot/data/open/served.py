"""Prepared recordings as networks read them and as people look at them."""

from typing import Any

import cv2
import numpy as np
from scipy.signal import resample_poly

from ..media.log_mel import log_mel
from ..media.sound import RATE
from .reading import LOUDEST

_BANDS, _HEIGHT, _WIDTH = 40, 64, 112


class Chunked:
    """Arrays (n, …) in a row, read like one array (N, …) by whole numbers.

    Args:
        arrays: all of one shape but for their length, and as long as the first but for the last.
    """

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self._arrays, self._length = arrays, len(arrays[0])
        self.shape = (sum(map(len, arrays)), *arrays[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        index = np.asarray(index)
        rows = [self._arrays[row // self._length][row % self._length] for row in index.ravel()]
        if not rows:
            return np.empty((*index.shape, *self.shape[1:]), self._arrays[0].dtype)
        return np.stack(rows).reshape(*index.shape, *self.shape[1:])


class Voices:
    """Sounds (n, 1, L) float32 in −1 to 1 out of (N, L) int16."""

    def __init__(self, values: Chunked, rows: np.ndarray) -> None:
        self._values, self._rows = values, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        samples = self._values[self._rows[np.asarray(index)]]
        return samples[..., None, :].astype(np.float32) / np.float32(LOUDEST)


class NoisyVoices:
    """Sounds (n, 1, L) with white noise of half their rate's band, each its own.

    Args:
        voices: (N, 1, L).
        snr: decibels by which the power of the speech exceeds that of the noise; silence that was
            padded to the speech does not count as speech.
        seed: of the noise; a sound has the same noise every time.
    """

    def __init__(self, voices: Voices, snr: float, seed: int) -> None:
        self._voices, self._seed = voices, seed
        self._factor = 10 ** (-snr / 20)

    def __len__(self) -> int:
        return len(self._voices)

    def __getitem__(self, index: Any) -> np.ndarray:
        index = np.asarray(index)
        clean = self._voices[index]
        flat = clean.reshape(-1, clean.shape[-1])
        noisy = [self._noisy(x, int(i)) for x, i in zip(flat, index.ravel(), strict=True)]
        return np.array(noisy, np.float32).reshape(clean.shape)

    def _noisy(self, speech: np.ndarray, number: int) -> np.ndarray:
        chance = np.random.default_rng([self._seed, number])
        noise = resample_poly(chance.standard_normal(-(-len(speech) // 2)), 2, 1)[: len(speech)]
        heard = speech[speech != 0]
        wanted = self._factor * np.sqrt(np.square(heard).mean()) if len(heard) else 0.0
        return speech + wanted * noise / np.sqrt(np.square(noise).mean())


class MiddleFrames:
    """The middle frame of each clip, (n, size, size, 3) uint8, for people to look at."""

    def __init__(self, values: Chunked, rows: np.ndarray) -> None:
        self._values, self._rows = values, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        clips = self._values[self._rows[np.asarray(index)]]
        return np.asarray(clips[..., self._values.shape[1] // 2, :, :, :])


class Spectrograms:
    """Each sound as its log-mel spectrogram, (n, 64, 112) uint8: time to the right, pitch upwards.

    Args:
        sounds: (N, 1, L) float.
    """

    def __init__(self, sounds: Voices | NoisyVoices) -> None:
        self._sounds = sounds

    def __len__(self) -> int:
        return len(self._sounds)

    def __getitem__(self, index: Any) -> np.ndarray:
        sounds = self._sounds[np.asarray(index)]
        flat = sounds.reshape(-1, sounds.shape[-1])
        drawn = [self._draw(sound) for sound in flat]
        return np.array(drawn, np.uint8).reshape(*sounds.shape[:-2], _HEIGHT, _WIDTH)

    def _draw(self, sound: np.ndarray) -> np.ndarray:
        levels = log_mel(sound, RATE, _BANDS).T[::-1]
        low, high = np.quantile(levels, [0.05, 1.0])
        grey = np.clip((levels - low) / max(high - low, 1e-6), 0, 1)
        picture = cv2.resize((255 * grey).astype(np.uint8), (_WIDTH, _HEIGHT))
        return np.asarray(picture)
