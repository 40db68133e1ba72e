"""Answers for new recordings: prevalent modalities alone, a few samples at a time.

A table of answers has a row a sample in the order of the recordings, or a row a frame of windows; a
frame that several windows cover has the mean of their outputs. A sample whose prevalent recording
is absent or damaged keeps its row, without an answer.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ...analysis.smoothing import smooth_over_time
from ...atomic_files import write_text, written_aside
from ...data.affwild2.submission import FaceReading, FaceRecordings, submission
from ...data.own.findings import OwnDataError
from ...data.own.source import Reading, Source
from ...errors import ConfigError
from ..results import sequences_of
from .card import card_path
from .group_moments import GroupMoments
from .trained import TrainedStudent

CHUNK = 256
"""Samples that are held at a time."""

ENDINGS = (".csv", ".parquet", ".txt")


class Prediction:
    """A student's answers for recordings, read when they are asked for.

    Args:
        student: trained.
        recordings: opened for the student's prevalent modalities.
        progress: whether to draw a bar.

    Attributes:
        left: names of the samples that have no answer, as a prevalent recording is absent or
            damaged.

    Raises:
        DataError: for recordings of another kind or shape than the student's, or, where it needs
            groups, without any.
    """

    def __init__(
        self, student: TrainedStudent, recordings: Source | FaceRecordings, *, progress: bool = True
    ) -> None:
        self._student, self._recordings, self._progress = student, recordings, progress
        usable = np.ones(len(recordings.ids), dtype=bool)
        for name in student.prevalent:
            reading = recordings.reading(name)
            self._check(name, reading)
            usable &= reading.usable
        self._usable = usable
        self.left = tuple(recordings.ids[~usable].tolist())
        if student.needs_groups and recordings.groups is None:
            raise OwnDataError(
                f"The student takes features relative to all recordings of the same "
                f"{student.record.unit}, and {recordings.place} names no groups; add a column "
                f"'group'."
            )

    def _check(self, name: str, reading: Reading | FaceReading) -> None:
        wanted = self._student.modalities[name]
        shape = reading.shape[1:] if self._student.is_sequence else reading.shape
        if shape != wanted.shape:
            raise OwnDataError(
                f"{name!r} of {self._recordings.place} has samples of shape {reading.shape} (a "
                f"{reading.kind}); the student reads a {wanted.kind} of shape {wanted.shape}"
                f"{' a frame' if self._student.is_sequence else ''}."
            )

    def tables(self) -> Iterator[pd.DataFrame]:
        """Rows of sample_id and :meth:`pkdot.tasks.Task.answer_columns`, some at a time."""
        moments = self._student.moments()
        if moments:
            for rows in self._chunks("reading"):
                features = self._features(rows[self._usable[rows]])
                for name, own in moments.items():
                    own.add(features[name], self._groups(rows[self._usable[rows]]))
        if self._student.is_sequence and self._recordings.frames is not None:
            yield from self._tables_of_frames(self._recordings.frames.astype(str), moments)
            return
        for rows in self._chunks("answering"):
            outputs, names = self._outputs(rows, moments), self._recordings.ids[rows]
            if self._student.is_sequence:
                names = np.array([f"{n}#{i}" for n in names for i in range(outputs.shape[1])])
                outputs = outputs.reshape(len(names), -1)
            yield _columns(self._student, names, outputs)

    def _tables_of_frames(
        self, frames: np.ndarray, moments: dict[str, GroupMoments]
    ) -> Iterator[pd.DataFrame]:
        """Each frame once: outputs of the windows that cover it are added up, then divided."""
        names, which = np.unique(frames, return_inverse=True)
        which = which.reshape(frames.shape)
        sums = np.zeros((len(names), self._student.task.output_width))
        counts = np.zeros(len(names))
        for rows in self._chunks("answering"):
            rows = rows[self._usable[rows]]
            np.add.at(sums, which[rows], self._outputs(rows, moments))
            np.add.at(counts, which[rows], 1)
        means = np.full_like(sums, np.nan)
        np.divide(sums, counts[:, None], out=means, where=counts[:, None] > 0)
        if isinstance(self._recordings, FaceRecordings):
            means = smooth_over_time(means, sequences_of(names), self._recordings.smoothing)
        for start in range(0, len(names), CHUNK):
            part = slice(start, start + CHUNK)
            yield _columns(self._student, names[part], means[part])

    def submission(self) -> str:
        """The answers in the form of the Aff-Wild2 challenge.

        Raises:
            ConfigError: for other recordings than faces of Aff-Wild2.
        """
        if not isinstance(self._recordings, FaceRecordings):
            raise ConfigError(
                "A .txt file is a submission to the Aff-Wild2 challenge, and these recordings are "
                "no folder of Aff-Wild2; end it in .csv or .parquet."
            )
        return submission(pd.concat(list(self.tables())), self._recordings.pictured)

    def _outputs(self, rows: np.ndarray, moments: dict[str, GroupMoments]) -> np.ndarray:
        """The network's outputs, (n, W) or (n, L, W); NaN where a sample cannot be read."""
        usable = self._usable[rows]
        width: tuple[int, ...] = (self._student.task.output_width,)
        if self._student.is_sequence:
            width = (self._recordings.reading(self._student.prevalent[0]).shape[0], *width)
        outputs = np.full((len(rows), *width), np.nan, dtype=np.float32)
        if usable.any():
            outputs[usable] = self._of_rows(rows[usable], moments)
        return outputs

    @torch.no_grad()
    def _of_rows(self, rows: np.ndarray, moments: dict[str, GroupMoments]) -> np.ndarray:
        groups = self._groups(rows)
        output = self._student.output(self._features(rows), moments, groups)
        return output.outputs.float().cpu().numpy()

    @torch.no_grad()
    def _features(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        names = self._student.prevalent
        samples = {name: self._recordings.reading(name).samples[rows] for name in names}
        return self._student.features(self._student.tensors(samples))

    def _groups(self, rows: np.ndarray) -> list[str]:
        groups = self._recordings.groups
        return [""] * len(rows) if groups is None else groups[rows].astype(str).tolist()

    def _chunks(self, what: str) -> Iterator[np.ndarray]:
        size = len(self._usable)
        with tqdm(total=size, desc=what, unit="sample", disable=not self._progress) as bar:
            for start in range(0, size, CHUNK):
                rows = np.arange(start, min(start + CHUNK, size))
                yield rows
                bar.update(len(rows))


def _columns(student: TrainedStudent, names: np.ndarray, outputs: np.ndarray) -> pd.DataFrame:
    recorded = student.task.recorded(outputs.astype(np.float32))
    answers = student.task.answer_columns(np.asarray(recorded, dtype=float))
    return pd.DataFrame({"sample_id": names, **answers})


def check_out(out: Path, recordings: Path | None = None) -> None:
    """Refuse a file of answers of another ending, a folder, and the recordings themselves.

    Raises:
        ConfigError: one sentence.
    """
    if out.suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"{out.name} is no table that can be written; end it in .csv or .parquet, or in .txt "
            f"for a submission to the Aff-Wild2 challenge."
        )
    if out.is_dir():
        raise ConfigError(f"{out} is a folder; name a file for the answers.")
    if recordings is not None and out.exists() and out.samefile(recordings):
        raise ConfigError(f"{out} holds the recordings themselves; name another file.")


