"""Aff-Wild2 as a corpus: frames and sound of one moment, masks, and who stands where."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.affwild2 import AffWild2Settings
from pkdot.data.affwild2.corpus import load
from pkdot.data.affwild2.names import recording_of, side_of, video_of
from pkdot.data.corpus import Corpus
from pkdot.data.simulate.film import write_film
from pkdot.errors import ConfigError, DataError
from tests.support import affwild2_files as files

SMALL = {"length": 8, "face": {"size": 16}, "sound": {"bands": 16, "context": 0.1}}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return files.write_layout(tmp_path / "root", files.LAYOUTS["fifth release"])


def read(root: Path, **changes: object) -> Corpus:
    settings = AffWild2Settings(**{"root": root, **SMALL, **changes})  # type: ignore[arg-type]
    return load(settings, 0, jobs=1, progress=False)


def test_names() -> None:
    assert video_of("video5_left", {"video5"}) == "video5"
    assert video_of("odd_right", {"odd", "odd_right"}) == "odd_right"
    assert [side_of(n) for n in ("video2_left", "a_RIGHT", "leftover")] == ["left", "right", ""]
    for name, recording in {
        "30-30-1920x1080_left": "30-30-1920x1080",
        "122-60-1920x1080-3": "122-60-1920x1080",
        "122-60-1920x1080-3_right": "122-60-1920x1080",
        "video10_1_left": "video10",
        "video10_1": "video10",
        "Plain-Name_2": "plain-name_2",
        "10-60-1280x720": "10-60-1280x720",
    }.items():
        assert recording_of(name) == recording


def test_every_usable_frame_of_a_part_is_scored_once(root: Path, cache: Path) -> None:
    corpus = read(root)
    for part, count in (("test", files.EXPECTED["validation"]["usable"]), ("train", None)):
        indices = getattr(corpus.split, part)
        names = corpus.frame_names(indices).ravel()
        known = np.isfinite(corpus.targets[indices]).all(axis=2).ravel()
        assert count is None or len(set(names[known])) == count
    train = np.concatenate([corpus.split.labelled, corpus.split.validation])
    known = np.isfinite(corpus.targets[train]).all(axis=2)
    assert len(set(corpus.frame_names(train)[known])) == files.EXPECTED["train"]["usable"]
    assert corpus.facts["frames_without_crop"] == 3
    assert corpus.facts["faces_without_sound"] == ["video20"]
    assert corpus.restricted
    assert not corpus.simulated


def test_targets_belong_to_the_crop_of_their_number(root: Path, cache: Path) -> None:
    """A crop's brightness is twice its number; where it is missing, a neighbour stands in."""
    corpus = read(root, normalisation="none")
    for window in range(len(corpus)):
        names = corpus.frame_names(np.array([window]))[0]
        grey = corpus.batch("face", np.array([window]))[0].mean(1).numpy() * 255 / 2
        numbers = np.array([int(name.split("/")[1]) for name in names])
        known = np.isfinite(corpus.targets[window, :, 0])
        assert np.abs(grey - numbers)[known].max() < 0.7
        assert np.abs(grey - numbers).max() < 2.7


def test_values_are_those_of_the_annotation(root: Path, cache: Path) -> None:
    corpus = read(root)
    rows = files.pairs(files.FRAMES, 5)  # the sixth face
    for window in np.flatnonzero(corpus.groups == "9-24-32x32"):
        for name, target in zip(
            corpus.frame_names(np.array([window]))[0], corpus.targets[window], strict=True
        ):
            if np.isfinite(target).all():
                assert target == pytest.approx(rows[int(name.split("/")[1]) - 1], abs=1e-9)


def test_nobody_stands_on_both_sides(root: Path, cache: Path) -> None:
    for seed in range(4):
        settings = AffWild2Settings(root=root, **SMALL)  # type: ignore[arg-type]
        corpus = load(settings, seed, jobs=1, progress=False)
        corpus.split.check(len(corpus), corpus.groups)
        both = {name.split("/")[0] for name in corpus.ids[corpus.groups == "video5"]}
        assert both == {"video5_left", "video5_right"}


def test_parts_of_a_recording_in_both_sets_leave_training(root: Path, cache: Path) -> None:
    sets = files.LAYOUTS["fifth release"]
    files.write_annotation(root / sets.validation / "7-25-32x32-2.txt", files.pairs())
    files.write_crops(root / sets.crops[0] / "7-25-32x32-2", range(1, files.FRAMES + 1))
    corpus = read(root)
    assert corpus.facts["recordings_in_two_parts"] == ["7-25-32x32"]
    assert corpus.facts["frames"]["shared"] == files.FRAMES
    trained = np.concatenate([corpus.split.train, corpus.split.validation])
    assert "7-25-32x32" not in corpus.groups[trained]
    assert "7-25-32x32" in corpus.groups[corpus.split.test]


