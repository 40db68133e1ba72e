"""States of a run's stages in its record, so that it can go on after an interruption."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import distributed

from ..errors import RecordError
from ..record import Recorder
from ..record.resume_files import ResumeFile
from ..training.checkpoints import State
from ..training.state_tree import packed_tree, unpacked_tree
from .recording import RecordKeeper

EVERY = 30.0
"""Seconds between two states that are kept, if nobody says otherwise."""


class RunCheckpoints:
    """Keeps states of stages through the first rank, which alone has the record.

    Args:
        fabric: all ranks of the run.
        every: seconds between two states; 0 for one after every update.
        recorder: of the record, on the first rank.
        keeper: of the record; its best epochs and seconds are kept along.
        found: what to go on from, see :meth:`pkdot.record.resume_files.ResumeFiles.take_up`.
    """

    def __init__(
        self,
        fabric: Fabric,
        every: float,
        recorder: Recorder | None = None,
        keeper: RecordKeeper | None = None,
        found: Sequence[ResumeFile] = (),
    ) -> None:
        self._fabric, self._every = fabric, every
        self._recorder, self._keeper = recorder, keeper
        self._found = {file.key: file for file in found}
        self._pending: list[tuple[str, State, Mapping[str, Any], Mapping[str, Any]]] = []
        self._last = time.monotonic()

    def find(self, key: str) -> State | None:
        """What was kept of a stage; every rank is given the same."""
        file = self._found.pop(key, None)
        state = None if file is None else _state_of(file)
        return state if self._fabric.world_size == 1 else self._fabric.broadcast(state)

    def due(self) -> bool:
        """Whether it is time, by the first rank's clock."""
        due = time.monotonic() - self._last >= self._every
        if self._fabric.world_size == 1 or math.isinf(self._every):
            return due
        told = torch.tensor([due], dtype=torch.uint8, device=self._fabric.device)
        distributed.broadcast(told, src=0)
        return bool(told)

    def keep(self, key: str, state: State) -> None:
        """Keep where a stage stands, and before it the stages that have ended."""
        if self._recorder is not None:
            self._write_pending()
            self._write(key, state, self._recorder.bookmark(), self._notes())
        self._last = time.monotonic()

    def conclude(self, key: str, state: State) -> None:
        """Keep the end of a stage: now, if it is time, else with the next state."""
        if self._recorder is not None:
            self._pending.append((key, state, self._recorder.bookmark(), self._notes()))
        if self.due():
            self._write_pending()
            self._last = time.monotonic()

    def _notes(self) -> Mapping[str, Any]:
        assert self._keeper is not None
        keeper = self._keeper
        return {"best_epochs": dict(keeper.best_epochs), "seconds": dict(keeper.seconds)}

    def _write_pending(self) -> None:
        for ended in self._pending:
            self._write(*ended)
        self._pending = []

    def _write(
        self, key: str, state: State, bookmark: Mapping[str, Any], notes: Mapping[str, Any]
    ) -> None:
        assert self._recorder is not None
        tensors, form = packed_tree(state)
        self._recorder.flush()
        self._recorder.resume_files.write(
            key,
            tensors,
            ended=bool(state["ended"]),
            bookmark=bookmark,
            notes={**notes, "form": form, "epoch": state.get("epoch")},
        )


def _state_of(file: ResumeFile) -> State:
    """A stage's state from its file.

    Raises:
        RecordError: if the file does not hold one.
    """
    try:
        state: State = unpacked_tree(file.arrays, file.notes["form"])
        if not isinstance(state["ended"], bool):
            raise TypeError(state["ended"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(
            f"The checkpoint {file.name} does not hold the state of a stage ({error}); delete it "
            f"to go on from the one before."
        ) from error
    return state
