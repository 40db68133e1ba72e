"""What a cell says of the networks that it trained: scores, tallies of groups, T-Nets."""

from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from ..data import Corpus
from ..errors import ConfigError
from ..training.context import complete_only, present_only
from ..training.stages import Trained
from .results import final_metrics, group_tallies, part_scores, tnet_by_group


def scored(outputs: Tensor, corpus: Corpus) -> dict[str, Any]:
    """Test scores against the truth, validation scores against what selection could read.

    Args:
        outputs: of all N samples, (N, W) or (N, L, W).
        corpus: whose samples.

    Returns:
        Every score of the test samples, the two of the inner split, and what :func:`context_of` and
        :func:`tallies_of` give.
    """
    task = corpus.task
    inner = part_scores(corpus, "validation", outputs)
    return {
        **part_scores(corpus, "test", outputs),
        "validation": inner[task.primary.name],
        "validation_criterion": inner[task.criterion.name],
        **context_of(corpus),
        **tallies_of(outputs[corpus.split.test], corpus),
    }


def seen_by_teacher(corpus: Corpus) -> Corpus:
    """The corpus without test and inner samples that lack a privileged modality.

    Raises:
        ConfigError: if that leaves none of either.
    """
    if corpus.complete.all():
        return corpus
    parts = {p: complete_only(corpus, getattr(corpus.split, p)) for p in ("validation", "test")}
    for part, indices in parts.items():
        if not len(indices):
            raise ConfigError(
                f"No {part} sample of {corpus.name} has every privileged modality, so the teacher "
                f"cannot be scored; leave the arm 'teacher' out."
            )
    return replace(corpus, split=replace(corpus.split, **parts))


def seen_alone(outputs: Tensor, corpus: Corpus, modality: str) -> tuple[Tensor, Corpus]:
    """Outputs of the test samples that have a modality, and the corpus with those alone.

    Args:
        outputs: of the n test samples, (n, W) or (n, L, W).
        corpus: whose samples.
        modality: which.
    """
    test = corpus.split.test
    seen = np.isin(test, present_only(corpus, modality, test))
    return outputs[seen], replace(corpus, split=replace(corpus.split, test=test[seen]))


def context_of(corpus: Corpus) -> dict[str, Any]:
    """What a reader of cells needs to know of the corpus."""
    return {"task": corpus.task.model_dump(mode="json"), "unit": corpus.unit}


def tallies_of(outputs: Any, corpus: Corpus) -> dict[str, Any]:
    """Tallies of the test groups; nothing where every sample is a group of its own.

    Args:
        outputs: of the n test samples, (n, W) or (n, L, W).
        corpus: whose samples.
    """
    tallies = group_tallies(corpus, outputs)
    return {"by_group": tallies} if tallies else {}


def tnet_scores(trained: Trained, corpus: Corpus) -> dict[str, Any]:
    """What the student's T-Nets explain of the privileged features; nothing without T-Nets."""
    explained = final_metrics(trained, corpus)["tnet"].get("test")
    if explained is None:
        return {}
    found: dict[str, Any] = {"tnet_explained": explained["explained"]}
    if len(np.unique(corpus.groups[corpus.split.test])) < len(corpus.split.test):
        found["tnet_by_group"] = {
            modality: {name: of["explained"] for name, of in by_group.items()}
            for modality, by_group in tnet_by_group(trained, corpus).items()
        }
    return found
