"""Plain classifiers on what the student sees: what a student alone has to match."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC

from ..data import Corpus
from ..errors import ConfigError
from ..networks.tokens import pool

_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
UNLABELLED = -1
"""What scikit-learn's semi-supervised classifiers read where a label is absent."""


def _logistic_regressions() -> Iterator[LogisticRegression]:
    for strength in _STRENGTHS:
        yield LogisticRegression(C=strength, max_iter=2000)


def _rbf_svms() -> Iterator[SVC]:
    for strength in _STRENGTHS:
        for width in (0.01, 0.03, 0.1, 0.3):
            yield SVC(C=strength, gamma=width)


def _boosted_trees() -> Iterator[HistGradientBoostingClassifier]:
    for rate in (0.03, 0.1):
        for leaves in (4, 8, 16):
            yield HistGradientBoostingClassifier(
                learning_rate=rate,
                max_leaf_nodes=leaves,
                min_samples_leaf=5,
                max_iter=100,
                early_stopping=False,
                random_state=0,
            )


def _mlps() -> Iterator[MLPClassifier]:
    for epochs in (30, 100):
        for decay in (1.0, 3.0, 10.0):
            yield MLPClassifier((128,), alpha=decay, max_iter=epochs, random_state=0)


def _self_training() -> Iterator[SelfTrainingClassifier]:
    for strength in (0.03, 0.1, 0.3):
        for threshold in (0.6, 0.9):
            yield SelfTrainingClassifier(
                LogisticRegression(C=strength, max_iter=2000), threshold=threshold, max_iter=20
            )


BASELINES: dict[str, Callable[[], Iterator[Any]]] = {
    "logistic": _logistic_regressions,
    "svm": _rbf_svms,
    "boosting": _boosted_trees,
    "mlp": _mlps,
    "self_training": _self_training,
}

TITLES = {
    "logistic": "logistic regression",
    "svm": "RBF SVM",
    "boosting": "gradient boosting",
    "mlp": "multilayer perceptron",
    "self_training": "pseudo-labels (self-training)",
}

_SEMI_SUPERVISED = ("self_training",)


def run_baseline(name: str, corpus: Corpus) -> tuple[dict[str, float], np.ndarray]:
    """Tune a classifier on the inner split, then test it once.

    It reads the prevalent modality (tokens averaged), flattened and standardised by the training
    samples, and learns from the labelled samples alone, ``self_training`` from the unlabelled ones
    as well. Its settings are chosen by validation accuracy, ties going to the smoother model.

    Args:
        name: ``logistic`` (multinomial, L2), ``svm`` (RBF kernel), ``boosting`` (histogram
            gradient boosting), ``mlp`` (one hidden layer of 128; decay and epochs are tuned) or
            ``self_training`` (logistic regression that labels what it is sure of, in rounds).
        corpus: the problem.

    Returns:
        ``accuracy`` on the n test samples and ``validation`` accuracy, both in 0..1; and the
        predicted classes (n,) of the test samples.

    Raises:
        ConfigError: for an unknown name, or self-training without unlabelled samples.
    """
    if name not in BASELINES:
        raise ConfigError(f"Unknown baseline {name!r}; choose from {', '.join(BASELINES)}.")
    split = corpus.split
    if name in _SEMI_SUPERVISED and not len(split.unlabelled):
        raise ConfigError(
            f"The baseline {name!r} learns from unlabelled samples, and {corpus.name} has none in "
            "this split; leave it out."
        )

    def rows(indices: np.ndarray) -> np.ndarray:
        seen = pool(corpus.batch(corpus.prevalent, indices))
        return seen.numpy().reshape(len(indices), -1)

    scale = StandardScaler().fit(rows(split.train))
    who, given = split.labelled, corpus.given_labels[split.labelled]
    if name in _SEMI_SUPERVISED:
        who = split.train
        given = np.concatenate([given, np.full(len(split.unlabelled), UNLABELLED)])
    train = scale.transform(rows(who))
    inner = scale.transform(rows(split.validation))
    best, best_score = None, -1.0
    for model in BASELINES[name]():
        with warnings.catch_warnings():
            # Few epochs of the perceptron are a setting, not a mishap.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(train, given)
        score = model.score(inner, corpus.given_labels[split.validation])
        if score > best_score:
            best, best_score = model, score
    assert best is not None
    predicted = best.predict(scale.transform(rows(split.test)))
    right = float((predicted == corpus.labels[split.test]).mean())
    return {"accuracy": right, "validation": float(best_score)}, predicted
