"""Progress bars of a training."""

import sys
from collections.abc import Sequence
from typing import Any, Self

from tqdm.auto import tqdm

from ..training.loop import EpochReport


class StageBars:
    """One progress bar a stage, fed with epoch reports; none where they are not enabled.

    Args:
        enabled: whether to draw.
        score: metric that stands beside the bar of a stage that has it.
        notes: sentences that stand above the bars.
    """

    def __init__(self, enabled: bool, score: str, notes: Sequence[str] = ()) -> None:
        self._enabled = enabled
        self._shown = (score, "explained")
        self._bar: Any = None
        self._stage, self._notes = "", notes

    def __enter__(self) -> Self:
        for note in self._notes:
            self.say(note)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def say(self, note: str) -> None:
        """One more sentence, above the bars."""
        if self._enabled:
            tqdm.write(note, file=sys.stderr)

    def show(self, report: EpochReport) -> None:
        if not self._enabled:
            return
        if report.stage != self._stage:
            if self._bar is not None:
                self._bar.close()
            self._stage = report.stage
            self._bar = tqdm(total=report.of, desc=f"{report.stage:8}", unit="epoch")
        self._bar.update(report.epoch - self._bar.n)
        shown = report.metrics["validation"]
        name = next(name for name in self._shown if name in shown)
        self._bar.set_postfix({name: f"{shown[name]:.3f}", "best epoch": report.best_epoch})
