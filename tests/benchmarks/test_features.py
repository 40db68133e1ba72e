"""The benchmark of cached features: both sides do the same work; the page says what was found."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pkdot.benchmarks import features
from pkdot.errors import PkdotError
from pkdot.networks.tokens import Encoded
from pkdot.networks.video import R3D18


@pytest.mark.slow
def test_both_sides_agree_and_caching_encodes_each_clip_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "features.md"
    given = ["--clips", "2", "--pixels", "16", "--epochs", "1", "--report", str(page)]
    assert features.main(given) == 0
    assert "same updates" in page.read_text()
    encoded = 0
    forward = R3D18.forward

    def counted(backbone: R3D18, clips: Tensor) -> Encoded:
        nonlocal encoded
        encoded += len(clips)
        return forward(backbone, clips)

    monkeypatch.setattr(R3D18, "forward", counted)
    result = features.measure(4, 10, 16, 3)
    once, released = 4 + 2, 2 * 4 * 3  # two clips are not trained on
    shape = 1  # a clip whose features tell their shape
    assert encoded == once + released + shape, "twice a clip and epoch is the script's way"
    assert result.difference < 1e-2


@pytest.mark.slow
def test_sides_that_do_other_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [torch.full((1, 64), float(i) * 1e3) for i in range(3)]
    monkeypatch.setattr(
        features,
        "_teacher_embedding",
        lambda teacher, corpus, train: targets.pop().expand(len(train), 64),
    )
    with pytest.raises(PkdotError, match="do not agree"):
        features.measure(4, 10, 16, 2)
