"""From settings to a corpus: shapes, normalisation, what is left out, and the simulated mark."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pkdot.data import biovid
from pkdot.data.biovid.settings import BioVidSettings, VideoOptions
from pkdot.data.corpus import Corpus
from pkdot.data.marker import MARKER
from pkdot.errors import ConfigError, DataError
from pkdot.experiments.recording import data_facts, describe_probe, probe_rows
from tests.support import biovid_files as files

SMALL = VideoOptions(frames=4, size=32)
WINDOWS = files.SUBJECTS * 2 * files.WINDOWS


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(cache))
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")  # one process is enough for so little


def load(root: Path | None, seed: int = 0, **more: object) -> Corpus:
    from pkdot.data.biovid.corpus import load as load_corpus

    settings = BioVidSettings(root=root, **{"video": SMALL, **more})  # type: ignore[arg-type]
    return load_corpus(settings, seed, jobs=1, progress=False)


@pytest.mark.slow
def test_the_corpus_follows_the_protocol(biovid_root: Path) -> None:
    corpus = load(biovid_root, privileged=("eda", "emg_corrugator"))
    assert len(corpus) == WINDOWS
    assert corpus.simulated
    assert corpus.task.class_names == ("BL1", "PA4")
    assert np.bincount(corpus.targets).tolist() == [WINDOWS // 2, WINDOWS // 2]
    assert corpus.shape("video") == (3, 4, 32, 32)
    assert corpus.shape("eda") == (1, 176)
    assert corpus.shape("emg_corrugator") == (1, 352)
    batch = corpus.batch("video", np.array([3, 1]))
    assert batch.dtype == torch.float32
    corpus.split.check(len(corpus), corpus.groups)
    for name, label in zip(corpus.ids, corpus.targets, strict=True):
        assert f"-{corpus.task.class_names[label]}-" in name
    assert all(name.startswith(who) for name, who in zip(corpus.ids, corpus.groups, strict=True))
    assert corpus.media["video"][np.arange(2)].shape == (2, 32, 32, 3)
    curves = corpus.media["eda"][np.arange(2)]
    assert curves.shape == (2, 64, 112)
    assert curves.dtype == np.uint8
    assert 0.005 < (curves < 128).mean() < 0.2  # a line, not a blot
    assert corpus.facts["licence"] == "simulated"
    assert corpus.facts["left_out"] == []


@pytest.mark.parametrize(
    ("marked", "wanted", "kept"),
    [
        (True, None, True),
        (True, False, False),
        (False, None, False),
        (False, False, False),
        (False, True, True),
    ],
)
def test_faces_stay_out_of_records_unless_asked_for(
    biovid_root: Path, tmp_path: Path, marked: bool, wanted: bool | None, kept: bool
) -> None:
    root = biovid_root
    if not marked:
        root = files.copy(biovid_root, tmp_path / "recorded")
        (root / MARKER).unlink()
    corpus = load(root)
    assert corpus.restricted != marked
    probe = describe_probe(corpus, probe_rows(corpus, 3), wanted)
    assert set(probe.media) == ({"video", "eda"} if kept else set())
    assert data_facts(corpus, wanted)["media"].startswith("kept" if kept else "left out")


def test_the_front_door_loads_it_too(biovid_root: Path) -> None:
    settings = BioVidSettings(root=biovid_root, video=SMALL)
    assert biovid.load(settings, 0).fingerprint == load(biovid_root).fingerprint


def test_pixels_become_what_public_weights_expect(biovid_root: Path) -> None:
    corpus = load(biovid_root, pixels="imagenet")
    clips = corpus.batch("video", np.array([5]))[0]
    picture = corpus.media["video"][np.array([5])][0] / 255
    wanted = (picture - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(clips[:, 2].permute(1, 2, 0).numpy(), wanted, atol=1e-5)


def test_per_subject_normalisation(biovid_root: Path) -> None:
    corpus = load(biovid_root)
    signals = corpus.batch("eda", np.arange(len(corpus))).numpy()[:, 0]
    for who in set(corpus.groups):
        own = signals[corpus.groups == who]
        assert own.mean() == pytest.approx(0, abs=1e-4)
        assert own.std() == pytest.approx(1, abs=1e-3)


def test_fold_normalisation_reads_training_windows_only(biovid_root: Path, tmp_path: Path) -> None:
    """Raising every signal of a test subject moves that subject and nobody else."""
    corpus = load(biovid_root, normalisation="fold")
    train = corpus.batch("eda", corpus.split.train)
    assert float(train.mean()) == pytest.approx(0, abs=1e-4)
    assert float(train.std(unbiased=False)) == pytest.approx(1, abs=1e-3)
    root = files.copy(biovid_root, tmp_path / "c")
    tested = corpus.groups[corpus.split.test[0]]
    for path in (root / "biosignals_filtered" / tested).iterdir():
        table = files.read_table(path)
        files.write_table(path, table.assign(gsr=table.gsr + 100))
    moved = load(root, normalisation="fold")
    everything = np.arange(len(corpus))
    difference = (moved.batch("eda", everything) - corpus.batch("eda", everything)).abs()
    others = corpus.groups != tested
    assert float(difference[others].max()) == 0
    assert float(difference[~others].min()) > 1


def test_window_and_no_normalisation(biovid_root: Path) -> None:
    one = load(biovid_root, normalisation="window").batch("eda", np.arange(WINDOWS))
    np.testing.assert_allclose(one.mean((1, 2)).numpy(), 0, atol=1e-3)
    raw = load(biovid_root, normalisation="none").batch("eda", np.arange(WINDOWS))
    assert float(raw.min()) > 0.05  # microsiemens


def test_there_is_no_normalisation_over_all_subjects() -> None:
    with pytest.raises(ConfigError, match="normalisation"):
        BioVidSettings(normalisation="all")  # type: ignore[arg-type]


@pytest.mark.slow
def test_both_layouts_give_the_same_signals_and_split(
    biovid_root: Path, released_root: Path
) -> None:
    owners, released = load(biovid_root), load(released_root)
    assert owners.ids.tolist() == released.ids.tolist()
    everything = np.arange(WINDOWS)
    assert torch.equal(owners.batch("eda", everything), released.batch("eda", everything))
    np.testing.assert_array_equal(owners.split.test, released.split.test)
    assert not released.simulated
    assert "agreement" in released.facts["licence"]


@pytest.fixture
def hurt(biovid_root: Path, tmp_path: Path) -> Path:
    """One window without video, one subject without PA4 signals, one window with a gap."""
    root = files.copy(biovid_root, tmp_path / "hurt")
    files.video_file(root, 0).unlink()
    for path in [files.signal_file(root, which) for which in (6, 7)]:
        path.unlink()
    path = files.signal_file(root, 12)
    table = files.read_table(path)
    table.loc[100:120, "gsr"] = np.nan
    files.write_table(path, table)
    return root


@pytest.mark.slow
def test_damage_is_left_out_counted_and_said(hurt: Path) -> None:
    corpus = load(hurt, protocol="loso_87")
    assert len(corpus) == WINDOWS - 1 - 4
    assert len(set(corpus.groups)) == files.SUBJECTS - 1
    left_out = corpus.facts["left_out"]
    assert len(left_out) == 4
    assert sum("it is not there" in line for line in left_out) == 3
    assert sum("lacks windows of one class" in line for line in left_out) == 1
    assert corpus.facts["bridged"] == {"video": 0, "eda": 1}


def test_strict_mode_stops_with_the_whole_list(hurt: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(hurt, strict=True)
    message = str(caught.value)
    assert "4 things are damaged" in message
    subjects = sorted(path.name for path in (hurt / "video").iterdir())
    assert f"{subjects[1]}: subject left out" in message
    assert message.count("it is not there") == 3


def test_strict_mode_is_content_with_a_whole_corpus(biovid_root: Path) -> None:
    assert len(load(biovid_root, strict=True)) == WINDOWS


def test_an_absent_class_leaves_nothing(biovid_root: Path) -> None:
    with pytest.raises(DataError, match=r"no usable window.*BL1, PA1"):
        load(biovid_root, task="five_classes")


def test_a_signal_that_was_not_recorded(biovid_root: Path, tmp_path: Path) -> None:
    files.as_part(biovid_root, tmp_path, "A")
    with pytest.raises(DataError, match="no usable window"):
        load(tmp_path, privileged=("emg_corrugator",))
    assert len(load(tmp_path, privileged=("emg_trapezius",))) == WINDOWS


@pytest.mark.slow
def test_seeds_and_settings_change_the_fingerprint(biovid_root: Path) -> None:
    prints = [
        load(biovid_root).fingerprint,
        load(biovid_root, seed=1).fingerprint,
        load(biovid_root, fold=1).fingerprint,
        load(biovid_root, label_fraction=0.5).fingerprint,
        load(biovid_root, normalisation="fold").fingerprint,
        load(biovid_root, window=(2.0, 5.0)).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert load(biovid_root).fingerprint == prints[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "classes"), [("bl1_pa4", 2), pytest.param("ordinal", 5, marks=pytest.mark.slow)]
)
def test_without_a_root_a_corpus_is_simulated_once(cache: Path, task: str, classes: int) -> None:
    arguments = {"simulated_subjects": 6, "simulated_windows": 1, "task": task}
    corpus = load(None, **arguments)
    assert corpus.simulated
    assert len(corpus) == 6 * classes
    assert len(corpus.task.class_names) == classes
    made = {path: path.stat().st_mtime_ns for path in (cache / "simulated").rglob("*.mp4")}
    load(None, **arguments, seed=1)
    assert made == {p: p.stat().st_mtime_ns for p in (cache / "simulated").rglob("*.mp4")}


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"protocol": "holdout", "exclude_low_expressive": True}, "stand on both lists"),
    ({"privileged": ()}, "one modality or more"),
    ({"privileged": ("eda", "eda")}, "each once"),
    ({"privileged": ("video",)}, "prevalent and privileged at once"),
    ({"privileged": ("temperature",)}, "no modality 'temperature'"),
    ({"window": (3.0, 2.0)}, "within 0 to 5.5"),
    ({"window": (0.0, 6.0)}, "within 0 to 5.5"),
    ({"eda": {"filter": "envelope"}}, "No filter 'envelope' for eda"),
    ({"colour": "red"}, "colour"),
])  # fmt: skip
def test_settings_that_contradict_themselves(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        BioVidSettings(**wrong)  # type: ignore[arg-type]
