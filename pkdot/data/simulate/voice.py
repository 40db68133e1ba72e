"""A voice whose pitch, energy and rate follow three drives: vowels in syllables, nothing said."""

from dataclasses import dataclass

import numpy as np

from ..media.sound import RATE

_HARMONICS = 24


@dataclass(frozen=True)
class Voice:
    """One person's voice at rest.

    Attributes:
        pitch: fundamental frequency, Hz.
        tempo: syllables a second.
        formants: two resonances, Hz.
    """

    pitch: float
    tempo: float
    formants: tuple[float, float]


def random_voice(rng: np.random.Generator) -> Voice:
    return Voice(
        pitch=float(rng.choice([115.0, 200.0]) * rng.lognormal(0, 0.08)),
        tempo=float(rng.uniform(3.5, 5.0)),
        formants=(float(rng.uniform(500, 750)), float(rng.uniform(1200, 1900))),
    )


def speak(
    voice: Voice, drives: np.ndarray, times: np.ndarray, seconds: float, rng: np.random.Generator
) -> np.ndarray:
    """Sound of some seconds, (n,) float32 in −1 to 1 at 16 kHz.

    Args:
        voice: the person.
        drives: of pitch, energy and tempo at some moments, (moments, 3); 0 is rest, and 1 means
            half an octave up, 8 dB louder, a third faster.
        times: seconds of these moments, rising.
        seconds: how long to speak, from time 0.
        rng: source of chance.
    """
    time = np.arange(round(seconds * RATE)) / RATE
    pitch, energy, tempo = (np.interp(time, times, drive) for drive in drives.T)
    hertz = voice.pitch * 2 ** (pitch / 2)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    sound = np.zeros(len(time))
    for k in range(1, _HARMONICS + 1):
        at = k * hertz
        loud = sum(1 / (1 + ((at - formant) / 150) ** 2) for formant in voice.formants)
        sound += np.where(at < RATE / 2, (loud + 0.05) / k**0.5, 0) * np.sin(k * phase)
    syllables = np.cumsum(voice.tempo * np.exp(0.3 * tempo)) / RATE + rng.uniform()
    envelope = np.clip(np.sin(2 * np.pi * syllables) + 0.4, 0, None) ** 0.7
    sound *= envelope * 10 ** (8 * energy / 20)
    sound += 0.02 * rng.standard_normal(len(time))
    return (0.06 * sound).clip(-1, 1).astype(np.float32)
