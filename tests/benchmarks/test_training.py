"""The page of many students at once."""

from pathlib import Path

import numpy as np
import pytest

from pkdot.benchmarks.training import loso_minutes, main
from pkdot.benchmarks.training_students import METHODS, feature_corpus, fold_of


def test_a_fold_leaves_a_person_out_and_shares_nobody() -> None:
    corpus = feature_corpus(12)
    for person in (0, 7, 11):
        split = fold_of(12, person)
        parts = [set(corpus.groups[p]) for p in (split.labelled, split.validation, split.test)]
        assert parts[2] == {f"person {person:02d}"}
        assert not parts[0] & parts[1]
        assert not (parts[0] | parts[1]) & parts[2]
        assert len(set(np.concatenate([split.labelled, split.validation, split.test]))) == 1200


def test_minutes_follow_the_protocol() -> None:
    updates = len(fold_of(87, 0).labelled) // 64
    assert loso_minutes(2.0) == pytest.approx(87 * 3 * 30 * updates * 2e-3 / 60)


@pytest.mark.full
@pytest.mark.slow
def test_the_page_has_a_row_for_every_method(tmp_path: Path) -> None:
    report = tmp_path / "training.md"
    sizes = ["--people", "4", "--members", "2", "--repeats", "1"]
    assert main([*sizes, "--report", str(report)]) == 0
    text = report.read_text()
    for method in METHODS:
        assert f"| {method} |" in text
    assert "extrapolated" in text
    assert "| 64 | 30 |" in text  # batch, anchors
    assert "| 512 | 30 |" not in text, "200 samples fill no such batch"
    assert "| 128 | 127 |" in text
    assert "| 87 |" in text  # students at once
    assert "| plain loop, GeomLoss between the same rows |" in text
