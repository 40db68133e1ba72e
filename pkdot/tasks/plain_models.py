"""Plain models of scikit-learn for each task: what a network has to match.

A model comes as an iterator over the settings that it may try. scikit-learn is imported when a
model is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Models = Callable[[], Iterator[Any]]

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
WIDTHS = (0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class PlainModels:
    """The plain models of a task.

    Attributes:
        models: name -> its settings, one model each.
        titles: name -> what tables call it.
        outputs: (fitted model, inputs (N, D), width W) -> outputs (N, W) as a network gives them.
        standard: those that a usual comparison runs.
        semi_supervised: those that learn from samples without a target as well; they read -1.
    """

    models: Mapping[str, Models]
    titles: Mapping[str, str]
    outputs: Callable[[Any, Array, int], Array]
    standard: tuple[str, ...]
    semi_supervised: tuple[str, ...] = field(default=())


# -- classes -------------------------------------------------------------------------------------


def _logistic_regressions() -> Iterator[Any]:
    from sklearn.linear_model import LogisticRegression

    for strength in STRENGTHS:
        yield LogisticRegression(C=strength, max_iter=2000)


def _rbf_svms() -> Iterator[Any]:
    from sklearn.svm import SVC

    for strength in STRENGTHS:
        for width in WIDTHS:
            yield SVC(C=strength, gamma=width)


def _boosting_settings() -> Iterator[dict[str, Any]]:
    for rate in (0.03, 0.1):
        for leaves in (4, 8, 16):
            yield {
                "learning_rate": rate,
                "max_leaf_nodes": leaves,
                "min_samples_leaf": 5,
                "max_iter": 100,
                "early_stopping": False,
                "random_state": 0,
            }


def _boosted_classifiers() -> Iterator[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    yield from (HistGradientBoostingClassifier(**settings) for settings in _boosting_settings())


def _mlp_settings() -> Iterator[dict[str, Any]]:
    for epochs in (30, 100):
        for decay in (1.0, 3.0, 10.0):
            yield {
                "hidden_layer_sizes": (128,),
                "alpha": decay,
                "max_iter": epochs,
                "random_state": 0,
            }


def _mlp_classifiers() -> Iterator[Any]:
    from sklearn.neural_network import MLPClassifier

    yield from (MLPClassifier(**settings) for settings in _mlp_settings())


def _self_training() -> Iterator[Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.semi_supervised import SelfTrainingClassifier

    for strength in (0.03, 0.1, 0.3):
        for threshold in (0.6, 0.9):
            yield SelfTrainingClassifier(
                LogisticRegression(C=strength, max_iter=2000), threshold=threshold, max_iter=20
            )


def _class_outputs(model: Any, inputs: Array, width: int) -> Array:
    """1 for the class that the model answers, 0 for the others."""
    return np.eye(width, dtype=np.float32)[np.asarray(model.predict(inputs), dtype=int)]


CLASSIFIERS = PlainModels(
    models={
        "logistic": _logistic_regressions,
        "svm": _rbf_svms,
        "boosting": _boosted_classifiers,
        "mlp": _mlp_classifiers,
        "self_training": _self_training,
    },
    titles={
        "logistic": "logistic regression",
        "svm": "RBF SVM",
        "boosting": "gradient boosting",
        "mlp": "multilayer perceptron",
        "self_training": "pseudo-labels (self-training)",
    },
    outputs=_class_outputs,
    standard=("logistic", "svm"),
    semi_supervised=("self_training",),
)


# -- real values ---------------------------------------------------------------------------------


def _ridge_regressions() -> Iterator[Any]:
    from sklearn.linear_model import Ridge

    yield from (Ridge(alpha=1.0 / strength) for strength in STRENGTHS)


def _rbf_regressions() -> Iterator[Any]:
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.svm import SVR

    for strength in (0.1, 1.0, 10.0):
        for width in WIDTHS:
            yield MultiOutputRegressor(SVR(C=strength, gamma=width))


def _boosted_regressors() -> Iterator[Any]:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.multioutput import MultiOutputRegressor

    for settings in _boosting_settings():
        yield MultiOutputRegressor(HistGradientBoostingRegressor(**settings))


def _mlp_regressors() -> Iterator[Any]:
    from sklearn.neural_network import MLPRegressor

    yield from (MLPRegressor(**settings) for settings in _mlp_settings())


def _value_outputs(model: Any, inputs: Array, width: int) -> Array:
    return np.asarray(model.predict(inputs), dtype=np.float32).reshape(len(inputs), width)


REGRESSORS = PlainModels(
    models={
        "ridge": _ridge_regressions,
        "svm": _rbf_regressions,
        "boosting": _boosted_regressors,
        "mlp": _mlp_regressors,
    },
    titles={
        "ridge": "ridge regression",
        "svm": "RBF SVM",
        "boosting": "gradient boosting",
        "mlp": "multilayer perceptron",
    },
    outputs=_value_outputs,
    standard=("ridge", "svm"),
)


# -- several labels ------------------------------------------------------------------------------


def _one_logistic_a_label() -> Iterator[Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    for strength in STRENGTHS:
        yield OneVsRestClassifier(LogisticRegression(C=strength, max_iter=2000))


def _one_boosting_a_label() -> Iterator[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.multiclass import OneVsRestClassifier

    for settings in _boosting_settings():
        yield OneVsRestClassifier(HistGradientBoostingClassifier(**settings))


def _label_outputs(model: Any, inputs: Array, width: int) -> Array:
    """Log odds of each label."""
    p = np.clip(np.asarray(model.predict_proba(inputs), dtype=float), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p)).astype(np.float32).reshape(len(inputs), width)


LABELLERS = PlainModels(
    models={"logistic": _one_logistic_a_label, "boosting": _one_boosting_a_label},
    titles={"logistic": "logistic regression", "boosting": "gradient boosting"},
    outputs=_label_outputs,
    standard=("logistic",),
)
