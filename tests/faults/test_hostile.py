"""A record from a stranger: one sentence for whatever it holds, and nothing outside it is read."""

import io
import json
import os
import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import save
from safetensors.torch import save as save_torch

from pkdot.__main__ import main
from pkdot.errors import RecordError, printable
from pkdot.record import RunRecord, list_records, open_record, tables
from pkdot.record.arrays import read_arrays
from pkdot.record.files import stays_inside
from tests.support.example_records import forget_digests, write_record

FAULT = ("hostile record", "reading, the list of runs, the terminal")
ARRAYS = "features.safetensors"


@pytest.fixture
def hostile(record_copy: Path) -> Path:
    """A record whose files a test may change at will, as a stranger may."""
    forget_digests(record_copy)
    return record_copy


def change(record: Path, **fields: Any) -> None:
    file = record / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 2**63},
        {"best_epoch": 10**30},
        {"config": {"a": [{"b": -(2**70)}]}},
        {"facts": {"seconds": {"total": 10**300}}},
        {"name": "\ud800"},
        {"config": {"\udfff": 1}},
        {"class_names": ["a", "\udc80"]},
        {"config": {"deep": nested(200)}},
        {"name": "x" * 100_000},
        {"class_names": ["x"] * 20_000},
        {"files": {"maps/../../secret.parquet": 1}},
        {"files": {"/etc/passwd": 1}},
        {"files": {"a\x00b": 1}},
        {"files": {"a\\..\\b": 1}},
        {"task": {"kind": "classification", "classes": 5}},
        {"task": {"kind": ["x"]}},
        {"task": {}},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_a_strange_run_json_is_one_line_of_the_list(
    hostile: Path, capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    write_record(hostile.parent, run_id="good")
    change(hostile, **fields)
    by_name = {summary.path.name: summary for summary in list_records(hostile.parent)}
    assert by_name["good"].status == "finished"
    assert by_name["finished"].status == "damaged"
    assert by_name["finished"].sentence.startswith("The record finished is damaged: ")
    assert main(["runs", "--runs", str(hostile.parent)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_run_json_that_is_huge_is_not_read(hostile: Path) -> None:
    with (hostile / "run.json").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(RecordError, match="more than"):
        open_record(hostile)


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have no more than 100 characters
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def as_link(path: Path) -> None:
    secret = path.parents[2] / "secret"
    secret.write_text("nobody may read this")
    path.symlink_to(secret)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": as_pipe,
    "socket": as_socket,
    "folder": Path.mkdir,
    "link": as_link,
    "link to itself": lambda path: path.symlink_to(path),
    "device": lambda path: path.symlink_to("/dev/zero"),
}
READERS: dict[str, Callable[[RunRecord], object]] = {
    "metrics.parquet": lambda r: r.metrics,
    "maps/pca.parquet": lambda r: r.maps(),
    "features.safetensors": lambda r: r.features(),
    "embeddings/epoch_0002.safetensors": lambda r: r.embeddings(2),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("name", ["run.json", *READERS])
def test_what_is_no_file_is_not_opened(hostile: Path, name: str, kind: str) -> None:
    (hostile / name).unlink()
    NO_FILES[kind](hostile / name)
    with pytest.raises(RecordError, match="damaged"):
        READERS.get(name, lambda r: None)(open_record(hostile))
    (summary,) = list_records(hostile.parent)
    assert summary.status == "damaged"


def test_a_folder_that_is_a_link_is_not_followed(hostile: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (hostile / "maps").rename(elsewhere)
    (hostile / "maps").symlink_to(elsewhere)
    with pytest.raises(RecordError, match="links are not followed"):
        open_record(hostile).maps()
    assert list_records(hostile.parent)[0].status == "damaged"


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("maps/pca.parquet", True),
        ("maps/%2e%2e/%2e%2e/x", True),  # no name is ever decoded: this is a folder called %2e%2e
        ("a..b", True),
        (".hidden", True),
        ("maps/../x", False),
        ("../x", False),
        ("..", False),
        ("/etc/passwd", False),
        ("maps//x", False),
        ("maps/./x", False),
        ("maps/", False),
        ("", False),
        ("a\x00", False),
        ("..\\x", False),
    ],
)
def test_names_stay_inside_the_record(name: str, inside: bool) -> None:
    assert stays_inside(name) == inside


def test_names_are_never_decoded(hostile: Path, tmp_path: Path) -> None:
    pd.read_parquet(hostile / "maps/pca.parquet").to_parquet(tmp_path / "secret.parquet")
    name = "maps/%2e%2e/%2e%2e/%2e%2e/secret.parquet"
    change(hostile, files={name: (tmp_path / "secret.parquet").stat().st_size})
    (hostile / "maps/pca.parquet").unlink()
    with pytest.raises(RecordError, match="is missing"):
        open_record(hostile).maps()


# -- tables ----------------------------------------------------------------------------------------


def metrics(**columns: Any) -> pa.Table:
    content = {
        "stage": ["student"],
        "epoch": [1],
        "split": ["test"],
        "name": ["loss"],
        "value": [0.5],
    }
    return pa.table({**content, **columns})


def metrics_of_zeros(rows: int) -> pa.Table:
    """As it stands in the file, it takes some kilobytes."""
    zeros = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows // 1000, np.int8)), ["z"])
    return pa.table({"stage": pa.chunked_array([zeros] * 1000)})


def with_two_of_one_name() -> pa.Table:
    return pa.table([*metrics().columns, pa.array([2])], names=[*metrics().column_names, "epoch"])


TABLES: dict[str, Callable[[], pa.Table]] = {
    "a number beyond 63 bits": lambda: metrics(epoch=pa.array([2**64 - 1], pa.uint64())),
    "an epoch that is text": lambda: metrics(epoch=["one"]),
    "an epoch that is none": lambda: metrics(epoch=pa.array([None], pa.int64())),
    "half an epoch": lambda: metrics(epoch=[0.5]),
    "a value that is text": lambda: metrics(value=["0.5"]),
    "a value that is a list": lambda: metrics(value=[[0.5]]),
    "a stage that is a number": lambda: metrics(stage=[1]),
    "a stage that is a mapping": lambda: metrics(stage=[{"a": 1}]),
    "text that is no UTF-8": lambda: metrics(stage=pa.array([b"\xff\xfe"]).view(pa.string())),
    "a very long name": lambda: metrics(name=["x" * 100_000]),
    "two columns of one name": with_two_of_one_name,
    "too many columns": lambda: pa.table({f"c{i}": [1] for i in range(101)}),
    "a bomb": lambda: metrics_of_zeros(3_000_000),
}


@pytest.mark.slow
def test_the_largest_that_was_seen_cost_neither_memory_nor_time(hostile: Path) -> None:
    """1.5 MB that unpack to 2.4 GB, and a million columns."""
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    zeros = np.zeros(10_000_000)
    file = hostile / "metrics.parquet"
    with pq.ParquetWriter(file, pa.schema({"value": pa.float64()}), use_dictionary=False) as writer:
        for _ in range(30):
            writer.write_table(pa.table({"value": zeros}))
    with pytest.raises(RecordError, match="would unpack to 24"):
        _ = open_record(hostile).metrics
    footer = 100 * 2**20
    file.write_bytes(b"PAR1" + bytes(footer) + footer.to_bytes(4, "little") + b"PAR1")
    began = time.perf_counter()
    with pytest.raises(RecordError, match="more columns"):
        _ = open_record(hostile).metrics
    assert time.perf_counter() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - limit < 1_000_000  # kilobytes


@pytest.mark.parametrize("kind", TABLES)
def test_a_strange_table_is_told_before_it_is_unpacked(
    hostile: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "UNPACKED", 2**24)  # so that large tables are quickly made
    monkeypatch.setattr(tables, "MOST_COLUMNS", 100)
    pq.write_table(TABLES[kind](), hostile / "metrics.parquet", compression="zstd")
    with pytest.raises(RecordError, match=r"The record finished is damaged: .*metrics\.parquet"):
        _ = open_record(hostile).metrics
    assert len(list_records(hostile.parent)) == 1


def test_a_text_repeated_a_million_times_is_not_unpacked(hostile: Path) -> None:
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_300_000, np.int32)), ["n" * 900])
    ones = pa.array(np.ones(1_300_000, np.int64))
    table = pa.table({"stage": names, "epoch": ones, "split": names, "name": names, "value": ones})
    pq.write_table(table, hostile / "metrics.parquet", compression="zstd")
    assert (hostile / "metrics.parquet").stat().st_size < 1_000_000
    with pytest.raises(RecordError, match="text of 900 characters"):
        _ = open_record(hostile).metrics


