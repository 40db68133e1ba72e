"""How a drawn face moves over one window: action units and head, frame by frame."""

import numpy as np

from .face import ACTION_UNITS, Pose

FPS = 25
"""Frames per second, as in BioVid."""

FRAMES = 138
"""Frames per window."""


def action_units(pain_units: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Action units over the window, (FRAMES, 6): pain's four, blinks, and what has no cause."""
    time = np.arange(FRAMES) / FPS
    units = np.zeros((FRAMES, len(ACTION_UNITS)))
    units[:, :4] = np.outer(_rise(time, chance.uniform(0.5, 2.0)), pain_units)
    for onset in chance.uniform(0, 5.5, chance.poisson(1.3)):
        units[:, 3] += np.exp(-(((time - onset) / 0.09) ** 2))  # a blink
    for unit, probability in ((0, 0.1), (1, 0.1), (4, 0.25), (5, 0.2)):
        size, start, stop = chance.uniform(0.15, 0.6), *np.sort(chance.uniform(0, 5.5, 2))
        if chance.random() < probability:
            units[:, unit] += size * _rise(time, start) * (1 - _rise(time, stop))
    units += chance.normal(0, 0.02, units.shape)
    return np.clip(units, 0.0, 1.0)


def _rise(time: np.ndarray, onset: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(time - onset) / 0.18))


def poses(chance: np.random.Generator, time: np.ndarray | None = None) -> list[Pose]:
    """A head that is never quite still: each coordinate sways around a place of its own.

    Args:
        chance: source of chance.
        time: seconds of each frame, (n,); those of a window of BioVid when left out.
    """
    time = np.arange(FRAMES) / FPS if time is None else time

    def sway(middle: float, size: float) -> np.ndarray:
        slow, fast = chance.uniform(0.1, 0.3), chance.uniform(0.4, 0.9)
        phase = chance.uniform(0, 2 * np.pi, 2)
        wave = np.sin(2 * np.pi * slow * time + phase[0])
        wave = wave + 0.4 * np.sin(2 * np.pi * fast * time + phase[1])
        return chance.normal(0, middle) + size * wave

    columns = zip(
        sway(0.02, 0.006), sway(0.015, 0.006), sway(2.0, 0.8), 1 + sway(0.02, 0.006),
        1 + sway(0.05, 0.01), strict=True,
    )  # fmt: skip
    return [Pose(*map(float, column)) for column in columns]
