"""Archives are unpacked whole or not at all, and never outside the folder."""

import stat
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from pkdot.data.fetch import unpack as module
from pkdot.data.fetch.unpack import UnusableArchive, unpack
from pkdot.errors import DataError


def write(path: Path, files: dict[str, bytes], mode: int = 0) -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def listed(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


FILES = {"Actor_01/a.wav": b"one", "Actor_01/b.wav": b"two" * 1000, "Actor_02/a.wav": b"three"}


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    (tmp_path / "dest").mkdir()
    return tmp_path / "dest"


def extract(archive: Path, dest: Path) -> dict[str, int]:
    return unpack(archive, dest, archive.parent / "aside", lambda name: name)


def test_all_members_are_there_and_what_was_there_stays(tmp_path: Path, dest: Path) -> None:
    (dest / "Actor_01").mkdir()
    (dest / "Actor_01" / "mine.txt").write_bytes(b"mine")
    sizes = extract(write(tmp_path / "a.zip", FILES), dest)
    assert sizes == {name: len(content) for name, content in FILES.items()}
    assert listed(dest) == {**FILES, "Actor_01/mine.txt": b"mine"}
    assert not (tmp_path / "aside").exists()


def test_a_second_time_only_what_differs_is_written(tmp_path: Path, dest: Path) -> None:
    archive = write(tmp_path / "a.zip", FILES)
    extract(archive, dest)
    kept, damaged = dest / "Actor_01/a.wav", dest / "Actor_01/b.wav"
    before = kept.stat().st_mtime_ns, kept.stat().st_ino
    damaged.write_bytes(b"TWO" * 1000)
    extract(archive, dest)
    assert listed(dest) == FILES
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == before


def test_a_damaged_member_leaves_the_folder_as_it_was(tmp_path: Path, dest: Path) -> None:
    archive = write(tmp_path / "a.zip", FILES)
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"three", b"thxee", 1))
    with pytest.raises(UnusableArchive, match=r"a\.zip is no zip archive that can be read"):
        extract(archive, dest)
    assert listed(dest) == {}
    assert not archive.exists()  # or the next fetch would take it for whole


def test_a_full_disk_leaves_the_folder_as_it_was(
    tmp_path: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write(tmp_path / "a.zip", FILES)
    written = []

    def full(source: object, target: object, size: int) -> None:
        written.append(1)
        if len(written) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfileobj", full)
    with pytest.raises(DataError, match="No space left on device; free some space"):
        extract(archive, dest)
    assert listed(dest) == {}
    assert archive.exists()  # there is nothing wrong with it


def test_too_little_space_is_said_before(
    tmp_path: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPARE", 1 << 62)
    with pytest.raises(DataError, match="of free disk"):
        extract(write(tmp_path / "a.zip", FILES), dest)
    assert listed(dest) == {}


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, dest: Path, name: str) -> None:
    with pytest.raises(UnusableArchive, match="outside the folder"):
        extract(write(tmp_path / "a.zip", {**FILES, name: b"x"}), dest)
    assert listed(dest) == {}
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_in_the_archive_is_refused(tmp_path: Path, dest: Path) -> None:
    archive = write(tmp_path / "a.zip", {"link": b"/etc"}, mode=stat.S_IFLNK | 0o777)
    with pytest.raises(UnusableArchive, match="holds a link"):
        extract(archive, dest)


def test_a_link_in_the_folder_is_refused(tmp_path: Path, dest: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (dest / "Actor_01").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"leads out of .* by a link"):
        extract(write(tmp_path / "a.zip", FILES), dest)
    assert listed(tmp_path / "elsewhere") == {}
