"""Each corpus from a server that behaves like its publisher's, and the command line before it."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from pkdot.__main__ import main
from pkdot.data.fetch import corpora
from pkdot.data.fetch.git import GitArchive, blob_id, tree_id
from pkdot.errors import ConfigError
from tests.support.file_server import FileServer

COMMIT = "c" * 40


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def fsdd(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """A server with a small FSDD."""
    sounds = {f"{digit}_theo_0.wav": bytes([digit] * 50) for digit in range(3)}
    archive = GitArchive(
        "someone/digits",
        COMMIT,
        trees={"recordings": tree_id({n: blob_id(c) for n, c in sounds.items()}, ["*_theo_*"])},
        executable=("*_theo_*",),
        size=1000,
    )
    inside = {f"digits-1/recordings/{name}": content for name, content in sounds.items()}
    server.files[f"/someone/digits/zip/{COMMIT}"] = zipped({**inside, "digits-1/README.md": b"x"})
    point(server, monkeypatch, "fetch_fsdd", archive)
    return server


def point(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, name: str, *more: Any, **named: Any
) -> None:
    """Let a corpus be fetched from this server."""
    addresses = corpora.Servers(server.url, server.url, (f"{server.url}/lfs",))
    monkeypatch.setattr(corpora, "Servers", lambda: addresses)
    original = getattr(corpora, name)

    def fetch(*arguments: Any) -> None:
        original(*arguments, *more, **named)

    monkeypatch.setattr(corpora, name, fetch)


def test_fsdd_comes_whole_and_the_second_time_nothing_is_fetched(
    fsdd: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["fetch", "fsdd", str(tmp_path / "d"), "--accept-licence", "--quiet"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert re.search(r"licence: CC BY-SA 4\.0.*cite:.*Jackson.*of disk are needed", told, re.S)
    assert "3 checked files" in told
    assert f"--set data.name=fsdd --set data.root={tmp_path / 'd'}" in told
    recordings = {f"recordings/{digit}_theo_0.wav" for digit in range(3)}
    assert files_in(tmp_path / "d") == {*recordings, "FETCHED.json"}
    listed = json.loads((tmp_path / "d" / "FETCHED.json").read_text())
    assert set(listed["files"]) == recordings
    assert "CC BY-SA" in listed["licence"]
    fsdd.requests.clear()
    assert main(arguments) == 0
    assert fsdd.requests == []
    (tmp_path / "d" / "recordings" / "1_theo_0.wav").unlink()
    assert main(arguments) == 0
    assert files_in(tmp_path / "d") == {*recordings, "FETCHED.json"}


def test_without_the_flag_nothing_is_asked_for_and_nothing_written(
    fsdd: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "fsdd", str(tmp_path / "d")]) == 2
    told = capsys.readouterr()
    assert "CC BY-SA 4.0" in told.out
    assert "--accept-licence" in told.err
    assert fsdd.requests == []
    assert list(tmp_path.iterdir()) == []


def test_another_content_than_the_commits_is_refused(
    fsdd: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"digits-1/recordings/1_theo_0.wav": b"other"}
    fsdd.files[f"/someone/digits/zip/{COMMIT}"] = zipped(other)
    assert main(["fetch", "fsdd", str(tmp_path / "d"), "--accept-licence", "--quiet"]) == 1
    assert "The folder recordings of someone/digits differs" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_one_sentence_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = FileServer(url="http://127.0.0.1:9")
    for name in ("fsdd", "ravdess", "cremad"):
        with monkeypatch.context() as patch:
            point(nobody, patch, f"fetch_{name}")
            assert main(["fetch", name, str(tmp_path / "d"), "--accept-licence", "--quiet"]) == 1
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 1
        assert "127.0.0.1 cannot be reached" in told[0]
        assert list(tmp_path.iterdir()) == []


def ravdess_server(server: FileServer) -> dict[str, str]:
    """A record with sound and one actor's video; gives archive -> MD5."""
    archives = {
        "Audio_Speech_Actors_01-24.zip": {"Actor_01/03-01-01-01-01-01-01.wav": b"sound"},
        "Video_Speech_Actor_01.zip": {"Actor_01/02-01-01-01-01-01-01.mp4": b"video"},
    }
    listed = []
    for name, inside in archives.items():
        content = zipped(inside)
        server.files[f"/records/1188976/files/{name}"] = content
        md5 = hashlib.md5(content).hexdigest()
        listed.append({"key": name, "size": len(content), "checksum": f"md5:{md5}"})
    server.put_json("/api/records/1188976", {"files": listed})
    return {str(entry["key"]): str(entry["checksum"])[4:] for entry in listed}


