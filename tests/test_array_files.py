"""Arrays in files: read as they are, never unpickled, and once more where Python slips."""

import ast
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkdot import array_files
from pkdot.array_files import load_array, load_member, names_of_arrays, read_npy_head

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def slips(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make Python's parser fail so many times, as CPython 3.11 does between threads."""

    def after(times: int) -> None:
        right, left = ast.literal_eval, [times]

        def parse(text: Any) -> Any:
            if left[0]:
                left[0] -= 1
                raise SystemError("AST constructor recursion depth mismatch (before=63, after=65)")
            return right(text)

        monkeypatch.setattr(ast, "literal_eval", parse)

    return after


READERS: dict[str, Callable[[Path], Any]] = {
    "an array": lambda folder: load_array(folder / "a.npy").tolist(),
    "a mapped array": lambda folder: load_array(folder / "a.npy", mapped=True).tolist(),
    "a stream": lambda folder: load_array(io.BytesIO((folder / "a.npy").read_bytes())).tolist(),
    "a member": lambda folder: load_member(folder / "a.npz", "rows").tolist(),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_slip_of_the_parser_is_read_over(
    kind: str, tmp_path: Path, slips: Callable[[int], None]
) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "a.npz", rows=values, other=values + 1)
    slips(1)
    assert READERS[kind](tmp_path) == values.tolist()
    slips(2)  # a second one in a row is no slip
    with pytest.raises(SystemError):
        READERS[kind](tmp_path)


def test_the_head_is_read_from_where_the_stream_stands(slips: Callable[[int], None]) -> None:
    stream = io.BytesIO()
    stream.write(b"before")
    np.save(stream, np.asfortranarray(np.ones((3, 4), np.float16)))
    stream.seek(6)
    slips(1)
    assert read_npy_head(stream) == ((3, 4), True, np.dtype(np.float16))
    assert len(stream.read()) == 3 * 4 * 2


def test_python_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([print], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.array([print], object))
    assert names_of_arrays(tmp_path / "a.npz") == ("x",)
    for read in (
        lambda: load_array(tmp_path / "a.npy"),
        lambda: load_member(tmp_path / "a.npz", "x"),
    ):
        with pytest.raises(ValueError, match="allow_pickle"):
            read()


def test_no_array_is_read_in_another_way() -> None:
    """Every reader of the package would slip alike, and may unpickle alike."""
    own = Path(array_files.__file__)
    reading = re.compile(r"\bnp\.load\(|read_array_header|read_magic")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("pkdot", "app")
        for path in (ROOT / folder).rglob("*.py")
        if path != own
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if reading.search(line)
    ]
    assert not found
