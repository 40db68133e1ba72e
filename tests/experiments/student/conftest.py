"""Runs that the tests of a trained student share."""

import numpy as np
import pytest

import pkdot
from pkdot.data import Corpus
from tests.support.small_config import small_config
from tests.support.small_corpora import N, small_corpus


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> pkdot.RunRecord:
    runs = tmp_path_factory.mktemp("digits")
    return pkdot.run_experiment(small_config(), progress=False, runs_dir=runs)


@pytest.fixture(scope="session")
def signal_corpus() -> Corpus:
    """A vector and a signal of two channels are prevalent, a vector is privileged."""
    shapes = {"face": (5,), "ecg": (2, 64), "eda": (4,)}
    corpus = small_corpus("multilabel", shapes, ("face", "ecg"), kinds={"ecg": "signal"})
    assert len(corpus) == N
    return corpus


@pytest.fixture(scope="session")
def signal_run(signal_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> pkdot.RunRecord:
    """Features of the signal are taken relative to the person's own."""
    config = small_config(backbones__epochs=2, training__epochs=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKDOT_CACHE", str(tmp_path_factory.mktemp("cache")))
        runs = tmp_path_factory.mktemp("signal")
        return pkdot.run_experiment(config, signal_corpus, progress=False, runs_dir=runs)


def told(record: pkdot.RunRecord, part: str = "test") -> np.ndarray:
    """The student's recorded outputs for a part of the split, (n, W)."""
    table = record.predictions.query("split == @part")
    return table[[f"student_{j}" for j in range(record.task.output_width)]].to_numpy()
