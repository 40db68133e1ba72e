"""The benchmark of cached features: both sides do the same work; the page says what was found."""

from pathlib import Path

import pytest

from pkdot.benchmarks import features
from pkdot.errors import PkdotError


def test_both_sides_agree_and_caching_wins(tmp_path: Path) -> None:
    page = tmp_path / "features.md"
    given = ["--clips", "2", "--pixels", "16", "--epochs", "1", "--report", str(page)]
    assert features.main(given) == 0
    assert "same updates" in page.read_text()
    result = features.measure(4, 10, 16, 12)
    assert result.ratio > 4
    assert result.apart < 1e-2


def test_sides_that_do_other_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        features, "_teach", lambda teacher, corpus, train: _goals.pop().expand(len(train), 64)
    )
    import torch

    _goals = [torch.full((1, 64), float(i) * 1e3) for i in range(3)]
    with pytest.raises(PkdotError, match="do not agree"):
        features.measure(4, 10, 16, 2)
