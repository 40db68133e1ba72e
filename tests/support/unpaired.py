"""A corpus of which teacher and student saw different recordings."""

from dataclasses import replace
from typing import Any

import numpy as np

from pkdot.data import Corpus
from pkdot.data.pairing import PairingSettings, apply_pairing
from pkdot.networks.settings import NetworkSettings
from tests.support.many_students import NETWORK
from tests.support.small_corpora import small_corpus

APART = NetworkSettings(
    **{**NETWORK.model_dump(exclude={"student_encoder", "tnet"}), "teacher_sees": "privileged"}
)
"""The networks of all small students, with a teacher that sees privileged modalities alone."""


def unpaired_corpus(seed: int = 0, **settings: Any) -> Corpus:
    """40 trusted pairs; of 30 other samples half are the student's, half the teacher's."""
    return apply_pairing(small_corpus(), PairingSettings(**{"unpaired": 1.0, **settings}), seed)


def blanked(corpus: Corpus) -> Corpus:
    """The same corpus without what nobody may read: absent recordings, and labels of training."""
    modalities = {}
    for name in corpus.names:
        samples = np.array(corpus.modalities[name][np.arange(len(corpus))])
        samples[~corpus.present.get(name, np.ones(len(corpus), dtype=bool))] = np.nan
        modalities[name] = samples
    hidden = np.concatenate([corpus.split.unlabelled, corpus.split.teacher_only])
    targets = corpus.targets.copy()
    targets[hidden] = -1
    return replace(corpus, modalities=modalities, targets=targets, given_targets=targets)
