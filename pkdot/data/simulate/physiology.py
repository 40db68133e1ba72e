"""Biosignals of a simulated window: skin conductance, electrocardiogram, three electromyograms.

Skin conductance and muscle signals are our own, since their amplitude must follow a given pain
intensity; the heart's trace is NeuroKit2's dynamical model (McSharry et al., 2003).
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


def electrocardiogram(body: Body, pain: float, rng: np.random.Generator) -> np.ndarray:
    """Heart's trace of one window, (LENGTH,) millivolts; the rate rises with ``pain``."""
    import neurokit2  # two seconds to import: only where it is used

    rate = body.heart_rate + body.heart_gain * pain + rng.normal(0, 4)
    # NeuroKit2 0.2.13 fails for duration=5.5 at this rate and works with the length in samples
    trace = neurokit2.ecg_simulate(
        length=LENGTH,
        sampling_rate=RATE,
        heart_rate=float(np.clip(rate, 45, 140)),
        random_state=int(rng.integers(2**31)),
    )
    return np.asarray(trace, dtype=np.float64)


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
