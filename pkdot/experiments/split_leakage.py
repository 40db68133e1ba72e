"""What folds of clips instead of people add to a score, though nothing more was learned.

A plain classifier on pixels has no way to tell a person's look from a person's pain. Where other
windows of the same person were in its training set, it knows that look; where they were not, it
has to guess. The difference between the two ways to divide is the leak.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from tqdm.auto import tqdm

from ..data import Corpus, load_corpus
from ..errors import ConfigError
from .config import ExperimentConfig

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
    with tqdm(total=2 * 5 * len(assignments), unit="fold", disable=not progress) as bar:
        for arm, (title, protocol) in arms.items():
            for assignment in assignments:
                right: dict[str, list[int]] = {}
                for fold in range(5):
                    place = {"data.protocol": protocol, "data.fold": fold}
                    own = config.changed({**place, "data.fold_seed": assignment})
                    _count(load_corpus(own.data, own.seed, progress=progress), right)
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


def _count(corpus: Corpus, right: dict[str, list[int]]) -> None:
    """Test one fold and add up, group by group, how many of how many windows are right."""
    split = corpus.split
    train = np.concatenate([split.labelled, split.validation])
    seen = _late_frames(corpus, train)
    components = min(_COMPONENTS, len(seen) - 1, seen.shape[1])
    machine = make_pipeline(PCA(components, whiten=True, random_state=0), SVC())
    machine.fit(seen, corpus.given_targets[train])
    hits = machine.predict(_late_frames(corpus, split.test)) == corpus.targets[split.test]
    for group, hit in zip(corpus.groups[split.test], hits, strict=True):
        count = right.setdefault(str(group), [0, 0])
        count[0] += int(hit)
        count[1] += 1


def _late_frames(corpus: Corpus, indices: np.ndarray) -> np.ndarray:
    """Mean of the last frames of each clip, (n, pixels)."""
    clips = corpus.batch("video", indices).numpy()
    late = clips[:, :, int((1 - _LATE) * clips.shape[2]) :].mean(2)
    return late.reshape(len(indices), -1)
