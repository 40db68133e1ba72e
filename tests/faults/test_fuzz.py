"""Readers meet whatever Hypothesis thinks of: a result, or a sentence of a kind of their own.

Few examples in the usual tests; ``make faults`` tries many more.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkdot.commands.experiment_arguments import add_experiment_arguments, config_of, setting
from pkdot.commands.runs import run as list_runs
from pkdot.errors import ConfigError, DataError, InputError, RecordError
from pkdot.experiments.config import ExperimentConfig
from pkdot.record import open_record
from pkdot.record.arrays import read_arrays
from pkdot.record.compare import named_runs
from pkdot.record.listing import summarise
from tests.support.example_records import forget_digests, write_record
from tests.support.fault_matrix import times

EXAMPLES = times(15, 250)
FAULT = ("any value or byte", f"readers of records, --set and BioVid, {EXAMPLES} examples a try")
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
words = st.text(st.characters(), max_size=8)  # lone surrogates among them
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words | st.just(10**40)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
)
edits = st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record without digests, so that the readers themselves have to see what is wrong."""
    path = write_record(tmp_path_factory.mktemp("fuzzed"), run_id="fuzzed").path
    forget_digests(path)
    return path


def changed(content: bytes, places: list[tuple[int, int]], length: int) -> bytes:
    """Some bytes replaced, and perhaps the end cut off."""
    new = bytearray(content)
    for place, value in places:
        new[place % len(new)] = value
    return bytes(new[: len(new) - length % (2 * len(new))] if length else new)


def ask_everything(path: Path) -> None:
    """Whatever a list or a page asks of ``run.json``."""
    found = open_record(path)
    assert found.task.primary.name
    assert isinstance(f"{found} {found.scores} {found.config} {found.facts} {found.unit}", str)
    named_runs([found])
    found.missing_files()


@fuzz
@given(st.data())
def test_run_json_with_any_value(
    record: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    file = record / "run.json"
    before = file.read_bytes()
    content = json.loads(before)
    field = data.draw(st.sampled_from(sorted(content)) | words)
    content[field] = data.draw(values)
    if field in ("facts", "task", "scores", "config", "files") and data.draw(st.booleans()):
        content[field] = {**json.loads(before)[field], data.draw(words): content[field]}
    try:
        file.write_text(json.dumps(content))
        with suppress(RecordError):
            ask_everything(record)
        assert summarise(record).path == record
        assert list_runs(argparse.Namespace(runs=record.parent)) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1
    finally:
        file.write_bytes(before)


@fuzz
@given(edits, st.integers(0, 3))
def test_run_json_with_any_bytes(record: Path, places: list[tuple[int, int]], cut: int) -> None:
    file = record / "run.json"
    before = file.read_bytes()
    try:
        file.write_bytes(changed(before, places, cut))
        with suppress(RecordError):
            ask_everything(record)
        assert summarise(record).path == record
    finally:
        file.write_bytes(before)


PARTS: dict[str, Callable[[Any], object]] = {
    "metrics.parquet": lambda r: r.metrics,
    "predictions.parquet": lambda r: r.predictions,
    "maps/pca.parquet": lambda r: r.maps(),
    "features.safetensors": lambda r: r.features(),
    "batches/epoch_0002.safetensors": lambda r: r.batch(2),
    "embeddings/epoch_0002.safetensors": lambda r: r.embeddings(2),
}


@pytest.mark.parametrize("name", PARTS)
@fuzz
@given(edits, st.just(0) | st.integers(0, 2**31))
def test_tables_and_arrays_with_any_bytes(
    record: Path, name: str, places: list[tuple[int, int]], cut: int
) -> None:
    file = record / name
    before = file.read_bytes()
    # Both ends say what the middle is; most edits go there.
    near = [(p % 400 if p % 3 == 0 else -(p % 400) - 1 if p % 3 == 1 else p, v) for p, v in places]
    try:
        file.write_bytes(changed(before, near, cut))
        PARTS[name](open_record(record))
    except RecordError:
        pass
    finally:
        file.write_bytes(before)


@fuzz
@given(st.dictionaries(words, values, max_size=3), st.binary(max_size=16))
def test_arrays_with_any_header(tmp_path: Path, header: dict[str, Any], data: bytes) -> None:
    text = json.dumps(header).encode()
    (tmp_path / "x").write_bytes(len(text).to_bytes(8, "little") + text + data)
    with suppress(RecordError):
        arrays, notes = read_arrays(tmp_path, "x")
        assert all(isinstance(array, np.ndarray) for array in arrays.values())
        assert all(isinstance(note, str) for note in notes.values())


# -- the command line ------------------------------------------------------------------------------

FIELDS = ("method", "seed", "training.epochs", "options.pkdot.k", "data.n_labelled", "network", "x")


@fuzz
@given(st.sampled_from(FIELDS) | words, values.map(json.dumps) | words)
def test_set_with_any_value(name: str, value: str) -> None:
    parser = argparse.ArgumentParser()
    add_experiment_arguments(parser)
    parser.set_defaults(method=None)
    try:
        path, read = setting(f"{name}={value}")
    except argparse.ArgumentTypeError:
        return
    arguments = parser.parse_args([])
    arguments.set = [(path, read)]
    with suppress(ConfigError):
        assert isinstance(config_of(arguments), ExperimentConfig)


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000, "{" * 2000, '"\\ud800"', "1e999"])
def test_set_with_a_value_that_breaks_a_parser(value: str) -> None:
    parser = argparse.ArgumentParser()
    add_experiment_arguments(parser)
    given = parser.parse_args([])
    given.method = None
    with pytest.raises((argparse.ArgumentTypeError, ConfigError)):
        config_of(argparse.Namespace(**{**vars(given), "set": [setting(f"seed={value}")]}))