def write_answers(prediction: Prediction, out: Path, card: str) -> None:
    """Write answers and, beside them, the model card; the answers appear whole or not at all.

    Args:
        prediction: of the student.
        out: a ``.csv`` or ``.parquet`` file, or ``.txt`` in the form of the Aff-Wild2 challenge;
            replaced where it is there.
        card: Markdown.

    Raises:
        ConfigError: for another ending, or a submission of other recordings.
        RecordError: if a file cannot be written.
    """
    check_out(out)
    if out.suffix.lower() == ".txt":
        write_text(out, prediction.submission())
        write_text(card_path(out), card)
        return
    with written_aside(out) as aside, ExitStack() as stack:
        if out.suffix.lower() == ".csv":
            stream = stack.enter_context(aside.open("w", encoding="utf-8", newline=""))
            for number, table in enumerate(prediction.tables()):
                table.to_csv(stream, index=False, header=number == 0)
        else:
            _write_parquet(prediction, aside, stack)
    write_text(card_path(out), card)


def _write_parquet(prediction: Prediction, path: Path, stack: ExitStack) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None
    for table in prediction.tables():
        rows = pa.Table.from_pandas(table, preserve_index=False)
        if writer is None:
            writer = stack.enter_context(pq.ParquetWriter(path, rows.schema))
        writer.write_table(rows)