def test_ravdess_comes_by_the_records_own_checksums(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ravdess_server(server)
    point(server, monkeypatch, "fetch_ravdess", known=known)
    server.cuts = [10_000, 60]  # the record's list, then half an archive
    arguments = ["fetch", "ravdess", str(tmp_path / "d"), "--accept-licence", "--quiet"]
    assert main([*arguments, "--actors", "1"]) == 0
    wanted = {"Actor_01/03-01-01-01-01-01-01.wav", "Actor_01/02-01-01-01-01-01-01.mp4"}
    assert files_in(tmp_path / "d") == {*wanted, "FETCHED.json"}
    assert server.asked("/records/1188976/files/Audio_Speech_Actors_01-24.zip") == [
        "",
        "bytes=60-",
    ]


def test_a_record_that_lists_another_checksum_is_refused(
    server: FileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ravdess_server(server)
    point(server, monkeypatch, "fetch_ravdess")  # with the checksum that the kit knows
    arguments = ["fetch", "ravdess", str(tmp_path / "d"), "--accept-licence", "--quiet"]
    assert main([*arguments, "--actors", "1"]) == 1
    assert "bc696df654c87fed845eb13823edef8a" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_names_of_ravdess_archives() -> None:
    assert corpora.ravdess_archives(("speech-sound", "song-video"), [17, 18]) == [
        "Audio_Speech_Actors_01-24.zip",
        "Video_Song_Actor_17.zip",  # actor 18 has no song
    ]
    assert len(corpora.ravdess_archives(corpora.USUAL_PARTS["ravdess"])) == 25
    with pytest.raises(ConfigError, match="There is no actor 25; they are 1 to 24"):
        corpora.ravdess_archives(("speech-video",), [25])


def pointer(content: bytes) -> bytes:
    oid = hashlib.sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    return text.encode()


MEDIA = {
    "AudioWAV/1001_DFA_ANG_XX.wav": b"sound" * 99,
    "AudioWAV/1002_DFA_ANG_XX.wav": b"other" * 99,
    "VideoFlash/1001_DFA_ANG_XX.flv": b"video" * 99,
}


@pytest.fixture
def cremad(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """A server with a small CREMA-D, whose media are in git-lfs."""
    stored = {name: pointer(content) for name, content in MEDIA.items()}

    def tree(folder: str) -> str:
        inside = {
            n.partition("/")[2]: blob_id(c) for n, c in stored.items() if n.startswith(folder)
        }
        return tree_id(inside)

    archive = GitArchive(
        "someone/crema",
        COMMIT,
        trees={folder: tree(folder) for folder in ("AudioWAV", "VideoFlash")},
        blobs={"LICENSE.txt": blob_id(b"ODbL")},
        size=1000,
    )
    inside = {f"crema-1/{name}": content for name, content in stored.items()}
    server.files[f"/someone/crema/zip/{COMMIT}"] = zipped(
        {**inside, "crema-1/LICENSE.txt": b"ODbL"}
    )
    by_oid = {hashlib.sha256(content).hexdigest(): content for content in MEDIA.values()}
    server.files |= {f"/media/{oid}": content for oid, content in by_oid.items()}

    def batch(given: dict[str, Any]) -> dict[str, Any]:
        assert given["operation"] == "download"
        return {
            "objects": [
                {**one, "actions": {"download": {"href": f"{server.url}/media/{one['oid']}"}}}
                for one in given["objects"]
            ]
        }

    server.answers["/lfs/objects/batch"] = batch
    point(server, monkeypatch, "fetch_cremad", archive)
    return server


def test_cremad_follows_its_pointers(cremad: FileServer, tmp_path: Path) -> None:
    arguments = ["fetch", "cremad", str(tmp_path / "d"), "--accept-licence", "--quiet"]
    assert main([*arguments, "--actors", "1001", "--parts", "sound"]) == 0
    first = {"AudioWAV/1001_DFA_ANG_XX.wav", "LICENSE.txt", "FETCHED.json"}
    assert files_in(tmp_path / "d") == first  # and no pointer
    cremad.requests.clear()
    assert main(arguments) == 0
    assert files_in(tmp_path / "d") == {*MEDIA, *first}
    for name, content in MEDIA.items():
        assert (tmp_path / "d" / name).read_bytes() == content
    oid = hashlib.sha256(MEDIA["AudioWAV/1001_DFA_ANG_XX.wav"]).hexdigest()
    assert cremad.asked(f"/media/{oid}") == []  # it was there


def test_cremad_refuses_a_recording_with_another_hash(
    cremad: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oid = hashlib.sha256(MEDIA["VideoFlash/1001_DFA_ANG_XX.flv"]).hexdigest()
    cremad.files[f"/media/{oid}"] = b"VIDEO" * 99
    assert main(["fetch", "cremad", str(tmp_path / "d"), "--accept-licence", "--quiet"]) == 1
    assert "another hash" in capsys.readouterr().err
    assert not (tmp_path / "d" / "VideoFlash").exists()


def test_cremad_says_when_no_server_gives_its_recordings(
    cremad: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del cremad.answers["/lfs/objects/batch"]
    assert main(["fetch", "cremad", str(tmp_path / "d"), "--accept-licence", "--quiet"]) == 1
    assert "3 recordings can be had from no server" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--actors", "1"], "no actor 1; they are 1001 to 1091"),
        (["--parts", "song"], "No part 'song' of cremad"),
    ],
)
def test_misuse_is_exit_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    arguments = ["fetch", "cremad", str(tmp_path / "d"), "--accept-licence", "--quiet"]
    assert main([*arguments, *more]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_corpus_is_refused(
    fsdd: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "FETCHED.json").write_text(json.dumps({"corpus": "cremad", "title": "CREMA-D"}))
    assert main(["fetch", "fsdd", str(tmp_path), "--accept-licence", "--quiet"]) == 1
    assert "choose another folder" in capsys.readouterr().err
