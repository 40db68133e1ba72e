"""Windows over frames: each frame stands in one, phases and ends included."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.corpus import Split
from pkdot.data.frames import (
    FrameNames,
    FrameWindows,
    RowFile,
    corpus_of_frames,
    first_occurrences,
    window_rows,
)
from pkdot.errors import DataError
from tests.support.small_corpora import windows_corpus


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


@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 2, 3)])
def test_rows_of_a_file_are_those_of_its_array(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    rows = RowFile(tmp_path / "a.npy")
    assert len(rows) == 7
    for index in ([0], [6, 0, 1, 1, 2], [[5, 4], [3, 5]]):
        assert np.array_equal(rows[np.array(index)], values[np.array(index)])


def test_a_corpus_of_frames_has_each_frame_once() -> None:
    """Targets, groups and parts of frames are those of the windows that hold them."""
    corpus = windows_corpus()
    rows = np.stack([np.arange(i, i + corpus.targets.shape[1]) for i in range(len(corpus))])
    size = int(rows.max()) + 1
    values = np.random.default_rng(0).normal(size=(size, 2))
    store = np.arange(3.0 * size).reshape(size, 3)
    windows = replace(
        corpus,
        modalities={name: FrameWindows(store, rows) for name in corpus.modalities},
        targets=values[rows],
        given_targets=values[rows],
        split=Split(*(np.array(part, dtype=np.int64) for part in ([0, 1], [], [40], [80]))),
        frames=None,
    )
    frames, places = corpus_of_frames(windows)
    assert len(frames) == size
    assert not frames.is_sequence
    assert np.array_equal(places, rows)
    assert np.array_equal(frames.targets, values)
    assert np.array_equal(frames.split.labelled, np.unique(rows[:2]))
    assert np.array_equal(frames.split.test, rows[80])
    name = frames.names[0]
    assert np.array_equal(frames.modalities[name][np.array([4])], store[[4]])
    with pytest.raises(DataError, match="FrameWindows"):
        corpus_of_frames(corpus)
