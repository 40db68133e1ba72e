"""The simulated Aff-Wild2: what is written is what was drawn, and what can be known is known."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pkdot.data.affwild2.annotations import read_annotation
from pkdot.data.affwild2.check import check
from pkdot.data.marker import MARKER
from pkdot.data.media.sound import RATE
from pkdot.data.simulate.affect import DRIVES, Strengths, draw_affect, posterior_mean
from pkdot.data.simulate.affwild2 import plan_videos, read_ceiling, simulate
from pkdot.data.simulate.voice import random_voice, speak
from pkdot.errors import ConfigError, DataError
from pkdot.tasks.moments import Moments

VIDEOS, FRAMES = 8, 24


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("simulated") / "aff"
    return simulate(dest, videos=VIDEOS, frames=FRAMES, size=32, seed=1, jobs=1, progress=False)


@pytest.mark.slow
def test_every_oddity_of_the_real_files_is_there(root: Path) -> None:
    report = check(root, jobs=1, progress=False)
    assert report.index.simulated
    assert "SIMULATED" in report.render()
    assert report.exit_status == 0
    assert report.total("test")["faces"] == 2
    faces = report.faces
    assert {f.sound.source for f in faces} == {"video", "none"}
    assert any(f.sound.late > 0.2 for f in faces)
    assert len({round(f.video.rate, 2) for f in faces}) == 3
    assert report.total("train")["invalid"] == 16
    names = [f.name for f in faces]
    assert any(n.endswith("_left") for n in names)
    assert len({f.recording for f in faces}) < len({n.rsplit("_", 1)[0] for n in names})
    assert list(root.rglob("*.avi"))
    assert not any(f.problems for f in faces)


def test_nothing_is_written_twice_and_settings_are_not_mixed(root: Path) -> None:
    files = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}
    (root / "simulation/latent.csv").unlink()  # as if it had been interrupted at the end
    simulate(root, videos=VIDEOS, frames=FRAMES, size=32, seed=1, jobs=1, progress=False)
    again = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}
    changed = {p.name for p in files if files[p] != again[p]}
    assert changed <= {"latent.csv", "VA_test_set_release.txt", "lock"} | {
        p.name for p in root.rglob("*.txt")
    }
    assert json.loads((root / MARKER).read_text())["simulated"] is True
    with pytest.raises(DataError, match="other settings"):
        simulate(root, videos=VIDEOS, frames=FRAMES, size=32, seed=2, jobs=1, progress=False)
    with pytest.raises(ConfigError, match="videos must lie"):
        simulate(root / "x", videos=2)


def test_annotations_are_the_latents(root: Path) -> None:
    annotations = sorted(root.rglob("Train_Set/*.txt"))
    names = [path.stem for path in annotations]
    truth = read_ceiling(root, names)["truth"].reshape(len(names), FRAMES, 2)
    for path, drawn in zip(annotations, truth, strict=True):
        read = read_annotation(path)
        assert np.array_equal(read.values[read.valid], drawn[read.valid])


def test_a_smile_is_seen_in_the_crops(root: Path) -> None:
    """Brightness of the mouth's corners follows the drawn smile from crop to crop."""
    from pkdot.data.simulate.affwild2 import action_units
    from pkdot.data.simulate.face import draw_face, random_face

    face = random_face(np.random.default_rng(0))
    drives = np.array([[-0.8, 0.0], [0.0, 0.0], [0.8, 0.0]])
    units = action_units(drives, np.arange(3.0), np.random.default_rng(5))
    frown, rest, smile = (draw_face(face, unit, size=64).astype(int) for unit in units)
    assert np.abs(smile - rest).sum() > 0
    assert np.abs(frown - rest)[:32].sum() > np.abs(smile - rest)[:32].sum() / 4  # brows move
    assert np.abs(smile - rest)[32:].sum() > 2 * np.abs(frown - rest)[32:].sum()  # the mouth too
    crops = sorted((root / "cropped_aligned").rglob("*.jpg"))
    assert cv2.imread(str(crops[0])).shape == (32, 32, 3)


def test_a_voice_follows_its_drives() -> None:
    voice = random_voice(np.random.default_rng(0))
    times = np.array([0.0, 4.0])

    def heard(pitch: float, energy: float) -> tuple[float, float]:
        drives = np.tile([pitch, energy, 0.0], (2, 1))
        sound = speak(voice, drives, times, 4.0, np.random.default_rng(1))
        spectrum = np.abs(np.fft.rfft(sound))
        hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
        near = (hertz > 0.6 * voice.pitch) & (hertz < 1.7 * voice.pitch)
        return float(hertz[near][spectrum[near].argmax()]), float(np.sqrt((sound**2).mean()))

    (low, quiet), (high, loud) = heard(0.0, 0.0), heard(1.0, 1.0)
    assert low == pytest.approx(voice.pitch, rel=0.05)
    assert high / low == pytest.approx(2**0.5, rel=0.05)
    assert 20 * np.log10(loud / quiet) == pytest.approx(8, abs=2)


def test_the_posterior_is_the_gaussian_one() -> None:
    """The smoother gives what conditioning the whole joint Gaussian gives."""
    strengths, step, n = Strengths(), 0.04, 12
    _, drives = draw_affect(n, step, strengths, np.random.default_rng(0))
    lags = step * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    slow = strengths.deviation**2 * np.exp(-lags / strengths.seconds)
    quick = np.exp(-lags / strengths.noise_seconds)
    for seen, kept in ((["face"], [0, 1]), (["sound"], [2, 3, 4]), (["face", "sound"], range(5))):
        gains = strengths.gains[list(kept)]
        noise = np.diag([strengths.face_noise] * 2 + [strengths.voice_noise] * 3) ** 2
        noise = noise[np.ix_(kept, kept)]
        cover = (
            np.kron(gains @ gains.T, slow) + np.kron(noise, quick) + 1e-6 * np.eye(len(gains) * n)
        )
        across = np.kron(gains.T, slow)
        expected = (
            (across @ np.linalg.solve(cover, drives[:, list(kept)].T.ravel())).reshape(2, n).T
        )
        assert posterior_mean(drives, step, strengths, seen) == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_ceilings_rank_as_they_should() -> None:
    """Seen together, face and voice say more than either; a voice says nothing of valence."""
    strengths = Strengths()
    latents, drives = draw_affect(6000, 0.04, strengths, np.random.default_rng(0))
    assert drives.shape == (6000, len(DRIVES))
    of = {}
    for key, seen in (("face", ["face"]), ("sound", ["sound"]), ("both", ["face", "sound"])):
        mean = posterior_mean(drives, 0.04, strengths, seen)
        of[key] = [Moments.of(mean[:, t], latents[:, t]) for t in range(2)]
    assert of["sound"][0].pearson == pytest.approx(0, abs=1e-9)
    assert of["face"][0].pearson == pytest.approx(of["both"][0].pearson, abs=1e-6)
    assert of["face"][1].pearson + 0.1 < of["sound"][1].pearson
    assert of["both"][1].rmse < of["sound"][1].rmse < of["face"][1].rmse
    for moments in (moments for pair in of.values() for moments in pair):
        assert moments.ccc <= moments.pearson + 1e-12


def test_plans_are_reproducible_and_keep_recordings_together() -> None:
    assert plan_videos(12, 0) == plan_videos(12, 0)
    plan = plan_videos(24, 0)
    assert [sum(v.part == part for v in plan) for part in ("train", "validation", "test")] == [
        16,
        6,
        2,
    ]
    assert plan[1].cast == plan[2].cast
    assert len({v.name for v in plan}) == 24