# -- BioVid's own files ----------------------------------------------------------------------------

LINES = (
    "4/071309_w_21-PA4-062 0 75 1",
    "4/071309_w_21-PA4-062/../x 0 75 1",
    "4/../../x 0 1",
    "0/x 0 99999999999999999999",
    "9/a 1 2",
)
cells = st.sampled_from(["", "0", "1953", "NaN", "inf", "-1e308", "x", '"', "time", "é"]) | words
rows = st.lists(st.lists(cells, max_size=4), max_size=8)


def as_text(table: list[list[str]], separator: str) -> bytes:
    lines = [separator.join(row) for row in table]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@fuzz
@given(rows, st.sampled_from("\t,;"), st.booleans())
def test_signals_with_any_text(tmp_path: Path, table: Any, separator: str, head: bool) -> None:
    pytest.importorskip("neurokit2")
    from pkdot.data.biovid.damage import DamagedFile
    from pkdot.data.biovid.settings import SignalOptions
    from pkdot.data.biovid.signals import read_trace

    path = tmp_path / "x_bio.csv"
    path.write_bytes(as_text([["time", "gsr", "ecg"], *table] if head else table, separator))
    with suppress(DamagedFile, InputError):
        trace = read_trace(path, "eda", SignalOptions(), 0.0, 5.5)
        assert np.isfinite(trace.samples).all()


@fuzz
@given(edits)
def test_signals_with_any_bytes(tmp_path: Path, places: list[tuple[int, int]]) -> None:
    pytest.importorskip("neurokit2")
    from pkdot.data.biovid.damage import DamagedFile
    from pkdot.data.biovid.settings import SignalOptions
    from pkdot.data.biovid.signals import read_trace

    path = tmp_path / "x_bio.csv"
    lines = [f"{1953 * i}\t{5 + np.sin(i / 90):.4f}" for i in range(3000)]
    path.write_bytes(changed("\n".join(["time\tgsr", *lines]).encode(), places, 0))
    with suppress(DamagedFile, InputError):
        trace = read_trace(path, "eda", SignalOptions(), 0.0, 5.5)
        assert np.isfinite(trace.samples).all()


@fuzz
@given(st.lists(words | st.sampled_from(LINES), max_size=6))
def test_annotations_with_any_line(tmp_path: Path, lines: list[str]) -> None:
    from pkdot.data.biovid.index import read_index

    root = tmp_path / "released"
    shutil.rmtree(root, ignore_errors=True)
    (root / "physio").mkdir(parents=True)
    (root / "4").mkdir()
    (root / "annotations.txt").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with suppress(DataError):
        assert len(read_index(root).table)


@fuzz
@given(rows, st.sampled_from("\t,;"), st.booleans())
def test_an_index_with_any_text(tmp_path: Path, table: Any, separator: str, head: bool) -> None:
    from pkdot.data.biovid.index import COLUMNS, read_index

    path = tmp_path / "samples.csv"
    path.write_bytes(as_text([list(COLUMNS), *table] if head else table, separator))
    with suppress(DataError):
        assert len(read_index(tmp_path).table)
