"""One window's biosignals: from a ``_bio.csv`` to an array of fixed length.

Columns are found by name and the sampling rate from the ``time`` column. The steps, in order:
read, lay on a regular grid (missing rows become gaps), bridge short gaps, clean with a named
filter, cut the window, resample.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import signal as scipy_signal

from ...errors import InputError
from .damage import DamagedFile, check_cells
from .settings import COLUMN_OF, Filter, SignalOptions, check_filter

USUAL_RATE = 512.0
"""Samples per second in BioVid; another rate is reported and resampled."""

LONGEST_GAP = 0.05
"""Share of a window that may be missing or NaN and still be bridged by a straight line."""

_EDGES: dict[tuple[str, str], float] = {
    ("eda", "lowpass"): 3.0,
    ("eda", "neurokit"): 3.0,
    ("eda", "biosppy"): 5.0,
    ("ecg", "biosppy"): 45.0,
    ("ecg", "neurokit"): 3.0,  # its edge is lower, but its ringing outlasts so few samples
    ("ecg", "bandpass"): 0.5,
    ("emg", "biosppy"): 100.0,
    ("emg", "bandpass"): 20.0,
    ("emg", "envelope"): 20.0,
}
"""Highest frequency in Hz at which a filter must have an edge, whatever the rate."""


@dataclass(frozen=True)
class Trace:
    """One biosignal of one window, as prepared.

    Attributes:
        samples: (length,) float32.
        rate: of the file, samples per second.
        bridged: share of the window that was missing and interpolated.
    """

    samples: np.ndarray
    rate: float
    bridged: float

    @property
    def facts(self) -> dict[str, float]:
        """What is kept of the file itself."""
        return {"rate": self.rate, "bridged": self.bridged}


@dataclass(frozen=True)
class SignalFile:
    """A ``_bio.csv``, read once.

    Attributes:
        path: of the file.
        header: names of all its columns.
        columns: those that were asked for and are there, (n,) float64 each; ``time`` is in
            microseconds.
    """

    path: Path
    header: tuple[str, ...]
    columns: Mapping[str, np.ndarray]

    def trace(self, modality: str, options: SignalOptions, start: float, stop: float) -> Trace:
        """Clean and resample one biosignal between ``start`` and ``stop`` (seconds).

        Returns:
            A trace of ``round((stop − start) · options.rate)`` values; the file's first row is
            time 0.

        Raises:
            DamagedFile: if the file lacks the column, is too short, has more than
                :data:`LONGEST_GAP` missing, is flat, or was sampled too slowly for the filter.
        """
        path, name = self.path, COLUMN_OF[modality]
        absent = [column for column in ("time", name) if column not in self.columns]
        if absent and len(self.header) == 1 and ("," in self.header[0] or ";" in self.header[0]):
            raise DamagedFile(path, "separator", "it is separated by commas, not by tabs")
        if absent:
            raise DamagedFile(
                path,
                "column",
                f"it has no column {', '.join(absent)}, only {', '.join(self.header)}",
            )
        rate, values = _regular(path, self.columns["time"], self.columns[name])
        if len(values) < round(stop * rate) - rate * 0.05:
            raise DamagedFile(
                path,
                "short",
                f"it ends after {len(values) / rate:.2f} s, the window ends at {stop} s",
            )
        missing = ~np.isfinite(values)
        inside = slice(round(start * rate), round(stop * rate))
        bridged = float(missing[inside].mean())
        if bridged > LONGEST_GAP:
            raise DamagedFile(path, "gaps", f"{bridged:.0%} of {name} is missing or NaN")
        values = _bridge(values, missing)
        if np.ptp(values[inside]) <= 1e-9 * max(1.0, float(np.abs(values[inside]).max())):
            raise DamagedFile(path, "flat", f"{name} is constant over the window")
        check_rate(path, modality, options.filter, rate)
        cleaned = clean(values, rate, modality, options.filter)
        return Trace(_resample(cleaned, rate, start, stop, options.rate), rate, bridged)


def read_signals(path: Path, modalities: Iterable[str]) -> SignalFile:
    """Read the columns of some modalities, and the time, from a ``_bio.csv``.

    A missing column raises only when its trace is asked for.

    Raises:
        DamagedFile: if the file is missing or unreadable.
    """
    wanted = {"time", *(COLUMN_OF[name] for name in modalities)}
    try:
        content = path.read_bytes()
        check_cells(content)
        header = pd.read_csv(BytesIO(content), sep="\t", nrows=0, encoding="utf-8-sig").columns
        table = pd.read_csv(
            BytesIO(content),
            sep="\t",
            usecols=[name for name in header if name in wanted],
            index_col=False,
            encoding="utf-8-sig",
            dtype=np.float64,
            engine="c",
        )
    except FileNotFoundError as error:
        raise DamagedFile(path, "missing", "it is not there") from error
    except (OSError, ValueError) as error:  # ValueError covers pandas' parser and decoding errors
        raise DamagedFile(path, "unreadable", str(error).splitlines()[0]) from error
    columns = {name: table[name].to_numpy() for name in table.columns}
    return SignalFile(path, tuple(map(str, header)), columns)


def read_trace(
    path: Path, modality: str, options: SignalOptions, start: float, stop: float
) -> Trace:
    """One biosignal of a file; see :func:`read_signals` and :meth:`SignalFile.trace`."""
    return read_signals(path, [modality]).trace(modality, options, start, stop)


def check_rate(path: Path, modality: str, name: Filter, rate: float) -> None:
    """Refuse a file that was sampled too slowly for a filter.

    Raises:
        DamagedFile: of the kind ``rate``.
    """
    edge = _EDGES.get((modality.split("_")[0], name), 0.0)
    if rate <= edge / 0.45:
        raise DamagedFile(
            path,
            "rate",
            f"it was sampled at {rate:g} Hz, and the filter {name!r} of {modality} needs more than "
            f"{edge / 0.45:.3g} Hz",
        )


def _regular(path: Path, time: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    """Sampling rate, and the values on a grid without missing rows (they become NaN)."""
    step = np.diff(time)
    if len(step) < 2 or not np.isfinite(time).all() or (step <= 0).any():
        raise DamagedFile(path, "time", "its time column does not rise from row to row")
    median = float(np.median(step))
    # whole microseconds round the step (1953 for 1953.125): average over the regular ones
    regular = step[step < 1.5 * median]
    rate = 1e6 / float(regular.mean())
    if abs(rate - round(rate)) < 1e-3 * rate:
        rate = float(round(rate))
    position = np.round((time - time[0]) * rate / 1e6).astype(np.int64)
    if position[-1] == len(values) - 1:
        return rate, values
    if position[-1] > 4 * len(values):
        raise DamagedFile(path, "time", "its time column jumps over most of the recording")
    grid = np.full(position[-1] + 1, np.nan)
    grid[position] = values
    return rate, grid


def _bridge(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Straight lines over what is missing; the ends repeat their neighbour."""
    if not missing.any():
        return values
    at = np.arange(len(values))
    return np.interp(at, at[~missing], values[~missing])


