"""Valence and arousal over time, how they show in a face and a voice, and what can be known of it.

Both are slow random processes. A face shows them through two drives, valence well and arousal
poorly; a voice shows arousal alone, through three. Each drive is a gain times its latent plus
disturbances that drift as slowly as expressions do. All of it is linear and Gaussian, so that the
mean of the latents given any of the drives is known: nobody who sees the same can do better.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

LATENTS = ("valence", "arousal")
DRIVES = ("smile", "tension", "pitch", "energy", "tempo")
SEEN_IN = {"face": ("smile", "tension"), "sound": ("pitch", "energy", "tempo")}
"""Modality -> drives that show in it."""

_JITTER = 1e-6  # variance of drives around what latents and disturbances make of them


@dataclass(frozen=True)
class Strengths:
    """How strongly valence and arousal show, where.

    Attributes:
        deviation: of both latents; values beyond −1 and 1 are cut off.
        seconds: in which a latent's correlation with itself falls to 1/e.
        noise_seconds: the same of disturbances.
        smile: gain of valence on mouth and brows.
        tension: gain of arousal on jaw and eyes.
        voice: gain of arousal on pitch, energy and tempo, each.
        face_noise, voice_noise: deviation of the disturbance of each drive.
    """

    deviation: float = 0.4
    seconds: float = 1.5
    noise_seconds: float = 0.7
    smile: float = 1.0
    tension: float = 0.5
    voice: float = 1.0
    face_noise: float = 0.3
    voice_noise: float = 0.45

    @property
    def gains(self) -> np.ndarray:
        """Of each latent on each drive, (drives, latents)."""
        v = self.voice
        return np.array([[self.smile, 0], [0, self.tension], [0, v], [0, v], [0, v]], dtype=float)

    @property
    def deviations(self) -> np.ndarray:
        """Of the latents, then of each drive's disturbance, (latents + drives,)."""
        return np.array([self.deviation] * 2 + [self.face_noise] * 2 + [self.voice_noise] * 3)

    def memory(self, step: float) -> np.ndarray:
        """Correlation of each process with itself after ``step`` seconds, (latents + drives,)."""
        times = [self.seconds] * len(LATENTS) + [self.noise_seconds] * len(DRIVES)
        return np.exp(-step / np.array(times))


def draw_affect(
    frames: int, step: float, strengths: Strengths, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Latents (frames, 2), uncut, and drives (frames, 5), ``step`` seconds apart.

    The processes are those of Ornstein and Uhlenbeck, in their stationary state from the first
    frame on.
    """
    memory, deviations = strengths.memory(step), strengths.deviations
    shocks = chance.standard_normal((frames, len(memory))) * deviations
    shocks[1:] *= np.sqrt(1 - memory**2)
    state = np.empty_like(shocks)
    state[0] = shocks[0]
    for i in range(1, frames):
        state[i] = memory * state[i - 1] + shocks[i]
    latents, noise = state[:, :2], state[:, 2:]
    return latents, latents @ strengths.gains.T + noise


def posterior_mean(
    drives: np.ndarray, step: float, strengths: Strengths, seen: Collection[str]
) -> np.ndarray:
    """Mean of the latents given whole sequences of some drives, (frames, 2).

    Args:
        drives: (frames, 5), as :func:`draw_affect` gives them.
        step: seconds from frame to frame.
        strengths: they were drawn with.
        seen: modalities whose drives are known, out of :data:`SEEN_IN`.

    Source: the Kalman filter, and the smoother of Rauch, Tung and Striebel, AIAA Journal 3 (1965).
    """
    kept = [DRIVES.index(name) for m in SEEN_IN if m in seen for name in SEEN_IN[m]]
    observe = np.hstack([strengths.gains, np.eye(len(DRIVES))])[kept]
    memory, stationary = strengths.memory(step), np.diag(strengths.deviations**2)
    transition, shock = np.diag(memory), np.diag((1 - memory**2) * strengths.deviations**2)
    mean, cover = np.zeros(len(memory)), stationary
    filtered = []
    for row in drives[:, kept]:
        spread = observe @ cover @ observe.T + _JITTER * np.eye(len(kept))
        gain = np.linalg.solve(spread, observe @ cover).T
        mean, cover = mean + gain @ (row - observe @ mean), cover - gain @ observe @ cover
        filtered.append((mean, cover))
        mean, cover = transition @ mean, transition @ cover @ transition + shock
    smoothed = np.empty((len(drives), len(memory)))
    later, _ = filtered[-1]
    smoothed[-1] = later
    for i in range(len(drives) - 2, -1, -1):
        mean, cover = filtered[i]
        ahead = transition @ cover @ transition + shock
        back = np.linalg.solve(ahead, transition @ cover).T
        later = mean + back @ (later - transition @ mean)
        smoothed[i] = later
    return smoothed[:, : len(LATENTS)]


def cut(latents: np.ndarray) -> np.ndarray:
    """Latents as annotators write them: within −1 and 1, three decimals."""
    return np.round(np.clip(latents, -1, 1), 3)
