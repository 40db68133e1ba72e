"""The simulated corpus: BioVid's files, one latent behind them, resumable, and never mixed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from pkdot.data.biovid.index import read_index
from pkdot.data.biovid.protocols import HOLDOUT, LOW_EXPRESSIVE
from pkdot.data.biovid.settings import DEFAULT_OPTIONS
from pkdot.data.biovid.signals import read_trace
from pkdot.data.biovid.video import find_face
from pkdot.data.marker import MARKER
from pkdot.data.simulate import biovid as simulator
from pkdot.data.simulate.face import ACTION_UNITS, Pose, draw_face, draw_faces, random_face
from pkdot.data.simulate.physiology import (
    LENGTH,
    RATE,
    electrocardiogram,
    electromyogram,
    random_body,
    skin_conductance,
)
from pkdot.errors import ConfigError, DataError
from tests.support import biovid_files as files

pytestmark = pytest.mark.slow


def digests(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in (".csv", ".mp4", ".json")
    }


def test_files_are_those_of_biovid(biovid_root: Path) -> None:
    index = read_index(biovid_root)
    assert index.simulated
    table = files.read_table(biovid_root / "starting_point" / "samples.csv")
    assert list(table.columns) == [
        "subject_id", "subject_name", "class_id", "class_name", "sample_id", "sample_name",
    ]  # fmt: skip
    signals = files.read_table(files.signal_file(biovid_root))
    assert list(signals.columns) == [
        "time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus",
    ]  # fmt: skip
    assert len(signals) == LENGTH
    assert signals.notna().all(axis=None)
    assert 1e6 / signals.time.diff().mean() == pytest.approx(512, rel=1e-4)
    with av.open(str(files.video_file(biovid_root))) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 25
        assert sum(1 for _ in container.decode(stream)) == 138
    # six digits that are no date: no name can be that of somebody recorded
    assert not set(index.table["subject"]) & (LOW_EXPRESSIVE | HOLDOUT)
    assert index.table["subject"].str.match(r"^9\d{5}_[mw]_\d\d$").all()


def test_a_window_depends_on_its_own_seeds_alone(biovid_root: Path, tmp_path: Path) -> None:
    """One person of six gives the same bytes, alone or not; another seed gives somebody else."""
    one = simulator.simulate(
        tmp_path / "one", subjects=1, windows=1, seed=3, jobs=1, progress=False
    )
    whole = digests(biovid_root)
    for name, content in digests(one).items():
        if name.endswith((".mp4", "_bio.csv")):
            assert whole[name] == content
    other = simulator.simulate(
        tmp_path / "other", subjects=1, windows=1, seed=4, jobs=1, progress=False
    )
    first = files.read_table(files.signal_file(other))
    assert not np.allclose(first.gsr, files.read_table(files.signal_file(one)).gsr)


def test_finished_windows_are_not_made_again(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    (root / "starting_point" / "samples.csv").unlink()  # as if it had been interrupted
    files.video_file(root, 3).unlink()
    files.signal_file(root, 7).unlink()
    leftover = files.video_file(root).with_name(".half.mp4.1.part")
    leftover.write_bytes(b"half")
    kept = {path: path.stat().st_mtime_ns for path in root.rglob("*_bio.csv")}
    files.write_tiny(root)
    assert digests(root) == digests(biovid_root)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert not leftover.exists()


TINY = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.support.biovid_files import write_tiny
write_tiny(Path(sys.argv[1]))
"""


def start(dest: Path) -> subprocess.Popen[bytes]:
    here = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", TINY, str(dest)]
    return subprocess.Popen(command, cwd=here, env={**os.environ, "PYTHONPATH": str(here)})


def test_a_killed_simulation_is_resumed(biovid_root: Path, tmp_path: Path) -> None:
    run = start(tmp_path / "s")
    deadline = time.monotonic() + 60
    while len(list(tmp_path.rglob("*.mp4"))) < 5:
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    with pytest.raises(DataError, match="no index"):  # unfinished, so no small corpus either
        read_index(tmp_path / "s")
    done = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.mp4") if p.name[0] != "."}
    files.write_tiny(tmp_path / "s")
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert digests(tmp_path / "s") == digests(biovid_root)


