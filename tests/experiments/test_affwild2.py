"""Aff-Wild2 from files to a submission: one small run on the simulated corpus."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pkdot
from pkdot.__main__ import main
from pkdot.analysis.smoothing import choose_width, smooth_over_time
from pkdot.data.simulate.affwild2 import simulate
from pkdot.experiments.results import sequences_of
from tests.support.small_config import small_config

pytestmark = pytest.mark.slow

FRAMES = 24


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A simulated corpus, and the folder of the run's record."""
    base = tmp_path_factory.mktemp("affwild2")
    simulate(base / "root", videos=8, frames=FRAMES, size=32, jobs=1, progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKDOT_CACHE", str(base / "cache"))
        data = {"name": "affwild2", "root": str(base / "root"), "length": 8, "face": {"size": 32}}
        runs = base / "runs"
        for smoothing in (1, 5):
            changes = {"data": {**data, "smoothing": smoothing}}
            config = small_config(training__epochs=2).changed(changes)
            pkdot.run_experiment(config, progress=False, runs_dir=runs / str(smoothing))
    return base / "root", runs


def record(places: tuple[Path, Path], smoothing: int = 1) -> pkdot.RunRecord:
    return pkdot.open_record(next((places[1] / str(smoothing)).glob("*affwild2*")))


def student(table: pd.DataFrame) -> np.ndarray:
    return table[["student_0", "student_1"]].to_numpy()


def test_predictions_have_a_row_a_frame(places: tuple[Path, Path]) -> None:
    run = record(places)
    table = run.predictions.query("split == 'test'")
    assert not table["sample_id"].duplicated().any()
    numbers = table["sample_id"].str.rpartition("/")[2].astype(int)
    assert (numbers.min(), numbers.max()) == (1, FRAMES)
    annotations = {path.stem for path in places[0].rglob("Validation_Set/*.txt")}
    assert set(sequences_of(table["sample_id"].to_numpy())) == annotations
    assert run.simulated
    assert set(run.facts["data"]["ceiling"]) == {"face", "sound", "both"}


def test_scores_are_of_all_frames_and_of_videos(places: tuple[Path, Path]) -> None:
    run = record(places)
    table = run.predictions.query("split == 'test'")
    truth = table[["target_0", "target_1"]].to_numpy()
    whole = run.task.tallied([run.task.tally(student(table), truth)])
    assert run.scores["student ccc"] == pytest.approx(whole, abs=1e-5)
    each = []
    for name in table["subject"].unique():
        own = (table["subject"] == name).to_numpy()
        each.append(run.task.tallied([run.task.tally(student(table)[own], truth[own])]))
    assert run.scores["student ccc mean over groups"] == pytest.approx(np.mean(each), abs=1e-5)


def test_smoothing_changes_answers_as_it_says(places: tuple[Path, Path]) -> None:
    plain, smoothed = (record(places, width).predictions for width in (1, 5))
    assert (plain["sample_id"] == smoothed["sample_id"]).all()
    names = sequences_of(plain["sample_id"].to_numpy())
    keys = np.char.add(names, plain["split"].to_numpy(dtype=str))
    expected = smooth_over_time(student(plain), keys, 5)
    assert student(smoothed) == pytest.approx(expected, abs=1e-5)
    assert record(places, 5).facts["data"]["smoothing"] == 5
    inner = plain.query("split == 'validation'")
    truth = inner[["target_0", "target_1"]].to_numpy()
    names = sequences_of(inner["sample_id"].to_numpy())
    assert choose_width(record(places).task, student(inner), truth, names) >= 1


def test_a_submission_has_a_line_a_crop(
    places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    root, out = places[0], tmp_path / "answers.txt"
    arguments = ["predict", str(record(places).path), str(root), "--out", str(out), "--quiet"]
    assert main(arguments) == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "image_location,valence,arousal"
    table = pd.read_csv(out)
    names = (root / "VA_test_set_release.txt").read_text().split()
    crops = sorted(f"{n}/{p.name}" for n in names for p in (root / "cropped_aligned" / n).iterdir())
    assert table["image_location"].tolist() == crops
    assert table[["valence", "arousal"]].abs().to_numpy().max() <= 1
    # a student that sees faces opens no video, and needs no annotation
    assert not (tmp_path / "cache" / "affwild2" / "sounds").exists()


def test_a_submission_of_other_recordings_is_refused(
    places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "own.npz", face=np.zeros((3, 8, 256), np.float32))
    run, own = str(record(places).path), str(tmp_path / "own.npz")
    assert main(["predict", run, own, "--out", str(tmp_path / "a.txt"), "--quiet"]) == 2
    assert "no folder of Aff-Wild2" in capsys.readouterr().err
    assert not (tmp_path / "a.txt").exists()


def test_raw_frames_go_through_backbones_once_each(
    places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crops and spectrograms: features of frames, windows over them, answers for new faces."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    data = {"name": "affwild2", "root": str(places[0]), "length": 8, "form": "raw",
            "face": {"size": 32}, "sound": {"bands": 16, "context": 0.32}}  # fmt: skip
    config = small_config(training__epochs=2, backbones__epochs=1).changed({"data": data})
    run = pkdot.run_experiment(config, progress=False, runs_dir=tmp_path / "runs")
    assert {"face", "sound"} <= set(run.metrics["stage"])
    kept = list((tmp_path / "cache" / "features").glob("face-pooled-*.npy"))
    frames = len(np.load(kept[0], mmap_mode="r"))
    annotations = list(places[0].rglob("*_Set/*.txt"))
    unmarked = sum(path.read_text().count("-5,-5") == 8 for path in annotations)
    assert frames == FRAMES * len(annotations) - 8 * unmarked  # a window without target is unread
    student = pkdot.load_student(run)
    assert student.is_sequence
    assert student.modalities["face"].shape == (3, 32, 32)
    out = tmp_path / "answers.txt"
    assert main(["predict", str(run.path), str(places[0]), "--out", str(out), "--quiet"]) == 0
    assert np.isfinite(pd.read_csv(out)[["valence", "arousal"]]).to_numpy().all()


@pytest.mark.parametrize(
    ("preset", "profile"),
    [
        ("paper", "quick"),
        pytest.param("paper", "full", marks=pytest.mark.full),
        ("default", "quick"),
    ],
)
def test_a_preset_runs_from_the_command_line(
    preset: str,
    profile: str,
    places: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few epochs and small pictures; the preset's own networks and stages."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")
    settings = {
        "data.name": "affwild2",
        "data.root": str(places[0]),
        "data.length": "4",
        "data.stride": "2",
        "data.face.size": "64",
        "data.sound.bands": "64",
        "backbones.epochs": "1",
        "training.epochs": "1",
        "probe_size": "4",
    }
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = ["run", "--preset", preset, "--profile", profile, "--quiet", *given]
    assert main([*command, "--runs", str(tmp_path / "runs")]) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    stages = set(pkdot.open_record(folder).metrics["stage"])
    encoders = {"face", "sound"} if profile == "full" else set()
    assert stages == encoders | {"teacher", "tnet", "student"}
