"""Biosignals of a simulated window: skin conductance, electrocardiogram, three electromyograms.

Amplitudes and the heart's rate follow a given pain intensity.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

RATE = 512
"""Samples per second, as in BioVid."""

LENGTH = 2816
"""Samples per window: 5.5 s."""


@dataclass(frozen=True)
class Body:
    """One person's physiology.

    Attributes:
        skin_level: tonic skin conductance, microsiemens.
        skin_gain: size of a response to full pain, microsiemens.
        spontaneous: skin conductance responses per second that nothing evokes.
        heart_rate: at rest, beats per minute.
        heart_gain: rise under full pain, beats per minute.
        muscle_tone: resting amplitude of the EMGs, microvolts.
    """

    skin_level: float
    skin_gain: float
    spontaneous: float
    heart_rate: float
    heart_gain: float
    muscle_tone: float


def random_body(rng: np.random.Generator) -> Body:
    return Body(
        skin_level=rng.uniform(2.0, 10.0),
        skin_gain=rng.lognormal(np.log(0.8), 0.35),
        spontaneous=rng.uniform(0.03, 0.12),
        heart_rate=rng.uniform(58, 85),
        heart_gain=rng.uniform(2, 10),
        muscle_tone=rng.uniform(2.0, 5.0),
    )


def skin_conductance(body: Body, pain: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Skin conductance of one window, (LENGTH,) microsiemens.

    A tonic level drifts; the stimulus evokes one response whose size follows ``pain``; others come
    by themselves, at any time, also just before the window, whose tails reach into it.

    Args:
        body: the person.
        pain: latent intensity, 0–1.
        noise: standard deviation of the evoked response's size, in units of full pain.
        rng: source of chance.
    """
    time = np.arange(LENGTH) / RATE
    slope = rng.normal(-0.012, 0.010)
    level = body.skin_level * (1 + rng.normal(0, 0.03)) + slope * body.skin_level * time / 5.5
    evoked = max(0.0, pain + rng.normal(0, noise)) * body.skin_gain
    trace = level + evoked * _response(time - rng.uniform(0.6, 1.6), rng)
    for onset in rng.uniform(-4.0, 5.5, rng.poisson(body.spontaneous * 9.5)):
        trace += rng.exponential(0.35) * body.skin_gain * _response(time - onset, rng)
    return np.maximum(trace + rng.normal(0, 0.004, LENGTH), 0.05)


def _response(time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shape of one skin conductance response, peak 1: fast rise, slow fall (Bateman's function)."""
    rise, fall = rng.uniform(0.5, 0.9), rng.uniform(2.0, 4.0)
    after = np.maximum(time, 0.0)
    shape = np.exp(-after / fall) - np.exp(-after / rise)
    peak_at = np.log(fall / rise) * fall * rise / (fall - rise)
    return shape / (np.exp(-peak_at / fall) - np.exp(-peak_at / rise))


_WAVES = np.array(
    [  # P, Q, R, S and T of the model: phase in radians, height, width
        [-np.pi / 3, 1.2, 0.25],
        [-np.pi / 12, -5.0, 0.1],
        [0.0, 30.0, 0.1],
        [np.pi / 12, -7.5, 0.1],
        [np.pi / 2, 0.75, 0.4],
    ]
)
_WARM_UP = 8 * RATE  # the trace forgets where it began with a time constant of a second
_MILLIVOLTS = 27.0  # of one unit of the model: a beat then spans about 1.6 mV


def electrocardiogram(body: Body, pain: float, rng: np.random.Generator) -> np.ndarray:
    """Heart's trace of one window, (LENGTH,) millivolts; the rate rises with ``pain``.

    The dynamical model of McSharry et al. (IEEE Transactions on Biomedical Engineering 50, 2003),
    whose phase goes round once a beat while the trace is drawn up or down by each wave and back to
    a baseline that breathes. The phase depends on the rate alone and the rest is linear in the
    trace, so both are solved in closed form. Phases and widths grow with the square root of the
    rate: a fast heart has shorter intervals, yet longer parts of a beat.

    Args:
        body: the person.
        pain: latent intensity, 0–1.
        rng: source of chance.
    """
    mean = float(np.clip(body.heart_rate + body.heart_gain * pain + rng.normal(0, 4), 45, 140))
    chance = np.random.default_rng(int(rng.integers(2**31)))  # what follows never shifts others
    time = np.arange(-_WARM_UP, LENGTH) / RATE
    pressure, breath = np.sin(
        2 * np.pi * (np.outer((0.1, 0.25), time) + chance.uniform(size=(2, 1)))
    )  # blood pressure and breathing sway the rate, ten seconds and four seconds a wave
    rate = mean + pressure + breath
    phase = chance.uniform(0, 2 * np.pi) + np.cumsum(2 * np.pi * rate / 60) / RATE
    stretch = np.sqrt(mean / 60)
    push = 0.005 * breath
    for centre, height, width in _WAVES:
        away = (phase - stretch * centre + np.pi) % (2 * np.pi) - np.pi
        push -= height * away * np.exp(-((away / (stretch * width)) ** 2) / 2)
    kept = np.exp(-1 / RATE)
    trace = _MILLIVOLTS * signal.lfilter([1 - kept], [1.0, -kept], push)[_WARM_UP:]
    return trace + chance.normal(0, 0.01, LENGTH)


_MUSCLE_BAND = signal.butter(4, (20, 240), "bandpass", fs=RATE, output="sos")


def electromyogram(
    body: Body, activity: np.ndarray, gain: float, rng: np.random.Generator
) -> np.ndarray:
    """Surface EMG of one window, (LENGTH,) microvolts.

    Args:
        body: the person.
        activity: how strongly the muscle works, 0–1, any number of values over the window.
        gain: amplitude at full activity, as a multiple of the resting amplitude.
        rng: source of chance.
    """
    at = np.linspace(0, len(activity) - 1, LENGTH)
    strength = 1 + gain * np.interp(at, np.arange(len(activity)), activity)
    carrier = signal.sosfilt(_MUSCLE_BAND, rng.normal(0, 1, LENGTH + RATE))[RATE:]
    return body.muscle_tone * strength * carrier / carrier.std()
