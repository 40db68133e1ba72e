"""Made-up voices: a buzz with harmonics whose pitch, loudness, rhythm and brightness can be set."""

from dataclasses import dataclass

import numpy as np

RATE = 16_000


@dataclass(frozen=True)
class Speaker:
    """What one voice is like: pitch in Hz, resonances in Hz, loudness."""

    pitch: float
    resonances: tuple[float, float]
    loudness: float


@dataclass(frozen=True)
class Manner:
    """How something is said; zeros are calm.

    Attributes:
        pitch: semitones above the speaker's own.
        loudness: decibels.
        rhythm: syllables a second, beyond three.
        brightness: decibels an octave by which high harmonics gain.
    """

    pitch: float = 0.0
    loudness: float = 0.0
    rhythm: float = 0.0
    brightness: float = 0.0


def random_speaker(chance: np.random.Generator) -> Speaker:
    """A voice: high or low, narrow or wide."""
    low = chance.random() < 0.5
    return Speaker(
        pitch=float(chance.uniform(95, 140) if low else chance.uniform(170, 240)),
        resonances=(float(chance.uniform(450, 650)), float(chance.uniform(1300, 1900))),
        loudness=float(chance.uniform(0.12, 0.2)),
    )


def speak(
    speaker: Speaker, manner: Manner, seconds: float, chance: np.random.Generator
) -> np.ndarray:
    """A stretch of voice, (n,) float64 in −1 to 1 at :data:`RATE`."""
    time = np.arange(round(seconds * RATE)) / RATE
    wobble = 0.02 * np.sin(2 * np.pi * chance.uniform(4, 6) * time + chance.uniform(0, 6))
    pitch = speaker.pitch * 2 ** (manner.pitch / 12) * (1 + wobble)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = np.zeros_like(time)
    for harmonic in range(1, 25):
        hertz = harmonic * pitch.mean()
        if hertz > RATE / 2.2:
            break
        near = sum(np.exp(-(((hertz - at) / 350) ** 2)) for at in speaker.resonances)
        level = (0.15 + near) * harmonic ** (-1.2 + manner.brightness / 6)
        tone += level * np.sin(harmonic * phase + chance.uniform(0, 6))
    syllables = np.sin(np.pi * (3 + manner.rhythm) * time + chance.uniform(0, 3)) ** 2
    edge = np.clip(np.minimum(time, time[-1] - time) / 0.03, 0, 1)
    loud = speaker.loudness * 10 ** (manner.loudness / 20)
    voiced = loud * edge * (0.15 + syllables) * tone / np.sqrt(np.square(tone).mean())
    return np.asarray(np.clip(voiced + 0.004 * chance.standard_normal(len(time)), -1, 1))


def say_digit(speaker: Speaker, digit: int, chance: np.random.Generator) -> np.ndarray:
    """A "digit", half a second or so at 8 kHz: two glides from a pair of resonances of its own."""
    seconds = chance.uniform(0.35, 0.55)
    time = np.arange(round(seconds * 8000)) / 8000
    share = np.clip(time / seconds, 0, 1)
    low = 320 + 90 * (digit % 5) + chance.normal(0, 22)
    high = 1150 + 330 * (digit // 2) + chance.normal(0, 70)
    bend = (1.0 + (0.25 if digit % 2 else -0.2) * share) * (1 + 0.03 * chance.standard_normal())
    pitch = speaker.pitch * (1 + 0.1 * chance.standard_normal()) * (1.05 - 0.1 * share)
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    voice = np.zeros_like(time)
    for harmonic in range(1, 30):
        hertz = harmonic * pitch
        level = np.exp(-(((hertz - low * bend) / 140) ** 2))
        level = level + 0.7 * np.exp(-(((hertz - high * bend) / 220) ** 2)) + 0.02
        voice += np.where(hertz < 3800, level, 0) * np.sin(harmonic * phase)
    edge = np.clip(np.minimum(time, seconds - time) / 0.02, 0, 1)
    voice = speaker.loudness * edge * voice / np.sqrt(np.square(voice).mean())
    return np.asarray(np.clip(voice + 0.01 * chance.standard_normal(len(time)), -1, 1))
