"""Files of embeddings meet whatever Hypothesis thinks of: a result, or one sentence."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkdot.errors import InputError
from pkdot.record.embeddings.files import read_columns, read_embeddings, read_names
from pkdot.record.embeddings.heads import read_head
from pkdot.record.embeddings.rows import as_rows
from pkdot.record.embeddings.targets import task_and_targets
from tests.faults.test_fuzz import as_text, changed, edits, rows, words
from tests.support.fault_matrix import times

EXAMPLES = times(15, 250)
FAULT = ("any value or byte", f"files of embeddings, {EXAMPLES} examples a try")
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Z = np.arange(24, dtype="f4").reshape(8, 3)
IDS = [f"é {i}" for i in range(8)]


def write_npz(path: Path) -> None:
    np.savez_compressed(path, embeddings=Z, ids=IDS)


def write_parquet(path: Path) -> None:
    pd.DataFrame(Z, columns=list("abc")).assign(id=IDS).to_parquet(path)


FILES: dict[str, Callable[[Path], None]] = {
    "z.npy": lambda path: np.save(path, Z),
    "z.npz": write_npz,
    "z.parquet": write_parquet,
}


def rows_of(path: Path) -> Any:
    """A file as the matrix of one network."""
    return as_rows(path, None, "teacher's")


def targets_of(path: Path) -> Any:
    """A file as targets, and the task that they make."""
    table = read_columns(path)
    return task_and_targets(table, names=tuple(table.columns))


def ask_everything(path: Path) -> None:
    """Whatever the command line and the page ask of a file."""
    head = None
    with suppress(InputError):
        head = read_head(path)
        assert min(head.rows, head.width, head.memory) >= 0
    for read in (read_embeddings, read_columns, read_names, rows_of, targets_of):
        with suppress(InputError):
            found: Any = read(path)
            assert head is not None, f"{read.__name__} took what has no head"
            assert isinstance(f"{found}", str)


@pytest.mark.parametrize("name", FILES)
@fuzz
@given(edits, st.just(0) | st.integers(0, 2**31))
def test_files_with_any_bytes(
    tmp_path: Path, name: str, places: list[tuple[int, int]], cut: int
) -> None:
    path = tmp_path / name
    FILES[name](path)
    # Both ends say what the middle is; most edits go there.
    near = [(p % 120 if p % 3 == 0 else -(p % 400) - 1 if p % 3 == 1 else p, v) for p, v in places]
    path.write_bytes(changed(path.read_bytes(), near, cut))
    ask_everything(path)


@fuzz
@given(st.binary(max_size=80), st.sampled_from([".npy", ".npz", ".parquet", ".csv"]))
def test_files_of_any_content(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"z{ending}"
    start = {".npy": b"\x93NUMPY\x01\x00", ".npz": b"PK\x03\x04", ".parquet": b"PAR1"}
    path.write_bytes(start.get(ending, b"") + content)
    ask_everything(path)


@fuzz
@given(
    st.sampled_from(["<f4", "|O", "<U3", "<U0", "|V0", ">c16", "<M8[s]", "[('a', '<f4')]"]) | words,
    st.lists(st.integers(-(2**70), 2**70) | st.booleans() | st.integers(0, 5), max_size=4),
    st.binary(max_size=32),
)
def test_arrays_with_any_head(tmp_path: Path, kind: str, shape: list[int], body: bytes) -> None:
    path = tmp_path / "z.npy"
    written = kind if kind.startswith("[") else repr(kind)
    head = f"{{'descr': {written}, 'fortran_order': False, 'shape': {tuple(shape)}}}\n"
    text = head.encode("latin-1", "replace")
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body)
    ask_everything(path)


@fuzz
@given(rows, st.sampled_from("\t,;|"), st.booleans())
def test_tables_with_any_text(tmp_path: Path, table: Any, separator: str, named: bool) -> None:
    path = tmp_path / "z.csv"
    path.write_bytes(as_text([["id", "e0", "e1"], *table] if named else table, separator))
    ask_everything(path)
