"""Clips whose frames tell their own time, faces that are there or not, and damaged videos."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.biovid.damage import DamagedFile
from pkdot.data.biovid.index import read_index
from pkdot.data.biovid.settings import SignalOptions, VideoOptions
from pkdot.data.biovid.signals import read_trace
from pkdot.data.biovid.video import find_face, read_clip
from pkdot.data.simulate.face import draw_face, random_face
from tests.support import biovid_files as files
from tests.support.film_damage import damage_packets, turn

CENTRE = VideoOptions(face=False, size=32)


@pytest.mark.parametrize("fps", [25, 30])
@pytest.mark.parametrize(("start", "stop"), [(0.0, 5.5), (2.0, 5.0)])
def test_one_frame_from_the_middle_of_each_segment(
    tmp_path: Path, start: float, stop: float, fps: int
) -> None:
    path = files.clock_video(tmp_path / "a.mp4", fps=fps)
    clip = read_clip(path, CENTRE, start, stop)
    assert clip.pictures.shape == (10, 32, 32, 3)
    assert clip.pictures.dtype == np.uint8
    assert clip.fps == fps
    wanted = start + (np.arange(10) + 0.5) * (stop - start) / 10
    assert np.abs(files.frame_numbers(clip.pictures) / fps - wanted).max() <= 0.5 / fps + 1e-9


def test_video_and_signals_keep_the_same_time(tmp_path: Path) -> None:
    """A step at 3 s in both falls between the same segments."""
    path = files.clock_video(tmp_path / "a.mp4")
    clip_times = files.frame_numbers(read_clip(path, CENTRE, 1.0, 5.0).pictures) / 25
    time = np.arange(2816) / 512
    table = {"time": (time * 1e6).astype(int), "gsr": np.where(time < 3, 1.0, 2.0)}
    files.write_table(tmp_path / "a_bio.csv", files.pd.DataFrame(table))
    options = SignalOptions(filter="none", rate=10.0)
    samples = read_trace(tmp_path / "a_bio.csv", "eda", options, 1.0, 5.0).samples
    step_in_signal = 1.0 + np.argmax(samples > 1.5) / 10
    step_in_video = (clip_times[clip_times < 3].max() + clip_times[clip_times >= 3].min()) / 2
    assert step_in_signal == pytest.approx(3.0, abs=0.11)
    assert step_in_video == pytest.approx(3.0, abs=0.05)


def test_a_drawn_face_fills_the_crop(biovid_root: Path) -> None:
    for which in range(0, 24, 4):
        clip = read_clip(files.video_file(biovid_root, which), VideoOptions(), 0.0, 5.5)
        assert clip.face_found
        assert clip.pictures.shape == (10, 112, 112, 3)
        assert find_face(clip.pictures[0]) is not None


def test_without_a_face_the_centre_is_cropped_and_counted(tmp_path: Path) -> None:
    clip = read_clip(files.clock_video(tmp_path / "a.mp4"), VideoOptions(), 0.0, 5.5)
    assert not clip.face_found
    assert clip.pictures.shape == (10, 112, 112, 3)


def test_the_box_lies_on_the_face_wherever_it_is() -> None:
    face = draw_face(random_face(np.random.default_rng(1)), np.zeros(6))
    wide = np.full((300, 500, 3), 128, np.uint8)
    wide[100:292, 280:472] = face
    box = find_face(wide)
    assert box is not None
    x, y, width, height = box
    assert abs(x + width / 2 - 376) < 15
    assert abs(y + height / 2 - 200) < 20
    large = np.kron(wide, np.ones((3, 3, 1), np.uint8))
    again = find_face(large)
    assert again is not None
    assert abs(again[0] / 3 - x) < 10


def test_frames_of_the_released_layout_give_the_same_clip(
    biovid_root: Path, released_root: Path
) -> None:
    released = read_index(released_root)
    owners = read_index(biovid_root)
    one, other = owners.table.iloc[3], released.table.iloc[3]
    ours = read_clip(owners.root / one.video, VideoOptions(), 0.0, 5.5).pictures
    theirs = read_clip(
        released.root / other.video, VideoOptions(), 0.0, 5.5, other.first_frame, other.last_frame
    ).pictures
    difference = np.abs(ours.astype(int) - theirs.astype(int)).mean()
    assert difference < 4  # jpg, and a face box that may differ by a pixel


@pytest.mark.slow
def test_frames_that_were_cut_are_the_window(biovid_root: Path, tmp_path: Path) -> None:
    """Seconds 2 to 5 of the recording, as 75 frames, are taken whole whatever window is asked."""
    root = files.as_released(biovid_root, tmp_path / "released", first=50, last=124, only=1)
    row = read_index(root).table.iloc[0]
    whole = files.decode(biovid_root / "video" / row.subject / f"{row['sample']}.mp4")
    clip = read_clip(root / row.video, VideoOptions(face=False, size=192), 2.0, 5.0, 1, 75)
    for picture, at in zip(clip.pictures, 50 + 3 + 7.5 * np.arange(10), strict=True):
        errors = [np.abs(picture.astype(int) - whole[int(at) + d]).mean() for d in range(3)]
        assert min(errors) < 3


def test_missing_frames_are_joined_by_number_and_too_many_are_damage(
    biovid_root: Path, tmp_path: Path
) -> None:
    root = files.as_released(biovid_root, tmp_path / "released", only=1)
    folder = root / read_index(root).table.video[0]
    full = read_clip(folder, CENTRE, 0.0, 5.5, 1, 138).pictures
    for number in (20, 50, 51):
        (folder / f"img_{number:05d}.jpg").unlink()
    again = read_clip(folder, CENTRE, 0.0, 5.5, 1, 138).pictures
    assert np.abs(full.astype(int) - again.astype(int)).mean() < 2
    (folder / "img_00007.jpg").write_bytes(b"no picture")
    with pytest.raises(DamagedFile, match="no picture that can be read"):
        read_clip(folder, CENTRE, 0.0, 5.5, 1, 138)
    for number in range(60, 110):
        (folder / f"img_{number:05d}.jpg").unlink()
    with pytest.raises(DamagedFile, match="frames are there"):
        read_clip(folder, CENTRE, 0.0, 5.5, 1, 138)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_video(biovid_root: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(files.video_file(biovid_root).read_bytes())
    files.truncate(path, share)
    with pytest.raises(DamagedFile) as caught:
        read_clip(path, CENTRE, 0.0, 5.5)
    assert caught.value.kind in ("unreadable", "short")


def test_damaged_packets_inside_the_window(tmp_path: Path) -> None:
    path = files.clock_video(tmp_path / "a.mp4")
    damage_packets(path)
    with pytest.raises(DamagedFile) as caught:
        read_clip(path, CENTRE, 0.0, 5.5)
    assert caught.value.kind == "damaged"


def test_a_turned_video_stands_upright(tmp_path: Path) -> None:
    path = files.clock_video(tmp_path / "a.mp4")
    turn(path, 180)
    pictures = read_clip(path, CENTRE, 0.0, 5.5).pictures
    straight = read_clip(files.clock_video(tmp_path / "b.mp4"), CENTRE, 0.0, 5.5).pictures
    assert np.abs(pictures[:, ::-1, ::-1].astype(int) - straight).max() <= 2


def test_a_half_cut_frame_of_the_released_layout(released_root: Path, tmp_path: Path) -> None:
    root = files.copy(released_root, tmp_path / "r")
    index = read_index(root)
    folder = root / index.table["video"].iloc[0]
    for picture in folder.glob("*.jpg"):
        files.truncate(picture, 0.5)
    with pytest.raises(DamagedFile, match="cut off"):
        read_clip(folder, CENTRE, 0.0, 5.5)


def test_a_video_that_ends_too_early_names_its_end(tmp_path: Path) -> None:
    path = files.clock_video(tmp_path / "a.mp4", seconds=3.0)
    with pytest.raises(DamagedFile, match=r"2\.96 s.*5\.5 s"):
        read_clip(path, CENTRE, 0.0, 5.5)
    assert read_clip(path, CENTRE, 0.0, 3.0).pictures.shape[0] == 10


def test_no_video_at_all(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "folder.mp4").mkdir()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    kinds = {"absent.mp4": "missing", "text.mp4": "unreadable", "folder.mp4": "unreadable",
             "loop/a.mp4": "unreadable", "absent": "missing"}  # fmt: skip
    for name, kind in kinds.items():
        with pytest.raises(DamagedFile) as caught:
            read_clip(tmp_path / name, CENTRE, 0.0, 5.5)
        assert caught.value.kind == kind, name


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another user's eyes")
def test_a_folder_without_permission(biovid_root: Path) -> None:
    """Nobody may list a locked folder; root may, so the reading is done as somebody else."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        locked = Path(place) / "locked"
        files.clock_video(locked / "a.mp4")
        os.chmod(locked, 0)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                kinds = []
                for path in (locked / "a.mp4", locked / "frames"):
                    try:
                        read_clip(path, CENTRE, 0.0, 5.5)
                    except DamagedFile as damage:
                        kinds.append(damage.kind)
                try:
                    read_trace(locked / "a_bio.csv", "eda", SignalOptions(), 0.0, 5.5)
                except DamagedFile as damage:
                    kinds.append(damage.kind)
                status = 0 if kinds == ["unreadable"] * 3 else 2
            finally:
                os._exit(status)
        _, outcome = os.waitpid(child, 0)
        os.chmod(locked, 0o755)
    assert os.waitstatus_to_exitcode(outcome) == 0
