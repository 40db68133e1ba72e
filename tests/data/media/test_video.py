"""Videos that are damaged are found; turned ones stand upright."""

from pathlib import Path

import numpy as np
import pytest

from pkdot.data.media.damage import DamagedFile
from pkdot.data.media.video import VideoReader, survey_video, upright
from pkdot.data.simulate.film import write_film
from tests.support import affwild2_files as files
from tests.support.film_damage import TURNS, damage_packets, turn

FRAMES = 24


@pytest.mark.parametrize("degrees", TURNS)
def test_a_turned_video_stands_upright(tmp_path: Path, degrees: int) -> None:
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:8, :12] = 220  # the upper left corner
    stored = np.ascontiguousarray(np.rot90(picture, degrees // 90))  # counterclockwise
    path = tmp_path / "a.mp4"
    write_film(path, [stored] * 3, 25)
    turn(path, degrees)
    seen = [upright(frame) for _, frame in VideoReader(path)]
    assert len(seen) == 3
    for frame in seen:
        assert frame.shape == picture.shape
        assert np.abs(frame.astype(int) - picture).mean() < 8
    assert survey_video(path).turned % 360 == -degrees % 360


@pytest.fixture
def film(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    frames = chance.integers(0, 255, (FRAMES, 48, 48, 3), np.uint8)
    path = tmp_path / "a.mp4"
    write_film(path, frames, 25)
    return path


def test_a_whole_video_has_no_damage(film: Path) -> None:
    survey = survey_video(film)
    assert (len(survey.times), survey.rate, survey.damage) == (FRAMES, 25, "")


def test_damaged_packets_are_counted(film: Path) -> None:
    damage_packets(film)
    survey = survey_video(film)
    assert "damaged" in survey.damage
    assert len(survey.times) < FRAMES


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_cut_mp4_is_unreadable(film: Path, share: float) -> None:
    content = film.read_bytes()
    film.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedFile) as caught:
        survey_video(film)
    assert caught.value.kind == "unreadable"


def test_a_cut_avi_is_damaged_or_shorter(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    write_film(path, files.grey(FRAMES), 25, files.click(1.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert len(survey_video(path).times) < FRAMES
