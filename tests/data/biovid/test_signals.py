"""Biosignals from files with a known content, and every way a file can be damaged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import signal as scipy_signal

from pkdot.data.biovid.damage import DamagedFile
from pkdot.data.biovid.settings import DEFAULT_OPTIONS, SignalOptions
from pkdot.data.biovid.signals import clean, read_trace
from pkdot.errors import ConfigError, InputError
from tests.support import biovid_files as files

PLAIN = SignalOptions(filter="none", rate=32.0)


def curve(time: np.ndarray) -> np.ndarray:
    return 5 + np.sin(2 * np.pi * 0.7 * time) + 0.3 * np.sin(2 * np.pi * 3.0 * time + 1)


def write(path: Path, rate: float = 512, seconds: float = 5.5, start: float = 0.0) -> Path:
    time = np.arange(round(rate * seconds)) / rate
    microseconds = np.round((time + start) * 1e6).astype(int)
    files.write_table(path, pd.DataFrame({"time": microseconds, "gsr": curve(time)}))
    return path


@pytest.mark.parametrize("rate", [512, 1000, 250, 2048])
def test_any_rate_gives_the_same_curve(tmp_path: Path, rate: float) -> None:
    trace = read_trace(write(tmp_path / "a_bio.csv", rate), "eda", PLAIN, 0.0, 5.5)
    assert trace.rate == rate
    assert trace.samples.dtype == np.float32
    wanted = curve(np.arange(176) / 32)
    # the ends feel the filter that guards against aliasing
    np.testing.assert_allclose(trace.samples[16:-16], wanted[16:-16], atol=0.02)


def test_the_window_is_cut_in_seconds_and_the_clock_may_start_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path / "a_bio.csv", start=1234.5)
    whole = read_trace(path, "eda", PLAIN, 0.0, 5.5).samples
    part = read_trace(path, "eda", PLAIN, 2.0, 5.0).samples
    assert part.shape == (96,)
    np.testing.assert_allclose(part, whole[64:160], atol=1e-6)


def test_what_is_above_the_new_rate_does_not_fold_back(tmp_path: Path) -> None:
    path = write(tmp_path / "a_bio.csv")
    table = files.read_table(path)
    hum = np.sin(2 * np.pi * 60 * np.arange(len(table)) / 512)  # would fold back to 4 Hz
    files.write_table(path, table.assign(gsr=table.gsr + hum))
    samples = read_trace(path, "eda", PLAIN, 0.0, 5.5).samples
    np.testing.assert_allclose(samples[16:-16], curve(np.arange(176) / 32)[16:-16], atol=0.03)


def test_missing_rows_and_nan_are_bridged_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a_bio.csv")
    table = files.read_table(path)
    holes = np.random.default_rng(0).choice(np.arange(40, 2780), 28, replace=False)  # 1 %
    table.loc[holes[:14], "gsr"] = np.nan
    files.write_table(path, table.drop(index=holes[14:]))
    trace = read_trace(path, "eda", PLAIN, 0.0, 5.5)
    assert trace.rate == 512
    assert trace.bridged == pytest.approx(28 / 2816, rel=1e-6)
    np.testing.assert_allclose(trace.samples[16:-16], curve(np.arange(176) / 32)[16:-16], atol=0.02)


def nan_30(table: pd.DataFrame) -> pd.DataFrame:
    holes = np.random.default_rng(0).choice(len(table), round(0.3 * len(table)), replace=False)
    table.loc[holes, "gsr"] = np.nan
    return table


DAMAGES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = {
    "NaN": (nan_30, "gaps", "30% of gsr is missing"),
    "infinite": (lambda t: t.assign(gsr=np.inf), "gaps", "100% of gsr"),
    "flat": (lambda t: t.assign(gsr=3.25), "flat", "gsr is constant"),
    "renamed": (
        lambda t: t.rename(columns={"gsr": "EDA"}), "column", "no column gsr, only time, EDA",
    ),
    "short": (lambda t: t[:1400], "short", "ends after 2.73 s"),
    "time stands": (lambda t: t.assign(time=7), "time", "does not rise"),
    "time falls": (lambda t: t[::-1], "time", "does not rise"),
    "no time": (lambda t: t.drop(columns="time"), "column", "no column time"),
    "empty": (lambda t: t[:0], "time", "does not rise"),
    "words": (lambda t: t.assign(gsr="abc"), "unreadable", "abc"),
    "jump": (
        lambda t: t.assign(time=t.time + (t.time > 2.5e6) * 10**9), "time", "jumps over",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_apart(tmp_path: Path, name: str) -> None:
    damage, kind, reason = DAMAGES[name]
    path = write(tmp_path / "a_bio.csv")
    files.write_table(path, damage(files.read_table(path)))
    with pytest.raises(DamagedFile, match=reason) as caught:
        read_trace(path, "eda", PLAIN, 0.0, 5.5)
    assert caught.value.kind == kind
    assert str(path) in str(caught.value)


def test_cells_too_many_are_no_names_of_rows(tmp_path: Path) -> None:
    """pandas would take the time for a name of the row, and each trace for its neighbour."""
    path = write(tmp_path / "a_bio.csv")
    right = read_trace(path, "eda", PLAIN, 0.0, 5.5).samples
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *(f"{line}\t" for line in lines)]))
    np.testing.assert_array_equal(read_trace(path, "eda", PLAIN, 0.0, 5.5).samples, right)
    path.write_text("\n".join([header, *(f"{n}\t{line}" for n, line in enumerate(lines))]))
    with pytest.raises(DamagedFile, match="its lines have 3 cells, its first line 2"):
        read_trace(path, "eda", PLAIN, 0.0, 5.5)


def test_damage_of_the_file_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a_bio.csv")
    files.write_table(tmp_path / "comma_bio.csv", files.read_table(path), sep=",")
    (tmp_path / "folder_bio.csv").mkdir()
    (tmp_path / "bytes_bio.csv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "nothing_bio.csv").touch()
    expected = {
        "comma": "separator", "folder": "unreadable", "bytes": "unreadable",
        "nothing": "unreadable", "absent": "missing",
    }  # fmt: skip
    for name, kind in expected.items():
        with pytest.raises(DamagedFile) as caught:
            read_trace(tmp_path / f"{name}_bio.csv", "eda", PLAIN, 0.0, 5.5)
        assert caught.value.kind == kind, name


def test_one_damaged_column_does_not_hurt_another(biovid_root: Path, tmp_path: Path) -> None:
    path = tmp_path / "a_bio.csv"
    table = files.read_table(files.signal_file(biovid_root))
    files.write_table(path, table.assign(gsr=0.0))
    with pytest.raises(DamagedFile):
        read_trace(path, "eda", DEFAULT_OPTIONS["eda"], 0.0, 5.5)
    assert np.ptp(read_trace(path, "ecg", DEFAULT_OPTIONS["ecg"], 0.0, 5.5).samples) > 0.5


def test_named_filters_pass_what_they_should() -> None:
    time = np.arange(2816) / 512

    def left(frequency: float, modality: str, name: str) -> float:
        wave = np.sin(2 * np.pi * frequency * time)
        middle = clean(wave, 512, modality, name)[500:-500]  # type: ignore[arg-type]
        return float(np.std(middle) / np.std(wave))

    assert left(0.5, "eda", "lowpass") > 0.97
    assert left(20, "eda", "lowpass") < 0.01
    assert left(0.5, "eda", "neurokit") > 0.9
    assert left(40, "eda", "neurokit") < 0.01
    assert left(10, "ecg", "bandpass") > 0.97
    assert left(100, "ecg", "bandpass") < 0.03
    assert left(5, "emg_corrugator", "bandpass") < 0.01
    assert left(100, "emg_corrugator", "bandpass") > 0.97
    np.testing.assert_array_equal(clean(time, 512, "emg_corrugator", "none"), time)


def test_the_envelope_follows_the_amplitude() -> None:
    time = np.arange(2816) / 512
    amplitude = 1.5 + np.sin(2 * np.pi * 0.5 * time)
    noise = np.random.default_rng(0).normal(size=2816)
    sections = scipy_signal.butter(4, (30, 200), "bandpass", fs=512, output="sos")
    muscle = amplitude * scipy_signal.sosfilt(sections, noise)
    envelope = clean(muscle, 512, "emg_corrugator", "envelope")
    assert np.corrcoef(envelope, amplitude)[0, 1] > 0.85


def test_filters_that_do_not_exist_or_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="none, neurokit, biosppy"):
        clean(np.zeros(100), 512, "eda", "envelope")
    with pytest.raises(InputError, match="too slowly"):
        clean(np.zeros(100), 32, "emg_corrugator", "bandpass")


@pytest.mark.slow
@pytest.mark.parametrize("rate", [5, 20, 64, 100, 2048])
def test_any_rate_is_resampled_or_refused(tmp_path: Path, rate: float) -> None:
    """No rate and no filter ends in anything but a trace or a sentence of the kind ``rate``."""
    from pkdot.data.biovid.settings import _FILTERS, COLUMN_OF

    time = np.arange(round(rate * 5.6) + 1) / rate
    columns = {column: curve(time) + 0.01 * np.cos(90 * time) for column in COLUMN_OF.values()}
    table = pd.DataFrame({"time": np.round(time * 1e6).astype(int), **columns})
    files.write_table(tmp_path / "a_bio.csv", table)
    refused = set()
    for modality in ("eda", "ecg", "emg_trapezius"):
        for name in _FILTERS[modality.split("_")[0]]:
            options = SignalOptions(filter=name, rate=32.0)  # type: ignore[arg-type]
            try:
                trace = read_trace(tmp_path / "a_bio.csv", modality, options, 0.0, 5.5)
            except DamagedFile as damage:
                refused.add((damage.kind, name, f"{rate:g} Hz" in damage.reason))
                continue
            assert trace.samples.shape == (176,)
            assert np.isfinite(trace.samples).all()
    assert {(kind, told) for kind, _, told in refused} <= {("rate", True)}
    assert bool(refused) == (rate < 512)
    assert "none" not in {name for _, name, _ in refused}
