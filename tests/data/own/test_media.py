"""Files of pictures, sounds, videos and numbers: read to one shape, kept, and refused when half."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pkdot.data import load_corpus
from pkdot.data.corpus import Corpus
from pkdot.data.own import MediaSettings, OwnSettings
from pkdot.data.own.decode import File, decode
from pkdot.data.own.findings import Unusable
from pkdot.data.own.load import open_source
from pkdot.errors import ConfigError
from tests.support.own_files import (
    N,
    classes,
    features,
    groups,
    hf_schema,
    ids,
    write_picture,
    write_shards,
    write_sound,
    write_video,
)

pytest.importorskip("av")
pytest.importorskip("cv2")

MEDIA = {"picture_size": 16, "clip_frames": 4, "clip_size": 16, "sound_rate": 8000}
FEW = 12


def media_folder(root: Path) -> Path:
    """``photo/*.png``, ``voice/*.wav`` and ``video/*.mp4`` of twelve samples."""
    for i, name in enumerate(ids(FEW)):
        write_picture(root / "photo" / f"{name}.{('png', 'jpg')[i % 2]}", 20 + 10 * i)
        write_sound(root / "voice" / f"{name}.wav", 200 + 50 * i)
        write_video(root / "video" / f"{name}.mp4", 10 * i)
    table = pd.DataFrame({"id": ids(FEW), "target": classes(FEW)})
    table.to_csv(root / "targets.csv", index=False)
    return root


def corpus_of(path: Path, **settings: Any) -> Corpus:
    settings = {"prevalent": "photo", "privileged": "voice, video", "media": MEDIA, **settings}
    return load_corpus(OwnSettings(path=path, **settings), 0, progress=False)


def test_kinds_and_shapes_follow_the_endings(tmp_path: Path) -> None:
    corpus = corpus_of(media_folder(tmp_path / "own"))
    kinds = {name: (corpus.kind(name), corpus.shape(name)) for name in corpus.names}
    assert kinds == {
        "photo": ("picture", (3, 16, 16)),
        "voice": ("sound", (1, 2000)),
        "video": ("clip", (3, 4, 16, 16)),
    }
    photos = corpus.batch("photo", np.arange(FEW))
    assert 0 <= float(photos.min()) <= float(photos.max()) <= 1
    dark = photos[:, :, -2, 2].mean(1).numpy() * 255  # a corner beside the bright square
    np.testing.assert_allclose(dark, 20 + 10 * np.arange(FEW), atol=6)
    clips = corpus.batch("video", np.arange(FEW)).numpy().mean(axis=(1, 3, 4)) * 255
    assert (np.diff(clips, axis=1) > 0).all()  # they brighten
    voice = corpus.batch("voice", np.array([3])).numpy()[0, 0]
    peak = np.abs(np.fft.rfft(voice)).argmax() * 8000 / len(voice)
    assert peak == pytest.approx(200 + 50 * 3, abs=8000 / len(voice))
    assert corpus.facts["reading"]["video"]["rates"] == {"12": FEW}


def test_a_table_of_paths_is_the_same_as_a_folder(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    folder = corpus_of(root)
    table = pd.DataFrame({
        "id": ids(FEW), "target": classes(FEW),
        "photo": [f"photo/{n}.{('png', 'jpg')[i % 2]}" for i, n in enumerate(ids(FEW))],
        "voice": [f"voice\\{n}.wav" for n in ids(FEW)],
        "video": [f"./video/{n}.mp4" for n in ids(FEW)],
    })  # fmt: skip
    table.to_csv(root / "table.csv", index=False)
    other = corpus_of(root / "table.csv")
    for name in folder.names:
        both = [c.batch(name, np.arange(FEW)).numpy() for c in (folder, other)]
        np.testing.assert_array_equal(*both)


def test_pictures_and_sounds_within_parquet(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    cells = {
        "photo": [{"bytes": (root / "photo" / f"{n}.{('png', 'jpg')[i % 2]}").read_bytes(),
                   "path": None} for i, n in enumerate(ids(FEW))],
        "voice": [{"bytes": (root / "voice" / f"{n}.wav").read_bytes(), "path": f"{n}.wav"}
                  for n in ids(FEW)],
        "video": [(root / "video" / f"{n}.mp4").read_bytes() for n in ids(FEW)],
    }  # fmt: skip
    table = pa.table({"id": ids(FEW).tolist(), "label": [0, 1] * (FEW // 2), **cells})
    kinds = {"photo": {"_type": "Image"}, "voice": {"_type": "Audio"},
             "label": {"_type": "ClassLabel", "names": ["calm", "pain"]}}  # fmt: skip
    shards = write_shards(
        tmp_path / "shards", hf_schema(table, kinds), {"train": FEW - 4, "test": 4}
    )
    one, other = corpus_of(root), corpus_of(shards, target="label", split="")
    order = [other.ids.tolist().index(name) for name in ids(FEW)]
    for name in one.names:
        np.testing.assert_array_equal(
            one.batch(name, np.arange(FEW)), other.batch(name, np.array(order))
        )


def test_files_are_decoded_once_and_again_when_they_change(tmp_path: Path, cache: Path) -> None:
    root = media_folder(tmp_path / "own")
    one = corpus_of(root, privileged="voice")
    kept = {path: path.stat().st_mtime_ns for path in (cache / "own").glob("*.npy")}
    assert len(kept) == 2  # a video that has no role was not decoded
    corpus_of(root, privileged="voice")
    assert {path: path.stat().st_mtime_ns for path in (cache / "own").glob("*.npy")} == kept
    write_sound(root / "voice" / f"{ids()[0]}.wav", 900)
    changed = corpus_of(root, privileged="voice")
    assert changed.fingerprint != one.fingerprint
    assert changed.source("photo") == one.source("photo")


def test_a_modality_of_no_role_is_not_even_opened(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    before = corpus_of(root, privileged="voice")
    for path in (root / "video").iterdir():
        path.write_bytes(b"poison")
    assert corpus_of(root, privileged="voice").fingerprint == before.fingerprint


# --- damage -------------------------------------------------------------------------------------


def cut(path: Path, share: float) -> File:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return File(path.name, path)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda p: write_picture(p, 90, 128), "a.jpg"),
        (lambda p: write_picture(p, 90, 128), "a.png"),
        (lambda p: write_sound(p, 440), "a.wav"),
        (lambda p: write_video(p, 10, frames=48, size=64), "a.mp4"),
        (lambda p: write_video(p, 10, frames=48, size=64), "a.avi"),
    ],
)
def test_half_a_file_is_found_out(write: Any, name: str, tmp_path: Path) -> None:
    media = MediaSettings(**MEDIA)
    path = write(tmp_path / name)
    assert decode(File(name, path), media).kind in ("picture", "sound", "clip")
    with pytest.raises(Unusable) as found:
        decode(cut(path, 0.6), media)
    assert found.value.kind in ("half", "unreadable")
    path.write_bytes(b"")
    with pytest.raises(Unusable, match="no bytes"):
        decode(File(name, path), media)
    path.write_bytes(b"this is no such file at all" * 20)
    with pytest.raises(Unusable):
        decode(File(name, path), media)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", b"x;y\n1,5;2\n3;4,5\n", None),
        ("a.csv", b"\xef\xbb\xbftime,x\n0,1\n1,2\n", None),
        ("a.csv", b"x,y\n1,2\n3\n", "different numbers of cells"),
        ("a.csv", b"x,y\n1,two\n", "no number"),
        ("a.csv", b"", "no bytes"),
        ("a.npy", b"\x93NUMPY", "no readable"),
        ("a.exe", b"MZ", "none of"),
    ],
)
def test_files_of_numbers(name: str, content: bytes, match: str | None) -> None:
    file = File(name, content=content)
    if match is None:
        assert decode(file, MediaSettings()).kind == "signal"
        return
    with pytest.raises(Unusable, match=match):
        decode(file, MediaSettings())


def test_a_csv_with_seconds_knows_its_rate() -> None:
    found = decode(File("a.csv", content=b"time,x,y\n0,1,2\n0.5,3,4\n1.0,5,6\n"), MediaSettings())
    assert np.array_equal(found.values, [[1, 3, 5], [2, 4, 6]])
    assert found.rate == pytest.approx(2)


def test_damage_names_the_sample_and_may_be_left_out(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    cut(root / "photo" / f"{ids()[4]}.png", 0.5)
    with pytest.raises(
        ConfigError, match=r"'photo' of sample 'clip004' .* before the picture does"
    ):
        corpus_of(root)
    corpus = corpus_of(root, drop_missing=True)
    assert ids()[4] not in corpus.ids
    assert len(corpus) == FEW - 1


def test_damage_of_a_privileged_modality_leaves_the_sample(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    cut(root / "voice" / f"{ids()[4]}.wav", 0.5)
    corpus = corpus_of(root, drop_missing=True)
    assert len(corpus) == FEW
    assert np.flatnonzero(~corpus.present["voice"]).tolist() == [4]


def test_sounds_of_other_lengths_are_told_what_to_set(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    write_sound(root / "voice" / f"{ids()[4]}.wav", 300, seconds=0.5)
    with pytest.raises(ConfigError, match=r"clip004.*set data\.media\.sound_seconds"):
        corpus_of(root)
    media = {**MEDIA, "sound_seconds": 0.4}
    assert corpus_of(root, media=media).shape("voice") == (1, 3200)


def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    root = media_folder(tmp_path / "own")
    outside = write_picture(tmp_path / "outside.png", 5)
    paths = [f"photo/{n}.png" for n in ids(FEW)]
    for text in ("../outside.png", str(outside), "photo/../../outside.png"):
        table = pd.DataFrame({"id": ids(FEW), "photo": [text, *paths[1:]]})
        table.to_csv(root / "t.csv", index=False)
        source = open_source(root / "t.csv", ("photo",), OwnSettings(), progress=False)
        with pytest.raises(ConfigError, match="leads out of"):
            source.reading("photo")
    (root / "photo" / f"{ids()[0]}.png").unlink()
    (root / "photo" / f"{ids()[0]}.png").symlink_to(outside)
    with pytest.raises(ConfigError, match="leads out of"):
        corpus_of(root)


def test_an_array_a_file_and_its_objects(tmp_path: Path) -> None:
    root = tmp_path / "own"
    for name, values in features(N).items():
        (root / name).mkdir(parents=True)
        for sample, row in zip(ids(), values, strict=True):
            np.save(root / name / f"{sample}.npy", row)
    np.save(root / "eda" / f"{ids()[7]}.npy", np.array([{}], dtype=object), allow_pickle=True)
    table = pd.DataFrame({"id": ids(), "target": classes(), "group": groups()})
    table.to_csv(root / "targets.csv", index=False)
    with pytest.raises(ConfigError, match=r"clip007.*never unpickled"):
        corpus_of(root, prevalent="face", privileged="eda")
