"""Pairs that are wrong or missing, and classes of unequal frequency, made out of any corpus.

A pair is one sample as student and teacher see it. Pairs with a label are trusted: somebody looked
at them, and nothing here touches them. Of the samples without label some pairs are taken apart,
some are exchanged, and some samples are left out, so that one can measure what a method needs.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from ..errors import ConfigError
from ..keyed_cache import short_hash
from ..settings import Settings
from .corpus import Corpus, IndexArray, Samples, Split


class PairingSettings(Settings):
    """What is done to the pairs without label, and to the frequency of classes; nothing at first.

    Samples of one seed are the same whatever else is set: what is taken apart does not depend on
    ``wrong``, and inner split and test depend on ``tail`` alone.
    """

    wrong: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the pairs without label whose privileged recording is another such "
        "sample's",
    )
    unpaired: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the samples without label that are seen by one side alone; needs "
        "network.teacher_sees privileged",
    )
    teacher_share: float = Field(
        0.5, gt=0, lt=1, description="of those seen by one side, the share that the teacher saw"
    )
    tail: float = Field(
        1.0,
        ge=1,
        description="how many times as often as the rarest the most frequent class stands among "
        "the samples without label, in the inner split and in the test",
    )
    teacher_tail: float | None = Field(
        None,
        gt=0,
        description="the same for what only the teacher saw; below 1 the order of classes turns "
        "round; null: as tail",
    )

    @model_validator(mode="after")
    def _a_pair_is_left_to_be_wrong(self) -> Self:
        if self.wrong and self.unpaired == 1:
            raise ConfigError(
                f"pairing.wrong is {self.wrong}, and with pairing.unpaired at 1 no pair without "
                f"label is left that could be wrong; set one of them to 0."
            )
        return self

    @property
    def changes_data(self) -> bool:
        """Whether a corpus comes out as another one."""
        return self.wrong > 0 or self.unpaired > 0 or self.tail != 1


class ReorderedSamples:
    """Samples of a modality in another order, read on demand.

    Args:
        samples: N of them.
        order: (N,), which of them stands at each place.
    """

    def __init__(self, samples: Samples, order: IndexArray) -> None:
        self._samples, self.order = samples, order

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: Any) -> Any:
        return self._samples[self.order[index]]


def apply_pairing(corpus: Corpus, settings: PairingSettings, seed: int) -> Corpus:
    """A corpus with the pairs and the frequencies that settings ask for.

    Its facts hold ``pairing``: how many pairs are trusted, doubtful and wrong, how many recordings
    each side has alone, and the share of each class among them.

    Args:
        corpus: as it was loaded; ids, targets and groups stay, and so does who is in training.
        settings: what is done; nothing by default, and the very corpus is given back.
        seed: of all draws.

    Raises:
        ConfigError: for windows of frames, a corpus without privileged modality or with too few
            samples without label, and for tails where samples have no class.
        DataError: if a labelled training sample lacks a modality where others are unpaired.
    """
    if not settings.changes_data:
        return corpus
    _check(corpus, settings)
    student_only, teacher_only = _taken_apart(corpus, settings, seed)
    split = _with_tails(corpus, settings, teacher_only, seed)
    pairs = np.setdiff1d(split.unlabelled[corpus.complete[split.unlabelled]], student_only)
    wrong = _chosen(pairs, settings.wrong, seed, corpus.name)
    order = np.arange(len(corpus))
    order[wrong] = np.roll(wrong, 1)  # a cycle through a random order: nobody keeps his own
    names = corpus.privileged if len(wrong) else ()
    exchanged = {name: ReorderedSamples(corpus.modalities[name], order) for name in names}
    sources = {name: corpus.source(name) for name in corpus.names}
    sources |= {name: short_hash([sources[name], order.tolist()]) for name in exchanged}
    present = dict(corpus.present)
    for side, lacking in ((corpus.privileged, student_only), (corpus.prevalent, teacher_only)):
        for name in side if len(lacking) else ():
            present[name] = _without(present.get(name), lacking, len(corpus))
    return replace(
        corpus,
        modalities={**corpus.modalities, **exchanged},
        split=split,
        present=present,
        sources={**corpus.sources, **sources},
        fingerprint=short_hash([corpus.fingerprint, settings.model_dump(mode="json"), seed]),
        facts={**corpus.facts, "pairing": _facts(corpus, split, student_only, len(wrong))},
    )


def _chance(seed: int, what: str) -> np.random.Generator:
    """A generator for one of the draws; the others do not move it."""
    return np.random.default_rng([seed, zlib.crc32(f"pairing {what}".encode())])


def _check(corpus: Corpus, settings: PairingSettings) -> None:
    if corpus.is_sequence:
        raise ConfigError(
            f"Samples of {corpus.name} are windows of frames, which overlap; pairing takes samples "
            f"apart and knows no such. Leave the settings of pairing as they are."
        )
    if (settings.wrong or settings.unpaired) and not corpus.privileged:
        raise ConfigError(
            f"Corpus {corpus.name!r} has no privileged modality, so there is no pair that could be "
            f"wrong or taken apart; leave pairing.wrong and pairing.unpaired at 0."
        )
    if _tails(settings) != (1.0, None) and not corpus.task.class_names:
        raise ConfigError(
            f"A tail is drawn by class, and samples of {corpus.name} have none (the task is "
            f"{corpus.task.kind!r}); leave pairing.tail and pairing.teacher_tail as they are."
        )


def _tails(settings: PairingSettings) -> tuple[float, float | None]:
    """Tails of the student's side and the teacher's; None: nothing is left out."""
    teacher = settings.teacher_tail if settings.unpaired else None
    return settings.tail, teacher


def _taken_apart(
    corpus: Corpus, settings: PairingSettings, seed: int
) -> tuple[IndexArray, IndexArray]:
    """Samples whose privileged recording is taken away, and samples that only the teacher saw."""
    unlabelled = corpus.split.unlabelled
    pairs = unlabelled[corpus.complete[unlabelled]]
    if not settings.unpaired:
        return pairs[:0], pairs[:0]
    lone = _chance(seed, "unpaired").permutation(pairs)[: round(settings.unpaired * len(pairs))]
    count = round(settings.teacher_share * len(lone))
    if not 0 < count < len(lone):
        raise ConfigError(
            f"Of the {len(pairs)} pairs without label in {corpus.name}, pairing.unpaired takes "
            f"{len(lone)} apart, of which {count} are for the teacher; each side needs one at "
            f"least, so give more samples without label or another share."
        )
    return np.sort(lone[count:]), np.sort(lone[:count])


def _with_tails(
    corpus: Corpus, settings: PairingSettings, teacher_only: IndexArray, seed: int
) -> Split:
    """The split, of which samples are left out so that classes have their tails."""
    split = corpus.split
    tail, teacher_tail = _tails(settings)
    rank = _chance(seed, "order of classes").permutation(len(corpus.task.class_names))
    others = None if tail == 1 else tail
    parts: dict[str, tuple[IndexArray, float | None]] = {
        "unlabelled": (split.unlabelled[~np.isin(split.unlabelled, teacher_only)], others),
        "teacher_only": (teacher_only, teacher_tail or others),
        "validation": (split.validation, others),
        "test": (split.test, others),
    }
    found = {
        name: indices
        if own is None or not len(indices)
        else _tailed(corpus, indices, own, rank, _chance(seed, f"tail of {name}"))
        for name, (indices, own) in parts.items()
    }
    return replace(split, **found)


def _tailed(
    corpus: Corpus, indices: IndexArray, tail: float, rank: np.ndarray, chance: np.random.Generator
) -> IndexArray:
    """As many of some samples as can stay so that their classes follow a geometric series.

    Args:
        corpus: tells the classes.
        indices: n samples.
        tail: first over last term of the series.
        rank: (C,), place of each class in it.
        chance: who stays.
    """
    classes = corpus.targets[indices]
    if (classes < 0).any():
        raise ConfigError(
            f"{int((classes < 0).sum())} samples of {corpus.name} have no known class, so they can "
            f"follow no tail; leave pairing.tail and pairing.teacher_tail as they are."
        )
    there, counts = np.unique(classes, return_counts=True)
    wanted = tail ** (-rank[there] / max(1, len(rank) - 1))
    keep = np.maximum(1, np.floor((counts / wanted).min() * wanted + 1e-9).astype(int))
    chosen = [
        chance.permutation(indices[classes == label])[:count]
        for label, count in zip(there, keep, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def _chosen(pairs: IndexArray, share: float, seed: int, name: str) -> IndexArray:
    """The pairs that become wrong, in random order."""
    chosen = _chance(seed, "wrong").permutation(pairs)[: round(share * len(pairs))]
    if share and len(chosen) < 2:
        raise ConfigError(
            f"pairing.wrong = {share:g} of the {len(pairs)} pairs without label in {name} are "
            f"{len(chosen)}, and it takes two to exchange recordings; give a larger share, or more "
            f"samples without label."
        )
    return chosen


def _without(present: np.ndarray | None, lacking: IndexArray, size: int) -> np.ndarray:
    """Which samples have a modality, when some no longer do."""
    there = np.ones(size, dtype=bool) if present is None else present.copy()
    there[lacking] = False
    return there


def _facts(corpus: Corpus, split: Split, student_only: IndexArray, wrong: int) -> Mapping[str, Any]:
    """What was done, for the record."""
    alone = np.isin(split.unlabelled, student_only) | ~corpus.complete[split.unlabelled]
    found: dict[str, Any] = {
        "trusted_pairs": int(corpus.complete[split.labelled].sum()),
        "doubtful_pairs": int((~alone).sum()),
        "wrong_pairs": wrong,
        "student_only": int(alone.sum()),
        "teacher_only": len(split.teacher_only),
    }
    names = corpus.task.class_names
    parts = ("labelled", "unlabelled", "teacher_only", "validation", "test")
    shares = {}
    for part in parts if names else ():
        classes = corpus.targets[getattr(split, part)]
        counts = np.bincount(classes[classes >= 0], minlength=len(names))
        if counts.sum():
            own = np.round(counts / counts.sum(), 4).tolist()
            shares[part] = dict(zip(names, own, strict=True))
    return {**found, **({"class_shares": shares} if shares else {})}