def test_two_processes_simulate_the_same_corpus_at_once(biovid_root: Path, tmp_path: Path) -> None:
    runs = [start(tmp_path / "s") for _ in range(2)]
    assert [run.wait(timeout=240) for run in runs] == [0, 0]
    assert digests(tmp_path / "s") == digests(biovid_root)


def test_simulated_files_are_never_mixed_with_others(biovid_root: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="never mixed"):
        files.write_tiny(tmp_path)
    with pytest.raises(DataError, match="other settings"):
        simulator.simulate(biovid_root, subjects=7, progress=False)
    assert os.listdir(tmp_path) == ["thesis.txt"]


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"subjects": 0}, "subjects must lie in 1..999"),
    ({"windows": 100}, "windows must lie in 1..99"),
    ({"classes": ("BL1", "PA5")}, "names out of BL1"),
    ({"classes": ()}, "names out of BL1"),
])  # fmt: skip
def test_requests_that_make_no_corpus(
    tmp_path: Path, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        simulator.simulate(tmp_path / "s", progress=False, **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "s").exists()


def test_the_latent_is_graded_and_lies_beside_the_corpus(biovid_root: Path) -> None:
    latent = files.read_table(biovid_root / "simulation" / "latent.csv")
    assert sorted(latent.sample_name) == sorted(read_index(biovid_root).table["sample"])
    pain = latent.pain.groupby(latent.sample_name.str.contains("PA4"))
    assert pain.mean()[True] - pain.mean()[False] > 0.35
    assert (pain.std() > 0.08).all()
    assert json.loads((biovid_root / MARKER).read_text())["simulated"] is True


def test_pain_shows_in_the_skin() -> None:
    """Over many windows of one person the response grows with pain, and so does heart rate."""
    chance = np.random.default_rng(0)
    body = random_body(chance)
    pains = chance.uniform(0, 1, 60)
    rises = []
    for pain in pains:
        trace = skin_conductance(body, pain, 0.14, chance)
        assert trace.shape == (LENGTH,)
        rises.append(trace.max() - trace[:256].mean())
    assert np.corrcoef(pains, rises)[0, 1] > 0.7


def test_muscles_follow_their_activity() -> None:
    chance = np.random.default_rng(0)
    body = random_body(chance)
    trace = electromyogram(body, np.repeat([0.0, 1.0], 69), 3.0, chance)
    assert trace.shape == (LENGTH,)
    assert trace[1700:].std() / trace[:1100].std() == pytest.approx(4, rel=0.1)


def test_the_heart_beats_at_its_rate() -> None:
    import neurokit2

    body = random_body(np.random.default_rng(1))
    beats = {}
    for pain in (0.0, 1.0):
        found = [
            neurokit2.ecg_peaks(
                electrocardiogram(body, pain, np.random.default_rng(seed)), sampling_rate=512
            )[1]["ECG_R_Peaks"]
            for seed in range(4)
        ]
        beats[pain] = float(np.mean([60 * 512 / np.diff(peaks).mean() for peaks in found]))
    assert beats[0.0] == pytest.approx(body.heart_rate, abs=7)
    assert beats[1.0] - beats[0.0] == pytest.approx(body.heart_gain, abs=3)


def test_a_beat_looks_as_neurokit_draws_it() -> None:
    """NeuroKit2 integrates the same model step by step, with a stretch of its own."""
    import neurokit2
    from scipy.signal import find_peaks

    def beat(trace: np.ndarray) -> np.ndarray:
        found, _ = find_peaks(trace, height=0.6 * trace.max(), distance=100)
        return np.mean([trace[p - 150 : p + 220] for p in found if 150 < p < LENGTH - 220], axis=0)

    for rate in (60.0, 100.0):
        body = replace(random_body(np.random.default_rng(0)), heart_rate=rate)
        ours = electrocardiogram(body, 0.0, np.random.default_rng(0))
        peer = neurokit2.ecg_simulate(
            length=LENGTH, sampling_rate=RATE, heart_rate=rate, random_state=0
        )
        assert np.corrcoef(beat(ours), beat(np.asarray(peer)))[0, 1] > 0.9
        assert np.ptp(ours) == pytest.approx(np.ptp(peer), rel=0.2)


def test_no_two_windows_begin_at_the_same_moment_of_a_beat() -> None:
    body = random_body(np.random.default_rng(0))
    firsts = [
        int(np.argmax(electrocardiogram(body, 0.0, np.random.default_rng(seed))[:300]))
        for seed in range(6)
    ]
    assert np.std(firsts) > 30


@pytest.mark.parametrize("unit", range(len(ACTION_UNITS)))
def test_a_clip_is_its_frames(unit: int) -> None:
    """Drawn together or one by one, frames are the same pictures."""
    face = random_face(np.random.default_rng(unit))
    course = np.linspace(0, 1, 5)[:, None] * np.eye(6)[unit]
    heads = [Pose(0.01 * n, -0.01 * n, n, 1 - 0.01 * n, 1 + 0.02 * n) for n in range(5)]
    together = list(draw_faces(face, course, heads, 96))
    for frame, activation, pose in zip(together, course, heads, strict=True):
        assert (frame == draw_face(face, activation, pose, 96)).all()


@pytest.mark.parametrize("unit", range(len(ACTION_UNITS)))
def test_each_action_unit_moves_its_part_of_the_face(unit: int) -> None:
    """The picture changes where the unit acts, and more the stronger it is."""
    where = {"AU4": "top", "AU6/7": "top", "AU43": "top", "AU12": "bottom", "AU26": "bottom"}
    for seed in range(4):
        face = random_face(np.random.default_rng(seed))
        rest = draw_face(face, np.zeros(6)).astype(int)
        change = []
        for strength in (0.2, 0.8):
            moved = draw_face(face, np.eye(6)[unit] * strength).astype(int)
            change.append(np.abs(moved - rest).mean(axis=(1, 2)))
        assert change[1].sum() > change[0].sum() > 0
        top, bottom = change[1][:112].sum(), change[1][112:].sum()
        part = where.get(ACTION_UNITS[unit])  # AU 9/10 moves nose and lip, both halves
        assert part is None or (top > bottom) == (part == "top")


def test_movements_below_a_pixel_show() -> None:
    face = random_face(np.random.default_rng(0))
    still = draw_face(face, np.zeros(6), Pose())
    moved = draw_face(face, np.zeros(6), Pose(dx=0.2 / 192))
    assert 0 < np.abs(still.astype(int) - moved).mean() < 5


def test_every_face_is_found_whatever_it_does() -> None:
    for seed in range(12):
        face = random_face(np.random.default_rng(seed))
        for strength in (0.0, 0.5, 1.0):
            assert find_face(draw_face(face, np.array([1, 1, 1, 1, 0, 0]) * strength)) is not None


def test_signals_go_through_the_reader(biovid_root: Path) -> None:
    index = read_index(biovid_root)
    for modality, options in DEFAULT_OPTIONS.items():
        trace = read_trace(index.root / index.table.signals[0], modality, options, 0.0, 5.5)
        assert trace.bridged == 0
        assert np.isfinite(trace.samples).all()


def test_skin_tells_more_than_face_and_both_tell_more(tmp_path: Path) -> None:
    """The tuning, by what a window shows at best: a cheap guard for the measured table."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = {"face": [], "skin": [], "both": []}
    for seed in range(3):
        plan = simulator._plan(20, ["BL1", "PA4"], 10, seed)
        rows = pd.DataFrame([_observed(task) for task in plan])
        rise = rows.groupby("subject")["rise"].transform(lambda x: (x - x.mean()) / x.std())
        columns = {"face": rows[["shown"]], "skin": rise.to_frame()}
        columns["both"] = columns["face"].join(columns["skin"])
        for name, features in columns.items():
            model = make_pipeline(StandardScaler(), LogisticRegression())
            folds = GroupKFold(5, shuffle=True, random_state=0)
            accuracy = cross_val_score(
                model, features, rows["label"], groups=rows["subject"], cv=folds
            )
            scores[name].append(accuracy.mean())
    face, skin, both = (float(np.mean(scores[name])) for name in ("face", "skin", "both"))
    assert 0.70 < face < 0.85  # the latent expression itself; pixels tell less
    assert 0.76 < skin < 0.88
    assert both > max(face, skin) + 0.02


def _observed(task: simulator.Window) -> dict[str, object]:
    person, latent = simulator.draw_latent(task, simulator.STRENGTHS)
    trace = skin_conductance(
        person.body, latent.pain, simulator.STRENGTHS.skin_noise, task.chance(1)
    )
    rise = trace.max() - trace[:512].mean()
    return {"subject": task.subject, "label": task.class_id, "shown": latent.shown, "rise": rise}
