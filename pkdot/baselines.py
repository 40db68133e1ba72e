"""Plain classifiers on what the student sees: what a student alone has to match."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from .data import Corpus
from .errors import ConfigError
from .networks.tokens import pool

_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


def _logistic_regressions() -> Iterator[LogisticRegression]:
    for strength in _STRENGTHS:
        yield LogisticRegression(C=strength, max_iter=2000)


def _rbf_svms() -> Iterator[SVC]:
    for strength in _STRENGTHS:
        for width in (0.01, 0.03, 0.1, 0.3):
            yield SVC(C=strength, gamma=width)


BASELINES: dict[str, Callable[[], Iterator[LogisticRegression | SVC]]] = {
    "logistic": _logistic_regressions,
    "svm": _rbf_svms,
}


def run_baseline(name: str, corpus: Corpus) -> tuple[dict[str, float], np.ndarray]:
    """Tune a classifier on the inner split, then test it once.

    It reads the prevalent modality (tokens averaged), flattened and standardised by the training
    samples, and learns from the labelled samples alone; regularisation (and kernel width) are
    chosen by validation accuracy, ties going to the smoother model.

    Args:
        name: ``logistic`` (multinomial, L2) or ``svm`` (RBF kernel).
        corpus: the problem.

    Returns:
        ``accuracy`` on the n test samples and ``validation`` accuracy, both in 0..1; and the
        predicted classes (n,) of the test samples.

    Raises:
        ConfigError: for an unknown name.
    """
    if name not in BASELINES:
        raise ConfigError(f"Unknown baseline {name!r}; choose from {', '.join(BASELINES)}.")
    split = corpus.split

    def rows(indices: np.ndarray) -> np.ndarray:
        seen = pool(corpus.batch(corpus.prevalent, indices))
        return seen.numpy().reshape(len(indices), -1)

    scale = StandardScaler().fit(rows(split.train))
    train, given = scale.transform(rows(split.labelled)), corpus.given_labels[split.labelled]
    inner = scale.transform(rows(split.validation))
    best, best_score = None, -1.0
    for model in BASELINES[name]():
        model.fit(train, given)
        score = model.score(inner, corpus.given_labels[split.validation])
        if score > best_score:
            best, best_score = model, score
    assert best is not None
    predicted = best.predict(scale.transform(rows(split.test)))
    right = float((predicted == corpus.labels[split.test]).mean())
    return {"accuracy": right, "validation": float(best_score)}, predicted
