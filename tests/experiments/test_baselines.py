"""Plain classifiers on the student's input."""

from dataclasses import replace

import numpy as np
import pytest

from pkdot.data import load_corpus
from pkdot.errors import ConfigError
from pkdot.experiments.baselines import run_baseline
from pkdot.tasks import Classification
from tests.support.small_config import small_config


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.full if name == "boosting" else ())
        for name in sorted(Classification.plain.models)
    ],
)
def test_a_plain_baseline_learns_and_reads_no_test_label(name: str) -> None:
    config = small_config(data__n_labelled=100)
    corpus = load_corpus(config.data, 0)
    scores, outputs = run_baseline(name, corpus)
    predicted = outputs.argmax(1)
    test = corpus.split.test
    assert scores["accuracy"] == pytest.approx((predicted == corpus.targets[test]).mean())
    assert scores["accuracy"] > 0.25, "chance is 0.1"
    assert 0.2 < scores["validation"] <= 1
    hidden = corpus.given_targets.copy()
    hidden[np.concatenate([test, corpus.split.unlabelled])] = 0
    blind = replace(corpus, targets=hidden, given_targets=hidden)
    assert (run_baseline(name, blind)[1] == outputs).all()


def test_self_training_needs_unlabelled_samples() -> None:
    config = small_config(data__n_unlabelled=0)
    with pytest.raises(ConfigError, match="learns from unlabelled samples"):
        run_baseline("self_training", load_corpus(config.data, 0))
