"""From a folder to a corpus: who sees what, who is on which side, what is left out and said."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pkdot import open_record
from pkdot.__main__ import main
from pkdot.data import CREMADSettings, FSDDSettings, RAVDESSSettings, load_corpus
from pkdot.data.biovid.settings import VideoOptions
from pkdot.data.corpus import Corpus
from pkdot.data.open.pairing import coarse_pictures, deal_pictures
from pkdot.data.open.settings import OpenSettings
from pkdot.data.simulate.open_corpora import simulate
from pkdot.errors import ConfigError, DataError
from tests.conftest import made_once
from tests.support.open_files import POINTER

VIDEO = VideoOptions(frames=3, size=16)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKDOT_CACHE", str(folder))
        yield folder


def simulated(factory: pytest.TempPathFactory, name: str, groups: int, recordings: int) -> Path:
    def make(dest: Path) -> None:
        simulate(name, dest, groups=groups, recordings=recordings, progress=False)

    return made_once(factory, f"open-{name}", make)


@pytest.fixture(scope="session")
def fsdd_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory, "fsdd", 4, 3)


@pytest.fixture(scope="session")
def ravdess_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory, "ravdess", 3, 1)


@pytest.fixture(scope="session")
def cremad_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory, "cremad", 3, 2)


def load(settings: OpenSettings, seed: int = 0) -> Corpus:
    return load_corpus(settings, seed, progress=False)  # type: ignore[arg-type]


def sides(corpus: Corpus) -> list[set[str]]:
    split = corpus.split
    return [set(corpus.groups[part]) for part in (split.train, split.validation, split.test)]


@pytest.mark.slow
def test_fsdd_pairs_a_voice_with_a_picture_of_the_same_digit(fsdd_root: Path) -> None:
    corpus = load(FSDDSettings(root=fsdd_root, n_folds=4, fold=1, noise=0.0))
    assert len(corpus) == 120
    assert corpus.names == ("picture", "sound")
    assert [corpus.kind(name) for name in corpus.names] == ["vector", "sound"]
    assert corpus.shape("sound") == (1, 12_800)
    assert corpus.unit == "speaker"
    assert corpus.simulated  # the voices are
    assert "pairing by class" in corpus.facts["modalities_are"]["picture"]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not sides(corpus)[one] & sides(corpus)[other]
    bundled = load_digits()
    blocks = bundled.images.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16) / 16
    pictures = np.asarray(corpus.modalities["picture"])
    for picture, digit in zip(pictures, corpus.targets, strict=True):
        same = np.abs(blocks - picture).max(1) < 1e-6
        assert digit in bundled.target[same]


def test_no_picture_is_shared_by_two_speakers() -> None:
    classes = np.repeat(np.arange(10), 300)
    groups = np.tile(np.repeat(list("abcdef"), 50), 10)
    dealt = deal_pictures(classes, groups, seed=3)
    labels = load_digits().target
    np.testing.assert_array_equal(labels[dealt], classes)
    owners: dict[int, set[str]] = {}
    for picture, group in zip(dealt.tolist(), groups.tolist(), strict=True):
        owners.setdefault(picture, set()).add(group)
    assert max(map(len, owners.values())) == 1
    assert len(owners) > 1700  # nearly all pictures are used
    assert not np.array_equal(dealt, deal_pictures(classes, groups, seed=4))
    views = coarse_pictures(dealt[:2].repeat(2), noise=0.2, seed=3)
    assert not np.allclose(views[0], views[1])  # the same picture with noise of its own


def test_fsdd_noisy_against_clean_sound(fsdd_root: Path) -> None:
    settings = FSDDSettings(root=fsdd_root, n_folds=4, prevalent="noisy_sound", snr=6.0)
    corpus = load(settings)
    rows = np.array([3, 77])
    noisy, clean = (corpus.batch(name, rows).numpy() for name in corpus.names)
    assert noisy.shape == clean.shape == (2, 1, 12_800)
    assert np.square(noisy - clean).mean() > 0
    assert "6 dB" in corpus.facts["modalities_are"]["noisy_sound"]
    louder = load(settings.model_copy(update={"snr": 0.0}))
    assert corpus.source("noisy_sound") != louder.source("noisy_sound")


@pytest.mark.slow
def test_ravdess_face_and_voice(ravdess_root: Path) -> None:
    corpus = load(RAVDESSSettings(root=ravdess_root, n_folds=3, video=VIDEO, seconds=0.8))
    assert len(corpus) == 3 * 8
    assert corpus.prevalent == ("video",)
    assert corpus.privileged == ("sound",)
    assert corpus.shape("video") == (3, 3, 16, 16)
    assert corpus.shape("sound") == (1, 12_800)
    assert corpus.task.class_names[7] == "surprised"
    assert [len(side) for side in sides(corpus)] == [1, 1, 1]
    assert {name: view.shape[1:] for name, view in shown(corpus).items()} == {
        "video": (16, 16, 3),
        "sound": (64, 112),
    }


def shown(corpus: Corpus) -> dict[str, np.ndarray]:
    return {name: np.asarray(view[np.arange(2)]) for name, view in corpus.media.items()}


def test_ravdess_songs_have_fewer_classes(ravdess_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(ravdess_root, tmp_path / "r"))
    for path in list(root.rglob("0[23]-01-*")):
        emotion = path.stem.split("-")[2]
        if emotion in ("07", "08"):
            path.unlink()  # disgust and surprise are never sung
        else:
            path.rename(path.with_name(path.name.replace("-01-", "-02-", 1)))
    settings = RAVDESSSettings(root=root, channel="song", n_folds=3, video=VIDEO)
    corpus = load(settings)
    assert corpus.task.class_names == ("neutral", "calm", "happy", "sad", "angry", "fearful")
    assert set(corpus.targets.tolist()) == set(range(6))
    with pytest.raises(DataError, match="holds no speech"):
        load(settings.model_copy(update={"channel": "speech"}))


@pytest.mark.slow
def test_cremad_targets(cremad_root: Path) -> None:
    base = CREMADSettings(root=cremad_root, n_folds=3, video=VIDEO, seconds=0.8)
    acted = load(base)
    assert acted.task.kind == "classification"
    assert acted.facts["people"]["1001"]["age"] == 30
    raters = load(base.model_copy(update={"target": "raters", "privileged": ("sound", "raters")}))
    assert raters.task.kind == "regression"
    assert raters.task.names == acted.task.class_names
    np.testing.assert_allclose(raters.targets.sum(1), 1)
    np.testing.assert_allclose(raters.modalities["raters"][:], raters.targets, atol=1e-6)
    most = load(base.model_copy(update={"target": "majority", "presentation": "voice"}))
    best = np.sort(most_shares(cremad_root, most), axis=1)
    np.testing.assert_array_equal(most.targets == -1, best[:, -1] == best[:, -2])
    assert 0 < (most.targets == acted.targets).mean() < 1


def most_shares(root: Path, corpus: Corpus) -> np.ndarray:
    from pkdot.data.open.cremad import read_votes

    return read_votes(root, corpus.ids.tolist(), "voice")


@pytest.mark.slow
def test_damage_is_left_out_and_said_or_stops_a_strict_run(
    cremad_root: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(cremad_root, tmp_path / "c"))
    (root / "AudioWAV" / "1001_DFA_ANG_XX.wav").write_bytes(POINTER)
    (root / "VideoFlash" / "1002_DFA_SAD_XX.flv").write_bytes(b"nothing")
    (root / "AudioWAV" / "1003_IEO_NEU_XX.wav").unlink()
    settings = CREMADSettings(root=root, n_folds=3, video=VIDEO)
    corpus = load(settings)
    assert len(corpus) == 36 - 3
    left_out = "\n".join(corpus.facts["left_out"])
    assert "1001_DFA_ANG_XX: AudioWAV/1001_DFA_ANG_XX.wav: it is a pointer of git-lfs" in left_out
    assert "1002_DFA_SAD_XX" in left_out
    assert "1 recordings lack one of the modalities" in left_out
    with pytest.raises(DataError, match="3 recordings are damaged, and strict mode"):
        load(settings.model_copy(update={"strict": True}))
    assert len(load(settings.model_copy(update={"privileged": ("raters",)}))) == 36 - 1


@pytest.mark.slow
def test_what_was_read_is_kept_and_a_changed_file_is_read_again(
    fsdd_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkdot.data.open import prepare as module

    root = Path(shutil.copytree(fsdd_root, tmp_path / "f"))
    settings = FSDDSettings(root=root, n_folds=4, seconds=0.3)
    first = load(settings)
    read: list[str] = []
    original = module.read_voice

    def counted(path: Path, *arguments: float, **named: bool) -> object:
        read.append(path.name)
        return original(path, *arguments, **named)

    monkeypatch.setattr(module, "read_voice", counted)
    assert load(settings).source("sound") == first.source("sound")
    assert read == []
    shutil.copy(root / "recordings/0_sima_1.wav", root / "recordings/0_sima_0.wav")
    again = load(settings)
    assert "0_sima_0.wav" in read
    assert len(read) <= 64  # the other files of its chunk, not all
    assert again.source("sound") != first.source("sound")
    rows = np.array([list(again.ids).index(f"0_sima_{n}") for n in (0, 1)])
    np.testing.assert_array_equal(*again.batch("sound", rows).numpy())


def test_the_same_seed_gives_the_same_corpus_and_another_one_another_split(fsdd_root: Path) -> None:
    settings = FSDDSettings(root=fsdd_root, n_folds=4, label_fraction=0.5)
    one, two, other = load(settings), load(settings), load(settings, seed=1)
    assert one.fingerprint == two.fingerprint != other.fingerprint
    np.testing.assert_array_equal(one.split.test, other.split.test)  # of the fold alone
    assert len(one.split.unlabelled) == len(one.split.labelled)
    assert one.source("sound") == other.source("sound")  # so that features are kept


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (lambda: FSDDSettings(prevalent="video"), "no modality 'video'"),
        (lambda: RAVDESSSettings(privileged="video"), "prevalent and privileged at once"),
        (lambda: FSDDSettings(fold=6), "6 folds are 0 to 5"),
        (lambda: CREMADSettings(target="acted", presentation="ears"), "presentation"),
    ],
)
def test_misuse_is_one_sentence(settings: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings()  # type: ignore[operator]


# --- check and simulate ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("fsdd", 120), ("ravdess", 24), ("cremad", 36)])
def test_check_says_what_is_there(
    name: str, count: int, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    root = request.getfixturevalue(f"{name}_root")
    assert main(["check", name, str(root), "--quiet", "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert "SIMULATED" in told
    assert f"{count} kept" in told
    assert told.endswith("usable.\n")


@pytest.mark.slow
def test_check_finds_damage_and_lacks(
    ravdess_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(ravdess_root, tmp_path / "r"))
    (root / "SIMULATED.json").unlink()  # as if it were recorded
    half = next((root / "Actor_01").glob("*.wav"))
    half.write_bytes(half.read_bytes()[:3000])
    next((root / "Actor_02").glob("*.mp4")).unlink()
    arguments = ["check", "ravdess", str(root), "--quiet", "--jobs", "1"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "22 kept" in told
    assert "CC BY-NC-SA 4.0" in told
    assert "speech has 24 of 1440 recordings" in told
    assert "1 damaged" in told
    assert "1 missing" in told
    assert "of its samples" in told
    assert main([*arguments, "--strict"]) == 1
    assert "strict mode leaves nothing out" in capsys.readouterr().out
    shutil.rmtree(root / "Actor_01")
    assert main(arguments) == 1
    assert "2 people" in capsys.readouterr().out


def test_check_of_sound_alone_says_that_video_was_not_fetched(
    ravdess_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(ravdess_root, tmp_path / "r"))
    for path in root.rglob("*.mp4"):
        path.unlink()
    assert main(["check", "ravdess", str(root), "--quiet", "--jobs", "1"]) == 0
    assert "video:      0 files, so it counts as not fetched" in capsys.readouterr().out


def test_simulated_folders_are_whole_and_never_mixed(fsdd_root: Path, tmp_path: Path) -> None:
    again = simulate("fsdd", fsdd_root, groups=4, recordings=3, progress=False)
    assert again == fsdd_root  # nothing is made twice
    with pytest.raises(DataError, match="choose another folder"):
        simulate("fsdd", fsdd_root, groups=5, recordings=3, progress=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(DataError, match="choose another folder"):
        simulate("fsdd", tmp_path / "full", groups=3, recordings=1, progress=False)
    with pytest.raises(ConfigError, match="1 to 4 for ravdess, not 5"):
        simulate("ravdess", tmp_path / "r", groups=3, recordings=5, progress=False)
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_a_damaged_cache_is_made_again(fsdd_root: Path, cache: Path) -> None:
    settings = FSDDSettings(root=fsdd_root, n_folds=4, seconds=0.4)
    rows = np.arange(5)
    before = set((cache / "fsdd").glob("*.npy"))
    first = load(settings).batch("sound", rows)
    for file in set((cache / "fsdd").glob("*.npy")) - before:
        file.write_bytes(file.read_bytes()[:100])
    assert np.array_equal(load(settings).batch("sound", rows), first)


@pytest.mark.slow
def test_the_command_line_trains_on_a_folder(
    ravdess_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "data.name": "ravdess",
        "data.root": ravdess_root,
        "data.n_folds": 3,
        "data.seconds": 0.8,
        "data.video.size": 32,
        "data.video.frames": 3,
        "backbones.epochs": 1,
        "training.epochs": 1,
        "network.embedding_norm": "none",
        "options.pkdot.k": 4,
    }
    changes = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    assert main(["run", "--quiet", "--runs", str(tmp_path), *changes]) == 0
    (folder,) = tmp_path.iterdir()
    record = open_record(folder)
    assert record.simulated
    assert record.unit == "actor"
    assert {"video accuracy", "sound accuracy", "teacher accuracy", "student accuracy"} <= set(
        record.scores
    )
    assert set(record.media()) == {"video", "sound"}
    assert "Livingstone" in str(record.facts)