def test_a_label_without_end_costs_no_memory(hostile: Path) -> None:
    table = pd.read_parquet(hostile / "probe.parquet")
    table.loc[0, "label"] = 2**62
    table.to_parquet(hostile / "probe.parquet")
    with pytest.raises(RecordError, match="'label'"):
        _ = open_record(hostile).probe


# -- arrays ----------------------------------------------------------------------------------------


def packed(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        (2**63).to_bytes(8, "little") + b"{}",
        packed(b"[]"),
        packed(b"{"),
        packed(b"[" * 100_000),
        packed(b"\xff\xff"),
        packed({"x": 1}),
        packed({"x": {"dtype": "F32"}}),
        packed(entry(shape=[-1])),
        packed(entry(shape=[2]), bytes(4)),
        packed(entry(shape=[2**62, 2**62]), bytes(4)),
        packed(entry(shape=[1] * 40), bytes(4)),
        packed(entry(shape=[True]), bytes(4)),
        packed(entry(shape=[1.0]), bytes(4)),
        packed(entry(offsets=[0, 8]), bytes(4)),
        packed(entry(offsets=[4, 0]), bytes(4)),
        packed(entry(offsets=[0])),
        packed(entry(dtype="OBJECT"), bytes(4)),
        packed(entry(dtype="F4"), bytes(4)),
        packed({"__metadata__": {"a": 1}}),
        packed({"__metadata__": [1]}),
    ],
    ids=range(22),
)
def test_strange_arrays_are_told(hostile: Path, content: bytes) -> None:
    (hostile / ARRAYS).write_bytes(content)
    with pytest.raises(RecordError, match=r"features\.safetensors"):
        open_record(hostile).features()


