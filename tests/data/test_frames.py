"""Windows over frames: each frame stands in one, phases and ends included."""

import numpy as np
import pytest

from pkdot.data.frames import FrameNames, FrameWindows, first_occurrences, window_rows


@pytest.mark.parametrize("frames", [1, 5, 8, 9, 23, 64])
@pytest.mark.parametrize("dilation", [1, 3])
def test_without_overlap_every_frame_is_covered(frames: int, dilation: int) -> None:
    rows = window_rows(frames, 8, 8 * dilation, dilation)
    assert set(rows.ravel()) == set(range(frames))
    steps = np.diff(rows, axis=1)
    fresh = first_occurrences(rows)
    assert set(steps[fresh[:, 1:]]) <= {dilation, frames - 1 - rows[:, :-1].max(initial=0)} | set(
        range(1, dilation + 1)
    )
    if frames >= 8 * dilation:
        assert (steps == dilation).all()
        assert fresh.all()
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_windows_overlap_by_the_stride() -> None:
    rows = window_rows(20, 8, 4, 1)
    assert rows[:, 0].tolist() == [0, 4, 8, 12]
    assert window_rows(22, 8, 4, 1)[:, 0].tolist() == [0, 4, 8, 12, 14]


def test_a_short_sequence_repeats_its_last_frame_and_says_so() -> None:
    rows = window_rows(3, 5, 5, 1)
    assert rows.tolist() == [[0, 1, 2, 2, 2]]
    assert first_occurrences(rows).tolist() == [[True, True, True, False, False]]


def test_frames_are_kept_once_and_named() -> None:
    frames = np.arange(20.0).reshape(10, 2)
    rows = np.array([[0, 1, 2], [1, 2, 3], [7, 8, 9]])
    windows = FrameWindows(frames, rows)
    assert np.array_equal(windows[np.array([2, 0])], frames[rows[[2, 0]]])
    names = FrameNames(["a", "b"], np.array([0, 4, 10]), rows)
    assert names[np.array([1, 2])].tolist() == [
        ["a/00002", "a/00003", "a/00004"],
        ["b/00004", "b/00005", "b/00006"],
    ]
    assert len(windows) == len(names) == 3
