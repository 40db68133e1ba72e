"""Heads of files: what they promise is known, and refused, before anything is unpacked."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pkdot.errors import InputError
from pkdot.record.embeddings import heads
from pkdot.record.embeddings.files import read_columns, read_embeddings, read_names
from pkdot.record.embeddings.heads import check_head, in_words, read_head
from pkdot.record.embeddings.tables import open_parquet

Z = np.arange(60, dtype="f4").reshape(20, 3)
IDS = np.array([f"clip {i}" for i in range(20)])
LITTLE = 2**20


def npy(shape: str, kind: str = "<f4", body: bytes = b"") -> bytes:
    """An npy file with a head of one's own."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


@pytest.fixture
def no_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything that unpacks a file fails the test."""

    def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("The file was unpacked.")

    monkeypatch.setattr(np, "load", fail)
    monkeypatch.setattr(pd, "read_csv", fail)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fail)
    monkeypatch.setattr(pq.ParquetFile, "read", fail)


def test_a_head_says_shape_type_and_names(tmp_path: Path, no_unpacking: None) -> None:
    np.save(tmp_path / "z.npy", Z)
    np.savez(tmp_path / "z.npz", embeddings=Z, ids=IDS)
    table = pd.DataFrame(Z, columns=["e0", "e1", "e2"])
    table.assign(id=IDS).to_parquet(tmp_path / "z.parquet")
    table.assign(id=IDS).to_csv(tmp_path / "z.csv", index=False)
    table.to_csv(tmp_path / "bare.csv", index=False, header=False)
    found = {file.name: read_head(file) for file in tmp_path.iterdir()}
    assert {(head.rows, head.width) for head in found.values()} == {(20, 3)}
    assert {name: head.ids for name, head in found.items()} == {
        "z.npy": None, "z.npz": "ids", "z.parquet": "id", "z.csv": "id", "bare.csv": None,
    }  # fmt: skip
    assert found["z.npy"].type == found["z.npz"].type == "float32"
    assert found["z.parquet"].type == "float"
    assert found["z.parquet"].columns == found["z.csv"].columns == ("e0", "e1", "e2")
    assert found["z.npz"].columns == ("embeddings",)
    assert found["z.npy"].memory == Z.nbytes
    assert all(head.size == (tmp_path / name).stat().st_size for name, head in found.items())


def bomb(path: Path) -> None:
    """A file of at most a hundred kilobytes that unpacks to some megabytes."""
    if path.suffix == ".npz":
        np.savez_compressed(path, embeddings=np.zeros((2**19, 8), "f4"))
    elif path.suffix == ".parquet":
        zeros = pa.array(np.zeros(2**19, "f4"))
        pq.write_table(pa.table({f"e{i}": zeros for i in range(8)}), path, compression="zstd")
    else:  # cells that are empty take memory, too
        path.write_text(",".join(f"c{i}" for i in range(500)) + "\n" + "1\n" * 30_000)


@pytest.mark.parametrize("name", ["z.npz", "z.parquet", "z.csv"])
@pytest.mark.parametrize("read", [check_head, read_embeddings, read_columns, read_names])
def test_a_bomb_is_refused_by_its_unpacked_size(
    tmp_path: Path, no_unpacking: None, monkeypatch: pytest.MonkeyPatch, name: str, read: Any
) -> None:
    bomb(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 100_000
    monkeypatch.setattr(heads, "free_memory", lambda: LITTLE)
    with pytest.raises(InputError, match=rf"{name} would take .* MB of memory, and 1.05 MB"):
        read(tmp_path / name)


def archive(path: Path, content: dict[str, bytes], **change: Any) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            for field, value in change.items():
                setattr(info, field, value)
            opened.writestr(info, data)


HUGE = "(1000000000000, 3)"
HEADS = {
    "more than is there": npy(HUGE),
    "a negative side": npy("(-1, 3)"),
    "a side of nothing": npy("(0, 1000000000)"),
    "rows of nothing": npy("(1000000000000,)", "<U0"),
    "no head": b"",
    "text": b"1 2 3",
    "a head that does not end": npy("((((((((((((((("),
    "a head that is a call": npy("__import__('os').getcwd()"),
}


@pytest.mark.parametrize("case", HEADS)
@pytest.mark.parametrize("name", ["z.npy", "z.npz"])
def test_a_head_that_lies_is_damage(
    tmp_path: Path, no_unpacking: None, case: str, name: str
) -> None:
    if name == "z.npy":
        (tmp_path / name).write_bytes(HEADS[case])
    else:
        archive(tmp_path / name, {"embeddings.npy": HEADS[case]})
    for read in (read_head, read_embeddings, read_columns, read_names):
        with pytest.raises(InputError, match=f"{name} is damaged"):
            read(tmp_path / name)


def test_an_archive_that_numpy_did_not_write_is_refused(tmp_path: Path, no_unpacking: None) -> None:
    good = io.BytesIO()
    np.save(good, Z)
    for content, change in (
        ({"readme.txt": b"x"}, {}),
        ({"z.npy": good.getvalue()}, {"compress_type": zipfile.ZIP_LZMA}),
    ):
        archive(tmp_path / "z.npz", content, **change)
        with pytest.raises(InputError, match=r"does not write; save it anew"):
            read_head(tmp_path / "z.npz")
    archive(tmp_path / "z.npz", {})
    with pytest.raises(InputError, match="holds no array"):
        read_head(tmp_path / "z.npz")


def test_texts_that_are_too_long_are_refused(tmp_path: Path) -> None:
    long = ["x" * 5000, *IDS[1:]]
    table = pd.DataFrame(Z, columns=["e0", "e1", "e2"]).assign(id=long)
    table.to_parquet(tmp_path / "z.parquet")
    table.to_csv(tmp_path / "z.csv", index=False)
    np.savez(tmp_path / "z.npz", embeddings=Z, ids=long)
    for file in tmp_path.iterdir():
        with pytest.raises(InputError, match=r"a text of 5000 characters"):
            read_embeddings(file)


def test_a_table_is_checked_before_its_columns_are(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["e", "e"])
    pq.write_table(twice, tmp_path / "z.parquet")
    with pytest.raises(InputError, match="two columns of one name"):
        open_parquet(tmp_path / "z.parquet")
    (tmp_path / "z.csv").write_text("1," * 200_000)
    with pytest.raises(InputError, match="columns or more"):
        read_head(tmp_path / "z.csv")


@pytest.mark.parametrize(
    "name", ["", "~nobody-here/z.npy", "a\x00b.npy", "x" * 5000 + ".npy", "/dev/zero"]
)
def test_what_is_no_file_is_not_opened(name: str) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_head(name)


def test_bytes_are_written_as_people_do() -> None:
    sizes = (0, 999, 1000, 65_536, 3 * 10**9, 5 * 10**15)
    assert [in_words(s) for s in sizes] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "65.5 kB",
        "3 GB",
        "5000 TB",
    ]


def test_targets_are_no_wide_matrix(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.zeros((1, 200_000), "i1"))
    with pytest.raises(InputError, match="200000 columns, more than 100000; give a row a sample"):
        read_columns(tmp_path / "y.npy")
