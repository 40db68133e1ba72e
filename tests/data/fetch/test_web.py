"""One file from a server: whole, with the right hash, or a sentence."""

import hashlib
import os
from pathlib import Path

import pytest

from pkdot.data.fetch.web import RemoteFile, fetch_file
from pkdot.errors import DataError
from tests.support.file_server import FileServer

CONTENT = os.urandom(1 << 18)
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Bar:
    """Counts what a progress bar is told."""

    def __init__(self) -> None:
        self.n = 0

    def update(self, n: int) -> None:
        self.n += n


@pytest.fixture
def served(server: FileServer) -> FileServer:
    server.files["/a.zip"] = CONTENT
    return server


def get(
    server: FileServer, folder: Path, known: str | None = HASH, said: list[str] | None = None
) -> tuple[Path, int]:
    """The file, and where the bar stands."""
    bar = Bar()
    told = [] if said is None else said
    path = fetch_file(RemoteFile(f"{server.url}/a.zip", "a.zip", known), folder, bar, told.append)
    return path, bar.n


def test_a_file_comes_once(served: FileServer, tmp_path: Path) -> None:
    path, moved = get(served, tmp_path)
    assert path.read_bytes() == CONTENT
    assert moved == len(CONTENT)
    assert get(served, tmp_path)[1] == 0  # it is there, with the right hash
    assert served.asked("/a.zip") == [""]


def test_a_broken_download_goes_on_where_it_stopped(served: FileServer, tmp_path: Path) -> None:
    served.cuts = [100_000, 50_000]
    said: list[str] = []
    path, moved = get(served, tmp_path, said=said)
    assert path.read_bytes() == CONTENT
    assert moved == len(CONTENT)
    assert served.asked("/a.zip") == ["", "bytes=100000-", "bytes=150000-"]
    assert said == []
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_half_a_download_is_kept_for_another_day(served: FileServer, tmp_path: Path) -> None:
    served.cuts = [100_000] + [0] * 9
    with pytest.raises(DataError, match=r"100\.0 kB of a\.zip are kept.*same again"):
        get(served, tmp_path)
    assert not (tmp_path / "a.zip").exists()
    served.cuts.clear()
    served.requests.clear()
    assert get(served, tmp_path)[0].read_bytes() == CONTENT
    assert served.asked("/a.zip") == ["bytes=100000-"]


def test_a_server_without_ranges_starts_again_and_says_so(
    served: FileServer, tmp_path: Path
) -> None:
    served.ranges, served.cuts = False, [100_000]
    said: list[str] = []
    path, moved = get(served, tmp_path, said=said)
    assert path.read_bytes() == CONTENT
    assert moved == len(CONTENT)
    assert "starts again; 100.0 kB are fetched twice" in said[0]


def test_a_file_that_changed_meanwhile_starts_again(served: FileServer, tmp_path: Path) -> None:
    served.etags["/a.zip"] = '"one"'
    served.cuts = [100_000] + [0] * 9
    with pytest.raises(DataError, match="are kept"):
        get(served, tmp_path, known=None)
    served.files["/a.zip"], served.etags["/a.zip"] = CONTENT[::-1], '"two"'
    served.cuts.clear()
    said: list[str] = []
    assert get(served, tmp_path, known=None, said=said)[0].read_bytes() == CONTENT[::-1]
    assert "starts again" in said[0]


def test_all_had_come_before_the_connection_broke(served: FileServer, tmp_path: Path) -> None:
    (tmp_path / ".a.zip.part").write_bytes(CONTENT)
    assert get(served, tmp_path)[0].read_bytes() == CONTENT
    assert served.asked("/a.zip") == [f"bytes={len(CONTENT)}-"]


def test_too_much_on_the_disk_is_thrown_away(served: FileServer, tmp_path: Path) -> None:
    (tmp_path / ".a.zip.part").write_bytes(CONTENT + b"more")
    assert get(served, tmp_path)[0].read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["sha256:" + "0" * 64, "md5:" + "0" * 32])
def test_another_hash_leaves_nothing(served: FileServer, tmp_path: Path, kind: str) -> None:
    with pytest.raises(DataError, match=r"another hash than the expected .*0000; it was deleted"):
        get(served, tmp_path, known=kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "words"), [(404, "HTTP 404.*browser"), (503, "is busy")])
def test_a_server_that_refuses(served: FileServer, tmp_path: Path, status: int, words: str) -> None:
    served.statuses["/a.zip"] = status
    with pytest.raises(DataError, match=words):
        get(served, tmp_path)
    assert served.asked("/a.zip") == [""]  # asked once, not again and again
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path: Path, served: FileServer) -> None:
    nobody = FileServer(url="http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"cannot be reached; without a network, fetch http"):
        get(nobody, tmp_path)
