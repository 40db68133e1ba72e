"""Progress bars of a training."""

from typing import Any, Self

from tqdm.auto import tqdm

from ..training.loop import EpochReport


class StageBars:
    """One progress bar a stage, fed with epoch reports; none where they are not enabled.

    Args:
        enabled: whether to draw.
        score: metric that stands beside the bar of a stage that has it.
    """

    def __init__(self, enabled: bool, score: str) -> None:
        self._enabled = enabled
        self._shown = (score, "explained")
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

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