def clean(values: np.ndarray, rate: float, modality: str, name: Filter) -> np.ndarray:
    """Apply the filter called ``name``, (n,) -> (n,), zero phase.

    Raises:
        ConfigError: where the filter does not exist for the modality.
        InputError: where the rate is too low for the filter's band.
    """
    kind = modality.split("_")[0]
    check_filter(modality, name)
    if name == "none":
        return values
    if name == "lowpass":
        return _butterworth(values, rate, 3.0, "lowpass")
    if name in ("bandpass", "envelope"):
        low, high = (0.5, 40.0) if kind == "ecg" else (20.0, 250.0)
        high = min(high, 0.45 * rate)
        if high <= low:
            raise InputError(
                f"{modality} was sampled at {rate:g} Hz, too slowly for a band from {low:g} Hz; "
                f"choose the filter 'none'."
            )
        banded = _butterworth(values, rate, (low, high), "bandpass")
        return banded if name == "bandpass" else _butterworth(np.abs(banded), rate, 8.0, "lowpass")
    import neurokit2  # two seconds to import: only where it is used

    cleaner = {"eda": neurokit2.eda_clean, "ecg": neurokit2.ecg_clean, "emg": neurokit2.emg_clean}
    return np.asarray(cleaner[kind](values, sampling_rate=round(rate), method=name))


def _butterworth(
    values: np.ndarray, rate: float, edge: float | tuple[float, float], kind: str
) -> np.ndarray:
    sections = scipy_signal.butter(4, edge, kind, fs=rate, output="sos")
    # Two seconds are reflected at each end, since the default is too short for slow edges to
    # settle. The odd reflection continues a trend, but moves the mean, which a band that begins
    # near zero answers with a slow wave; the even one keeps the mean.
    pad = {"padtype": "even" if kind == "bandpass" else "odd"}
    return scipy_signal.sosfiltfilt(
        sections, values, padlen=min(len(values) - 1, round(2 * rate)), **pad
    )


def _resample(
    values: np.ndarray, rate: float, start: float, stop: float, wanted: float
) -> np.ndarray:
    """Values between ``start`` and ``stop`` at the wanted rate, without aliasing, float32."""
    if wanted < rate:
        values = _butterworth(values, rate, 0.45 * wanted, "lowpass")
    times = start + np.arange(round((stop - start) * wanted)) / wanted
    return np.interp(times * rate, np.arange(len(values)), values).astype(np.float32)
