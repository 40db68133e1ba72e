"""Corpora whose unlabelled pairs are wrong in part."""

from dataclasses import replace

import numpy as np

from pkdot.data import Corpus


def with_wrong_pairs(corpus: Corpus, share: float, seed: int = 0) -> tuple[Corpus, np.ndarray]:
    """A corpus of arrays in which a share of the unlabelled samples have another one's privileged
    side, and which ones, (N,) bool."""
    unlabelled = corpus.split.unlabelled
    chosen = np.random.default_rng(seed).permutation(unlabelled)[: round(share * len(unlabelled))]
    order = np.arange(len(corpus))
    order[chosen] = np.roll(chosen, 1)
    views = {name: np.asarray(corpus.modalities[name])[order] for name in corpus.privileged}
    spoiled = replace(corpus, modalities={**corpus.modalities, **views})
    return spoiled, order != np.arange(len(corpus))
