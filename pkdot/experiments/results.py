"""What the finished networks of an experiment score and answer."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ..analysis.smoothing import smooth_over_time
from ..data import Corpus
from ..data.corpus import IndexArray
from ..errors import ConfigError
from ..networks import NetworkOutput
from ..record.target_columns import target_columns
from ..training.context import complete_only
from ..training.loop import Metrics
from ..training.reconstruction import reconstruction_by_group, reconstruction_metrics
from ..training.stages import Trained

_NUMBER = re.compile(r"[/#]\d+$")


@dataclass(frozen=True, eq=False)
class Answered:
    """What is scored: samples, or the frames of windows, each once.

    Attributes:
        outputs: (M, W), as a network gives them; means over the windows that cover a frame,
            smoothed over time as the corpus says.
        targets: of them; what selection may read, or the truth.
        ids, groups: (M,) str.
    """

    outputs: Any
    targets: np.ndarray
    ids: np.ndarray
    groups: np.ndarray


def answered(
    corpus: Corpus, indices: IndexArray, outputs: Any, targets: np.ndarray | None = None
) -> Answered:
    """Answers to some samples of a corpus.

    Args:
        corpus: N samples.
        indices: n of them.
        outputs: of the n samples, (n, W), or (n, L, W) of windows.
        targets: of all N samples; the truth if left out.

    Raises:
        ConfigError: if the corpus's width of smoothing is still to be chosen.
    """
    truth = (corpus.targets if targets is None else targets)[indices]
    if not corpus.is_sequence:
        return Answered(outputs, truth, corpus.ids[indices], corpus.groups[indices])
    names = corpus.frame_names(indices).reshape(-1)
    ids, first, which = np.unique(names, return_index=True, return_inverse=True)
    flat = torch.as_tensor(outputs).flatten(0, 1)
    sums = flat.new_zeros(len(ids), flat.shape[1]).index_add_(0, torch.as_tensor(which), flat)
    means = sums / torch.as_tensor(np.bincount(which))[:, None].to(sums)
    if corpus.smoothing is None:
        raise ConfigError(
            "The width of smoothing is still to be chosen; see with_chosen_smoothing of "
            "pkdot.experiments.smoothing."
        )
    if corpus.smoothing > 1:
        smooth = smooth_over_time(means.cpu().numpy(), sequences_of(ids), corpus.smoothing)
        means = torch.as_tensor(smooth, dtype=means.dtype)
    length = truth.shape[1]
    return Answered(
        means,
        truth.reshape(-1, truth.shape[2])[first],
        ids,
        corpus.groups[indices][first // length],
    )


def sequences_of(frames: np.ndarray) -> np.ndarray:
    """The sequence of each frame, (M,): its name without the number at the end."""
    return np.array([_NUMBER.sub("", name) for name in frames])


def part_scores(corpus: Corpus, part: str, outputs: Any) -> dict[str, float]:
    """Scores of a network on a part of the split; a test is read against the truth.

    Args:
        corpus: N samples.
        part: ``validation`` or ``test``.
        outputs: of all N samples.
    """
    indices = getattr(corpus.split, part)
    return scores_of(corpus, part, indices, outputs[indices])


def scores_of(corpus: Corpus, part: str, indices: IndexArray, outputs: Any) -> dict[str, float]:
    """Scores of answers to some samples of a part; those of frames after smoothing.

    Args:
        corpus: N samples.
        part: ``validation`` or ``test``.
        indices: n samples of it.
        outputs: of these n.
    """
    targets = corpus.targets if part == "test" else corpus.given_targets
    found = answered(corpus, indices, outputs, targets)
    scores = corpus.task.scores(found.outputs, found.targets)
    if corpus.is_sequence:
        scores[f"{corpus.task.primary.name} mean over groups"] = mean_over_groups(corpus, found)
    return scores


def mean_over_groups(corpus: Corpus, found: Answered) -> float:
    """Mean of the primary scores that each group has by itself; long ones count no more."""
    task, recorded = corpus.task, corpus.task.recorded(found.outputs)
    each = [
        task.tallied([task.tally(recorded[own], found.targets[own])])
        for own in (found.groups == name for name in np.unique(found.groups))
    ]
    return float(np.nanmean(each))


def final_metrics(trained: Trained, corpus: Corpus) -> dict[str, Metrics]:
    """Metrics of the finished networks by stage and split; tests are read against the truth.

    The teacher is scored on samples that have every modality; it has no metrics where none does.
    """
    split, targets = corpus.split, trained.shared.targets.output
    found: dict[str, Metrics] = {stage: {} for stage in ("teacher", "tnet", "student")}
    for part in ("validation", "test"):
        whole = complete_only(corpus, getattr(split, part))
        if corpus.task.has_target(corpus.targets[whole]).any():
            found["teacher"][part] = scores_of(corpus, part, whole, targets.outputs[whole])
        found["student"][part] = part_scores(corpus, part, trained.output.outputs)
    train, test = complete_only(corpus, split.train), complete_only(corpus, split.test)
    each = []
    for name in _hallucinated(trained, corpus):
        real, made = targets.features[name], trained.output.features[name]
        each.append(reconstruction_metrics(real[test], made[test], real[train].mean(0)))
    if each:
        found["tnet"]["test"] = {key: float(np.mean([e[key] for e in each])) for key in each[0]}
    return found


def _hallucinated(trained: Trained, corpus: Corpus) -> list[str]:
    """Privileged modalities that the student hallucinates and that some test sample has."""
    if not len(complete_only(corpus, corpus.split.test)):
        return []
    return [name for name in corpus.privileged if name in trained.output.features]


def tnet_by_group(trained: Trained, corpus: Corpus) -> dict[str, dict[str, dict[str, float]]]:
    """Modality -> test group -> error of the student's T-Net, and of the mean feature there."""
    split, targets = corpus.split, trained.shared.targets.output
    train, test = complete_only(corpus, split.train), complete_only(corpus, split.test)
    return {
        name: reconstruction_by_group(
            targets.features[name][test],
            trained.output.features[name][test],
            targets.features[name][train].mean(0),
            corpus.groups[test],
        )
        for name in _hallucinated(trained, corpus)
    }


