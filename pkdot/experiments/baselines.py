"""Plain models on what the student sees: what a student alone has to match."""

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.preprocessing import StandardScaler

from ..data import Corpus
from ..errors import ConfigError
from ..networks.tokens import pool
from ..tasks import KINDS
from ..tasks.arrays import Array
from .results import answered

BASELINES = frozenset(name for kind in KINDS.values() for name in kind.plain.models)
"""Names of the plain models of all tasks."""


def run_baseline(name: str, corpus: Corpus) -> tuple[dict[str, float], np.ndarray]:
    """Tune a plain model on the inner split, then test it once.

    It reads the prevalent modalities (tokens averaged), flattened and standardised by the training
    samples, and learns from the labelled samples alone, ``self_training`` from the unlabelled ones
    as well. Its settings are chosen by the task's primary score on the inner split, ties going to
    the smoother model. Of windows every frame is a sample, and each is scored once, its answers
    averaged over windows and smoothed over time as those of networks are.

    Args:
        name: of the task's plain models, :class:`pkdot.tasks.plain_models.PlainModels`; of classes
            ``logistic`` (multinomial, L2), ``svm`` (RBF kernel), ``boosting`` (histogram gradient
            boosting), ``mlp`` (one hidden layer of 128; decay and epochs are tuned) or
            ``self_training`` (logistic regression that labels what it is sure of, in rounds).
        corpus: the problem.

    Returns:
        The primary score of the test samples by its name, and of the inner split as
        ``validation``; and the outputs of the n test samples, (n, W) or (n, L, W).

    Raises:
        ConfigError: for a name that is none of the task's, or self-training without unlabelled
            samples.
    """
    task, split, plain = corpus.task, corpus.split, corpus.task.plain
    if name not in plain.models:
        raise ConfigError(
            f"Unknown baseline {name!r} for the task {task.kind!r}; choose from "
            f"{', '.join(plain.models)}."
        )
    semi_supervised = name in plain.semi_supervised
    if semi_supervised and not len(split.unlabelled):
        raise ConfigError(
            f"The baseline {name!r} learns from unlabelled samples, and {corpus.name} has none in "
            "this split; leave it out."
        )
    seen = corpus.prevalent
    scale = StandardScaler().fit(plain_inputs(corpus, seen, split.train))
    visible = task.hidden(corpus.given_targets)
    visible[split.labelled] = corpus.given_targets[split.labelled]
    who = split.train if semi_supervised else split.labelled
    inputs = scale.transform(plain_inputs(corpus, seen, who))
    targets = frame_rows(corpus, task.plain_targets(visible[who]))
    if not semi_supervised:
        known = frame_rows(corpus, task.known(visible[who])).reshape(len(targets), -1).all(axis=1)
        inputs, targets = inputs[known], targets[known]
    inner = scale.transform(plain_inputs(corpus, seen, split.validation))
    best, best_score = None, -np.inf
    for model in plain.models[name]():
        with warnings.catch_warnings():
            # Few epochs of the perceptron are a setting, not a mishap.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", DataConversionWarning)
            # Columns that say the same are what the penalty of ridge regression is for.
            warnings.simplefilter("ignore", LinAlgWarning)
            model.fit(inputs, targets)
        found = plain.outputs(model, inner, task.output_width)
        score = _score(corpus, split.validation, found, corpus.given_targets)
        if score > best_score or best is None:
            best, best_score = model, score
    outputs = plain.outputs(
        best, scale.transform(plain_inputs(corpus, seen, split.test)), task.output_width
    )
    tested = _score(corpus, split.test, outputs, corpus.targets)
    if corpus.is_sequence:
        outputs = outputs.reshape(len(split.test), -1, task.output_width)
    return {task.primary.name: tested, "validation": float(best_score)}, outputs


def _score(corpus: Corpus, indices: Array, outputs: Array, targets: Array) -> float:
    """The primary score of answers to n samples; of frames, as those of every network are scored.

    Args:
        corpus: N samples.
        indices: n of them.
        outputs: (n, W), or of their frames (n · L, W).
        targets: of all N samples.
    """
    if corpus.is_sequence:
        outputs = outputs.reshape(len(indices), -1, corpus.task.output_width)
    found, task = answered(corpus, indices, outputs, targets), corpus.task
    return task.tallied([task.tally(task.recorded(found.outputs), found.targets)])


def plain_inputs(corpus: Corpus, names: Sequence[str], indices: Array) -> Array:
    """What modalities show of n samples, or of their frames, flattened, (n, D); tokens averaged."""
    parts = []
    for name in names:
        seen = corpus.batch(name, indices)
        seen = seen.flatten(0, 1) if corpus.is_sequence else pool(seen)
        parts.append(seen.numpy().reshape(len(seen), -1))
    return np.concatenate(parts, axis=1)


def frame_rows(corpus: Corpus, values: Array) -> Array:
    """Values of n samples with one row a frame, where samples are windows."""
    return values.reshape(-1, *values.shape[2:]) if corpus.is_sequence else values
