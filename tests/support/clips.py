"""A corpus of tiny clips and signals in memory: what the encoder stage takes, without any file."""

import numpy as np

from pkdot.data.corpus import Corpus, Split
from pkdot.tasks import Classification, Ordinal


def clip_corpus(n: int = 96, *, seed: int = 0, ordinal: bool = False, classes: int = 2) -> Corpus:
    """Clips that brighten and signals that rise, more so in higher classes; 12 people, noise."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % classes).astype(np.int64)
    strength = labels / (classes - 1) - 0.5 + 0.2 * rng.standard_normal(n)
    ramp = np.linspace(-1, 1, 4)[:, None, None]
    clips = strength[:, None, None, None, None] * ramp + rng.standard_normal((n, 3, 4, 32, 32))
    rise = np.linspace(-1, 1, 64)
    signals = 2 * strength[:, None] * rise + 0.3 * rng.standard_normal((n, 64))
    subjects = np.array([f"p{i // classes * 12 // (n // classes):02d}" for i in range(n)])
    people = np.unique(subjects)
    parts = [people[:7], people[7:9], people[9:]]
    train, validation, test = (np.flatnonzero(np.isin(subjects, part)) for part in parts)
    return Corpus(
        name="clips",
        modalities={
            "video": clips.astype(np.float32),
            "eda": signals[:, None].astype(np.float32),
        },
        prevalent=("video",),
        privileged=("eda",),
        targets=labels,
        given_targets=labels,
        groups=subjects,
        ids=np.array([f"{subjects[i]}-{i}" for i in range(n)]),
        task=(Ordinal if ordinal else Classification)(
            classes=tuple(f"level {c}" for c in range(classes))
        ),
        split=Split(train, train[:0], validation, test),
        simulated=True,
        fingerprint=f"clips-{n}-{seed}-{classes}",
    )