def tnet_facts(trained: Trained, corpus: Corpus) -> dict[str, Any]:
    """``tnet_by_group`` for a record; nothing where each test sample is a group of its own."""
    groups = corpus.groups[complete_only(corpus, corpus.split.test)]
    if len(np.unique(groups)) == len(groups):
        return {}
    return {"tnet_by_group": tnet_by_group(trained, corpus)}


def predictions_table(trained: Trained, corpus: Corpus) -> pd.DataFrame:
    """Recorded outputs of teacher and student for validation and test samples, or frames.

    The teacher's are NaN for samples that lack a modality.
    """
    tables = []
    for part in ("validation", "test"):
        indices = getattr(corpus.split, part)
        table: dict[str, Any] = {}
        for who, output in _both(trained):
            outputs = output.outputs[indices]
            if who == "teacher" and len(lacking := np.flatnonzero(~corpus.complete[indices])):
                outputs[lacking] = torch.nan
            found = answered(corpus, indices, outputs)
            if not table:
                table = {"sample_id": found.ids, "subject": found.groups, "split": part}
                table |= target_columns(found.targets)
            recorded = corpus.task.recorded(found.outputs)
            table |= {f"{who}_{j}": recorded[:, j] for j in range(recorded.shape[1])}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def _both(trained: Trained) -> list[tuple[str, NetworkOutput]]:
    return [("teacher", trained.shared.targets.output), ("student", trained.output)]


def group_tallies(corpus: Corpus, outputs: Tensor) -> dict[str, Any]:
    """Test group -> :meth:`pkdot.tasks.Task.tally`; empty where every sample is its own group.

    Args:
        corpus: whose test samples.
        outputs: of the test samples.
    """
    found = answered(corpus, corpus.split.test, outputs)
    names = np.unique(found.groups)
    if len(names) == len(found.ids):
        return {}
    recorded = corpus.task.recorded(found.outputs)
    return {
        str(name): corpus.task.tally(recorded[own], found.targets[own])
        for name in names
        for own in [np.flatnonzero(found.groups == name)]
    }