@pytest.mark.parametrize("name", ["", "a/b", "../../x", "\x00", "☃", "__metadata", "x" * 1000])
@pytest.mark.parametrize("kind", ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8",
                                  "f2", "f4", "f8"])  # fmt: skip
def test_arrays_of_each_type_and_name_are_read(tmp_path: Path, name: str, kind: str) -> None:
    values = np.arange(6).reshape(2, 3).astype(kind)
    (tmp_path / "x").write_bytes(save({name: values, "none": values[:0]}))
    found, _ = read_arrays(tmp_path, "x")
    assert found[name].dtype == values.dtype
    np.testing.assert_array_equal(found[name], values)
    assert found["none"].shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_short_floats_become_the_float32_that_torch_makes_of_them(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    bits = torch.arange(2**16 if dtype == torch.bfloat16 else 256)
    whole = bits.to(torch.uint16 if dtype == torch.bfloat16 else torch.uint8)
    values = whole.view(dtype)
    (tmp_path / "x").write_bytes(save_torch({"all": values}))
    found, _ = read_arrays(tmp_path, "x")
    assert found["all"].dtype == np.float32
    np.testing.assert_array_equal(found["all"], values.float().numpy())


def test_embeddings_that_are_no_numbers_are_told(hostile: Path) -> None:
    both = {"teacher": np.ones((90, 2), bool), "student": np.ones((90, 2), bool)}
    (hostile / "embeddings/epoch_0002.safetensors").write_bytes(save(both))
    with pytest.raises(RecordError, match="not of numbers"):
        open_record(hostile).embeddings(2)


@pytest.mark.parametrize("epoch", ["²", "9" * 5000, "-1", "1e3", "../0"])
def test_a_strange_reference_to_a_teacher_is_told(hostile: Path, epoch: str) -> None:
    (hostile / "embeddings/epoch_0002.safetensors").write_bytes(
        save({"student": np.ones((90, 2), np.float32)}, {"teacher_epoch": epoch})
    )
    with pytest.raises(RecordError, match="lacks matching arrays"):
        open_record(hostile).embeddings(2)


@pytest.mark.parametrize("ids", ["", "{}", "[1]", "[" * 5000, json.dumps(["x" * 5000] * 40)])
def test_strange_names_in_a_batch_are_told(hostile: Path, ids: str) -> None:
    z = np.ones((40, 2), np.float32)
    arrays = {"teacher": z, "student": z, "targets": np.zeros(40, np.int64)}
    (hostile / "batches/epoch_0002.safetensors").write_bytes(save(arrays, {"sample_ids": ids}))
    with pytest.raises(RecordError, match="no names of samples"):
        open_record(hostile).batch(2)


# -- what reaches the terminal ---------------------------------------------------------------------


def test_escape_codes_do_not_reach_the_terminal(
    hostile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\r\n"
    change(hostile, run_id=evil, status="failed", message=evil)
    damaged = hostile.with_name("bad\x1b[31mname")
    damaged.mkdir()
    undecodable = os.fsencode(hostile.parent) + b"/\xff\xfe"
    with suppress(OSError):  # some file systems allow no such name
        os.mkdir(undecodable)
    assert main(["runs", "--runs", str(hostile.parent)]) == 0
    out = capsys.readouterr().out
    assert "\\x1b[2J" in out
    assert all(c.isprintable() for line in out.split("\n") for c in line)
    assert len(out.splitlines()) == len(list(hostile.parent.iterdir()))


def test_a_terminal_of_another_encoding_shows_what_it_can(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(hostile, run_id="Gefühl ☃")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["runs", "--runs", str(hostile.parent)]) == 0
    assert b"Gef\\xfchl" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_printable_keeps_words_and_spells_out_the_rest() -> None:
    assert printable("Gefühl ☃ 1") == "Gefühl ☃ 1"
    assert printable("a\x1b[0m\u202e\ud800\n") == "a\\x1b[0m\\u202e\\ud800\\n"
