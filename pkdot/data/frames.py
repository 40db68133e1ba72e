"""Windows over frames: each frame is kept once, however many windows see it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..array_files import read_npy_head
from ..errors import DataError
from .corpus import Corpus, IndexArray, Samples, Split


class FrameWindows:
    """Windows (n, L, ...) of frames that are kept elsewhere, read on demand.

    Args:
        frames: F frames, (F, ...).
        rows: which frames each window holds, (N, L).

    Attributes:
        frames, rows: as given.
    """

    def __init__(self, frames: Samples, rows: IndexArray) -> None:
        self.frames, self.rows = frames, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows[np.asarray(index)]
        values = np.asarray(self.frames[rows.reshape(-1)])
        return values.reshape(*rows.shape, *values.shape[1:])


class RowFile:
    """Rows of an ``.npy`` file, read when they are asked for; nothing stays in memory.

    A memory map would: its pages count as the process's own until the system takes them back.

    Args:
        path: of an array of one axis or more, in C order.

    Raises:
        ValueError, OSError: for another file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            shape, fortran, self.dtype = read_npy_head(file)
            self._begin = file.tell()
        if fortran:
            raise ValueError(f"{path} is in Fortran order")
        self.shape: tuple[int, ...] = shape
        self._size = int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        """Rows (n, ...) by their numbers, an array of any shape whose axes come first."""
        index = np.asarray(index)
        wanted, which = np.unique(index, return_inverse=True)
        rows: np.ndarray = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        runs = np.flatnonzero(np.append(True, np.diff(wanted) != 1))
        with self.path.open("rb", buffering=0) as file:
            for begin, end in zip(runs, np.append(runs[1:], len(wanted)), strict=True):
                file.seek(self._begin + int(wanted[begin]) * self._size)
                rows[begin:end] = np.frombuffer(
                    file.read(int(end - begin) * self._size), self.dtype
                ).reshape(end - begin, *self.shape[1:])
        return rows[which.reshape(index.shape)]


class _Some:
    """Some of the rows of other samples, read on demand."""

    def __init__(self, samples: Samples, rows: IndexArray) -> None:
        self._samples, self._rows = samples, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self._samples[self._rows[np.asarray(index)]])


def corpus_of_frames(corpus: Corpus) -> tuple[Corpus, IndexArray]:
    """A corpus of windows as one whose samples are the frames, each once, however many see it.

    Args:
        corpus: of windows whose modalities are :class:`FrameWindows` over the same frames.

    Returns:
        The corpus of F frames, and which of them each window holds, (N, L).

    Raises:
        DataError: for windows that are no :class:`FrameWindows`.
    """
    windows = {n: w for n, w in corpus.modalities.items() if isinstance(w, FrameWindows)}
    rows: IndexArray = next((w.rows for w in windows.values()), np.empty(0, np.int64))
    for name in corpus.modalities:
        if name not in windows or windows[name].rows is not rows:
            raise DataError(
                f"Corpus {corpus.name!r} holds windows of raw frames as one array; backbones need "
                f"them as pkdot.data.frames.FrameWindows over frames that are kept once."
            )
    kept, first, places = np.unique(rows, return_index=True, return_inverse=True)
    places = places.reshape(rows.shape).astype(np.int64)
    window, place = np.divmod(first, rows.shape[1])

    def frames_of(indices: IndexArray) -> IndexArray:
        return np.unique(places[indices])

    split = corpus.split
    frames = replace(
        corpus,
        modalities={name: _Some(w.frames, kept) for name, w in windows.items()},
        targets=corpus.targets[window, place],
        given_targets=corpus.given_targets[window, place],
        groups=corpus.groups[window],
        ids=np.array([f"frame {row}" for row in kept]),
        split=Split(*(frames_of(x) for x in (
            split.labelled, split.unlabelled, split.validation, split.test
        ))),
        present={name: there[window] for name, there in corpus.present.items()},
        sources={name: f"{source}/frames" for name, source in corpus.sources.items()},
        frames=None,
        smoothing=1,
        posterior=None,
        media={},
    )  # fmt: skip
    return frames, places


class MiddleFrames:
    """The middle frame of each window, for people to look at.

    Args:
        frames: pictures (F, H, W, 3) or (F, H, W) uint8.
        rows: as for :class:`FrameWindows`.
    """

    def __init__(self, frames: Samples, rows: IndexArray) -> None:
        self._frames, self._rows = frames, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self._rows[np.asarray(index)]
        return np.asarray(self._frames[rows[..., rows.shape[-1] // 2]])


class FrameNames:
    """Names (n, L) of frames, made when they are read: millions of them take no memory.

    Args:
        sequences: name of each sequence of frames.
        offsets: number of the first frame of each, and of all frames, (sequences + 1,).
        rows: as for :class:`FrameWindows`.

    A name is that of the sequence, a slash and the number of the frame in it, from 1.
    """

    def __init__(self, sequences: Sequence[str], offsets: IndexArray, rows: IndexArray) -> None:
        self._sequences, self._offsets, self._rows = np.asarray(sequences), offsets, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self._rows[np.asarray(index)]
        which = np.searchsorted(self._offsets, rows, side="right") - 1
        numbers = rows - self._offsets[which] + 1
        names = [
            f"{self._sequences[w]}/{n:05d}"
            for w, n in zip(which.ravel(), numbers.ravel(), strict=True)
        ]
        return np.array(names).reshape(rows.shape)


def window_rows(frames: int, length: int, stride: int, dilation: int) -> IndexArray:
    """Frames of the windows over one sequence, (windows, length).

    Windows begin every ``stride`` frames, and once more at the end, so that every frame stands in
    one if ``stride`` allows it; with a dilation they come in as many phases. A sequence that is
    shorter than a window gives one whose last frame is repeated.

    Args:
        frames: of the sequence, one or more.
        length: L.
        stride: frames from the beginning of one window to that of the next, 1 to L · dilation.
        dilation: frames from one frame of a window to the next.
    """
    span = length * dilation
    last = max(frames - span, 0)
    blocks = np.unique(np.append(np.arange(0, last + 1, stride), last))
    phases = np.arange(dilation) if stride >= dilation else np.zeros(1, dtype=np.int64)
    starts = (blocks[:, None] + phases).reshape(-1)
    rows = starts[:, None] + dilation * np.arange(length)
    rows = np.minimum(rows, frames - 1)
    return np.unique(rows, axis=0).astype(np.int64)


def first_occurrences(rows: IndexArray) -> np.ndarray:
    """Where a window (N, L) does not repeat the frame before, bool."""
    fresh = np.ones(rows.shape, dtype=bool)
    fresh[:, 1:] = np.diff(rows, axis=1) > 0
    return fresh