def test_sound_is_that_of_the_moment(tmp_path: Path, cache: Path) -> None:
    """The frame with the flash is the one that hears the click, whenever the sound begins."""
    root, flashes = tmp_path / "root", {}
    uneven = np.cumsum(np.where(np.arange(40) % 3, 0.03, 0.05)).tolist()
    cases = (
        ("a", "mp4", Fraction(25), 0.0, None),
        ("b", "mp4", Fraction(25), 0.3, None),
        ("c", "mp4", Fraction(30_000, 1001), 0.3, None),
        ("d", "avi", Fraction(30_000, 1001), 0.0, None),
        ("e", "mp4", Fraction(30), 0.3, uneven),
    )
    for i, (name, form, rate, start, times) in enumerate(cases):
        flash = 17 + i
        moment = times[flash] if times else float(flash / rate)
        sound = files.click(2.0, [moment - start])
        write_film(
            root / f"videos/{name}.{form}", files.grey(40, [flash]), rate, sound,
            sound_start=start, times=times,
        )  # fmt: skip
        part = "Validation_Set" if name == "e" else "Train_Set"
        files.write_annotation(root / f"VA_Set/{part}/{name}.txt", files.pairs(40))
        files.write_crops(root / f"cropped_aligned/{name}", range(1, 41))
        flashes[name] = f"{name}/{flash + 1:05d}"
    corpus = read(root, sound={"bands": 16, "context": 0.03}, length=40)
    loudest = {}
    for window in range(len(corpus)):
        heard = corpus.batch("sound", np.array([window]))[0, :, :16].mean(1).numpy()
        name = corpus.ids[window].split("/")[0]
        loudest[name] = corpus.frame_names(np.array([window]))[0][heard.argmax()]
    assert loudest == flashes
    assert corpus.present["sound"].all()


def test_a_folder_of_wavs_stands_in(root: Path, cache: Path) -> None:
    """Without sound in the video; and without any video, spread over the frames."""
    files.write_wav(root / "wav/video20.wav", files.click(0.8, [0.4]))
    for video in root.rglob("9-24-32x32.avi"):
        video.unlink()
    files.write_wav(root / "wav/9-24-32x32.wav", files.click(0.8, [0.4]))
    corpus = read(root, sound={"bands": 16, "context": 0.03}, length=20)
    for name in ("video20", "9-24-32x32"):
        (window,) = np.flatnonzero(corpus.groups == name)
        heard = corpus.batch("sound", np.array([window]))[0, :, :16].mean(1).numpy()
        assert abs(int(heard.argmax()) - 10) <= 1  # at 0.4 of 0.8 s
        assert corpus.present["sound"][window]


def test_the_test_videos_are_read_on_request(root: Path, cache: Path) -> None:
    assert not any(i.startswith("video99") for i in read(root).ids)
    corpus = read(root, unannotated=True)
    own = [i for i, name in enumerate(corpus.ids) if name.startswith("video99")]
    assert own
    assert np.isnan(corpus.targets[own]).all()
    in_split = np.concatenate([corpus.split.train, corpus.split.validation, corpus.split.test])
    assert not set(own) & set(in_split)


def test_damage_is_left_out_named_or_refused(root: Path, cache: Path) -> None:
    crop = root / files.LAYOUTS["fifth release"].crops[0] / "1-30-64x48/00010.jpg"
    crop.write_bytes(crop.read_bytes()[:-40])
    corpus = read(root)
    assert any(
        "00010.jpg: it is a JPEG that was cut off" in line for line in corpus.facts["left_out"]
    )
    names = corpus.frame_names(np.arange(len(corpus)))
    assert np.isnan(corpus.targets[names == "1-30-64x48/00010"]).all()
    with pytest.raises(DataError, match="strict mode"):
        read(root, strict=True)


def test_preparation_is_done_once_and_again_when_a_file_changes(root: Path, cache: Path) -> None:
    first = read(root)
    files_before = sorted(p.name for p in (cache / "affwild2").rglob("*.npy"))
    again = read(root)
    assert again.fingerprint == first.fingerprint
    assert sorted(p.name for p in (cache / "affwild2").rglob("*.npy")) == files_before
    files.write_crops(root / files.LAYOUTS["fifth release"].crops[0] / "1-30-64x48", [10], size=24)
    changed = read(root)
    assert changed.fingerprint != first.fingerprint
    assert changed.source("sound") == first.source("sound")
    assert changed.source("face") != first.source("face")


def test_sound_alone_may_be_what_exists_at_test_time(root: Path, cache: Path) -> None:
    corpus = read(root, prevalent="sound", privileged="face")
    assert "video20" not in corpus.groups  # it has no sound
    assert corpus.prevalent == ("sound",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stride": 9}, "skip frames"),
        ({"smoothing": 4}, "odd"),
        ({"privileged": "eda"}, "no modality 'eda'"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        AffWild2Settings(**{**SMALL, **changes})  # type: ignore[arg-type]


@pytest.mark.slow
def test_without_a_root_a_corpus_is_simulated(cache: Path) -> None:
    settings = AffWild2Settings(**SMALL, simulated_videos=8, simulated_frames=16)  # type: ignore[arg-type]
    corpus = load(settings, 0, jobs=1, progress=False)
    assert corpus.simulated
    assert not corpus.restricted
    assert corpus.facts["licence"] == "simulated"
    ceiling = corpus.facts["ceiling"]
    assert set(ceiling) == {"face", "sound", "both"}
