"""What folds of clips instead of people add to a score, though nothing more was learned.

A plain classifier on pixels has no way to tell a person's look from a person's pain. Where other
windows of the same person were in its training set, it knows that look; where they were not, it
has to guess. The difference between the two ways to divide is the leak.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.svm import SVC
from tqdm.auto import tqdm

from ..data import Corpus
from ..errors import ConfigError
from .config import ExperimentConfig
from .corpora import experiment_corpus

_COMPONENTS = 60
_LATE = 0.4  # share of the window, its end: the response comes late


def leak_cells(
    config: ExperimentConfig, assignments: Sequence[int] = (0, 1, 2), *, progress: bool = True
) -> pd.DataFrame:
    """Score a support vector machine on the late frames, in folds of people and of clips.

    It reads the mean of the last frames of each clip, reduced to 60 principal components of the
    training windows. Nothing is tuned: both ways to divide get the same machine.

    Args:
        config: of BioVid with video as the prevalent modality.
        assignments: seeds that assign people, or clips, to the five folds.
        progress: whether to draw a progress bar.

    Returns:
        Cells for :func:`pkdot.analysis.arm_table.comparison_table` with ``unit="group"`` and
        ``reference="people"``: arms ``people`` and ``clips``, one row an assignment.

    Raises:
        ConfigError: if the student does not see video.
    """
    if "video" not in getattr(config.data, "prevalent", ()):
        raise ConfigError("The leak is measured on the pixels of BioVid; choose prevalent 'video'.")
    arms = {
        "people": ("folds of people", "grouped_5fold"),
        "clips": ("folds of clips (leak)", "released_5fold"),
    }
    rows = []
    ids, gram = np.empty(0), np.empty((0, 0))
    with tqdm(total=2 * 5 * len(assignments), unit="fold", disable=not progress) as bar:
        for arm, (title, protocol) in arms.items():
            for assignment in assignments:
                right: dict[str, list[int]] = {}
                for fold in range(5):
                    place = {"data.protocol": protocol, "data.fold": fold}
                    own = config.changed({**place, "data.fold_seed": assignment})
                    corpus = experiment_corpus(own, progress=progress)
                    if not np.array_equal(corpus.ids, ids):  # folds divide the same windows
                        ids, gram = corpus.ids, _gram(corpus)
                    _count(corpus, gram, right)
                    bar.update()
                hits, size = np.sum(list(right.values()), axis=0)
                rows.append(
                    {
                        "arm": arm,
                        "title": title,
                        "role": "baseline",
                        "seed": assignment,
                        "accuracy": hits / size,
                        "by_group": right,
                        "unit": "subject",
                    }
                )
    return pd.DataFrame(rows)


def _count(corpus: Corpus, gram: np.ndarray, right: dict[str, list[int]]) -> None:
    """Test one fold and add up, group by group, how many of how many windows are right."""
    split = corpus.split
    train = np.concatenate([split.labelled, split.validation])
    seen, unseen = principal_components(gram, train, split.test, _COMPONENTS)
    machine = SVC().fit(seen, corpus.given_targets[train])
    hits = machine.predict(unseen) == corpus.targets[split.test]
    for group, hit in zip(corpus.groups[split.test], hits, strict=True):
        count = right.setdefault(str(group), [0, 0])
        count[0] += int(hit)
        count[1] += 1


def _gram(corpus: Corpus) -> np.ndarray:
    """Products (N, N) of the mean late frames of all windows, each read once."""
    means = []
    for index in range(len(corpus)):
        clip = corpus.batch("video", np.array([index])).numpy()[0]
        means.append(clip[:, int((1 - _LATE) * clip.shape[1]) :].mean(1).ravel())
    pixels = np.stack(means).astype(np.float64)
    pixels -= pixels.mean(0)  # nothing that centring a fold would not take away: for precision
    return pixels @ pixels.T


def principal_components(
    gram: np.ndarray, train: np.ndarray, other: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whitened principal components of some rows of X, and of others, from X Xᵀ alone.

    With far more columns than rows this is as exact as a decomposition of X, and one product of
    all rows serves every way to divide them.

    Args:
        gram: (N, N), the products X Xᵀ.
        train: (n,) rows that the components are made from.
        other: (m,) rows that are described by them.
        most: components at most; directions without variance are left out.

    Returns:
        (n, c) and (m, c); the first have mean 0 and variance 1.

    Source: Schölkopf, Smola and Müller (1998), with the linear kernel.
    """
    own, cross = gram[np.ix_(train, train)], gram[np.ix_(other, train)]
    column = own.mean(0)
    centred = own - column - column[:, None] + own.mean()
    values, vectors = np.linalg.eigh(centred)
    kept = np.flatnonzero(values > 1e-10 * values[-1])[::-1][:most]
    values, vectors = values[kept], vectors[:, kept]
    scale = np.sqrt(len(train) - 1)
    unseen = cross - column - cross.mean(1, keepdims=True) + own.mean()
    return scale * vectors, scale * (unseen @ vectors) / values
