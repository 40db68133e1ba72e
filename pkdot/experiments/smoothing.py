"""The width over which answers are averaged in time, chosen once for all arms.

``data.smoothing=auto`` chooses it by a model that is no arm: ridge regression, frame by frame, on
what the student sees. The width whose smoothed answers score best on the inner split is then that
of the corpus, for teacher, students and plain models alike. It depends on data and seed only, never
on networks, methods or the test, so that no arm of a sweep has a width to its own liking. A single
frame says less than a window: the width may be larger than the best one for a network over time.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from torch.nn import functional

from ..analysis.smoothing import best_width, width_scores
from ..data import Corpus
from ..data.corpus import IndexArray
from ..errors import ConfigError
from ..keyed_cache import short_hash
from .results import answered, sequences_of

MODEL = "ridge"
MOST_FRAMES = 20_000
"""Training frames that the model learns from, at equal steps over the windows."""
SIDE = 16
"""A picture or spectrogram is averaged to so many rows and columns, its channels to one."""
_WINDOWS = 64  # read at a time
_known_scores: dict[str, dict[int, float]] = {}  # of corpora that this process has seen


def with_chosen_smoothing(corpus: Corpus) -> Corpus:
    """A corpus whose width of smoothing is a number; as it is where it was one.

    Of a chosen one the facts hold ``smoothing`` and, as ``smoothing_chosen``, the inner score of
    every width that was tried.

    Raises:
        ConfigError: if samples are no windows of frames.
    """
    if corpus.smoothing is not None:
        return corpus
    if not corpus.is_sequence:
        raise ConfigError(
            f"Only answers to frames can be smoothed over time, and samples of {corpus.name} are "
            f"no windows; leave data.smoothing at 1."
        )
    split = corpus.split
    key = short_hash([corpus.fingerprint, split.labelled.tolist(), split.validation.tolist()])
    if key not in _known_scores:
        _known_scores[key] = _inner_scores(corpus)
    scores = _known_scores[key]
    width = best_width(corpus.task, scores)
    chosen = {
        "by": f"{corpus.task.plain.titles[MODEL]} on {', '.join(corpus.prevalent)}, inner split",
        "scores": {str(tried): score for tried, score in scores.items()},
    }
    facts = {**corpus.facts, "smoothing": width, "smoothing_chosen": chosen}
    return replace(corpus, smoothing=width, facts=facts)


def _inner_scores(corpus: Corpus) -> dict[int, float]:
    """Width -> primary score of the model's smoothed answers on the inner split."""
    task, plain = corpus.task, corpus.task.plain
    labelled, inner = corpus.split.labelled, corpus.split.validation
    some = labelled[:: -(-len(labelled) * corpus.targets.shape[1] // MOST_FRAMES)]
    targets = task.plain_targets(corpus.given_targets[some])
    targets = targets.reshape(-1, targets.shape[-1])
    known = task.known(corpus.given_targets[some]).reshape(len(targets), -1).all(axis=1)
    inputs = _frames(corpus, some)[known]
    scale = StandardScaler().fit(inputs)
    whole = replace(corpus, smoothing=1)
    models = [model.fit(scale.transform(inputs), targets[known]) for model in plain.models[MODEL]()]
    outputs = np.empty((len(models), *corpus.given_targets[inner].shape[:2], task.output_width))
    for start in range(0, len(inner), _WINDOWS):  # frames are read once for all models
        part = slice(start, start + _WINDOWS)
        seen = scale.transform(_frames(corpus, inner[part]))
        for model, own in zip(models, outputs, strict=True):
            answers = plain.outputs(model, seen, task.output_width)
            own[part] = answers.reshape(own[part].shape)
    best: dict[int, float] = {}
    for own in outputs:
        found = answered(whole, inner, own, corpus.given_targets)
        recorded = task.recorded(found.outputs)
        scores = width_scores(task, recorded, found.targets, sequences_of(found.ids))
        sign = 1 if task.primary.higher_is_better else -1
        if not best or sign * scores[1] > sign * best[1]:
            best = scores
    return best


def _frames(corpus: Corpus, indices: IndexArray) -> np.ndarray[Any, np.dtype[Any]]:
    """What a student sees of the frames of n windows, in few numbers, (n · L, D)."""
    parts = []
    for name in corpus.prevalent:
        frames = corpus.batch(name, indices).flatten(0, 1)
        if frames.ndim == 4:
            rows, columns = (min(SIDE, size) for size in frames.shape[2:])
            frames = functional.adaptive_avg_pool2d(frames.mean(1), (rows, columns))
        parts.append(frames.flatten(1).numpy())
    return np.concatenate(parts, axis=1)
