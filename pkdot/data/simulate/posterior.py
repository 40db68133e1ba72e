"""Class probabilities given the latent pain of a simulated window: the best teacher there is."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from ...errors import DataError
from ..marker import MARKER
from .biovid import STRENGTHS, Strengths, mean_pain


def class_posterior(
    pain: np.ndarray, class_ids: Sequence[int], strengths: Strengths = STRENGTHS
) -> np.ndarray:
    """Class probabilities given the latent pain, by Bayes' rule; all classes equally likely.

    Args:
        pain: latent intensities, (n,), in 0..1; the ends stand for all that was cut off there.
        class_ids: the C classes in question, numbers of :data:`~pkdot.data.biovid.index.CLASSES`.
        strengths: of the generator.

    Returns:
        Probabilities, (n, C); rows sum to 1.
    """
    pain = np.asarray(pain, dtype=np.float64)[:, None]
    middle = mean_pain(np.asarray(class_ids), strengths)
    within = norm.logpdf(pain, middle, strengths.spread)
    below, above = (tail(pain, middle, strengths.spread) for tail in (norm.logcdf, norm.logsf))
    logs = np.where(pain <= 0, below, np.where(pain >= 1, above, within))
    odds = np.exp(logs - logs.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


def read_posterior(base: Path, samples: Sequence[str], class_ids: Sequence[int]) -> np.ndarray:
    """:func:`class_posterior` of windows of a simulated corpus, (n, C).

    Args:
        base: folder of the corpus, as :func:`simulate` wrote it.
        samples: names of the windows.
        class_ids: the classes in question.

    Raises:
        DataError: if the table of latents is missing, or lacks a window.
    """
    latents = base / "simulation" / "latent.csv"
    try:
        strengths = Strengths(**json.loads((base / MARKER).read_text())["strengths"])
        pain = pd.read_csv(latents, sep="\t", index_col="sample_name")["pain"]
        return class_posterior(pain.loc[list(samples)].to_numpy(), class_ids, strengths)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{base} holds no latent pain of its windows ({error}); simulate the "
            "corpus again in a new folder."
        ) from None
