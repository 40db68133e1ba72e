"""Pairs whose two sides do not belong together: found by what the corpus shows, and left out.

Labelled samples and those of the inner split were looked at by somebody, so their pairs are
trusted. Nobody looked at those of the unlabelled training samples. How well the privileged side of
a pair agrees with the prevalent one tells which share of them is wrong, see
:mod:`pkdot.analysis.wrong_pairs`. No target is read.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis.wrong_pairs import WrongPairs, wrong_pairs
from ..data import Corpus
from ..data.corpus import IndexArray
from ..training.context import complete_only

FEWEST = 20
"""Groups of trusted and of doubtful pairs, each, that an estimate takes at least."""
RARE = 0.05
"""Up to this share wrong pairs are not worth a word."""
FACT = "pairs that hold"
"""Name of what is found among a corpus's facts, and in the record."""
_CHUNK = 4096
_IN_MEMORY = 64
_known: "OrderedDict[str, WrongPairs]" = OrderedDict()


@dataclass(frozen=True, eq=False)
class PairDoubt:
    """What is found about the pairs of a corpus.

    Attributes:
        trusted: places of the pairs that are known to be right.
        doubtful: places of the others among the training samples.
        found: of the doubtful ones, in that order.
    """

    trusted: IndexArray
    doubtful: IndexArray
    found: WrongPairs

    @property
    def likely(self) -> bool:
        """Whether wrong pairs are likely: more than a few, and the interval holds no 0."""
        return self.found.low > 0 and self.found.share > RARE

    @property
    def refused(self) -> IndexArray:
        """Places of the doubtful pairs that are rather wrong than right."""
        return self.doubtful[self.found.belief < 0.5]

    def facts(self) -> dict[str, Any]:
        """What a record keeps: the share of the doubtful pairs that hold, with its interval."""
        found = self.found
        if np.isnan(found.share):
            told: dict[str, Any] = {"share": None}
        else:
            interval = [round(1 - found.high, 4), round(1 - found.low, 4)]
            told = {"share": round(1 - found.share, 4), "interval": interval}
        sizes = {"trusted": len(self.trusted), "doubtful": len(self.doubtful)}
        return {**told, "separation": round(found.separation, 4), **sizes}

    def sentence(self, left_out: bool) -> str:
        """For people, where wrong pairs are :attr:`likely`."""
        found = self.found
        first = (
            f"About {100 * found.share:.0f} % of the {len(self.doubtful)} pairs without a label "
            f"seem to be wrong (95 % interval {100 * found.low:.0f} to {100 * found.high:.0f} %)"
        )
        if not left_out:
            return f"{first}; training.doubtful_pairs=leave_out does without those."
        return (
            f"{first}: {len(self.refused)} of them were left out; check how the recordings were "
            f"paired, or keep all by training.doubtful_pairs=keep."
        )


def pair_doubt(corpus: Corpus) -> PairDoubt | None:
    """Which share of a corpus's unlabelled pairs is wrong, and which ones.

    Args:
        corpus: of vectors or tokens; the same corpus gives the same answer.

    Returns:
        None where there is nothing to tell: no privileged modality, too few groups, samples that
        are still raw, or numbers that are not finite (training names their samples).
    """
    split = corpus.split
    looked_at = np.concatenate([split.labelled, split.validation])
    trusted, doubtful = (complete_only(corpus, x) for x in (looked_at, split.unlabelled))
    fewest = min(len(np.unique(corpus.groups[x])) for x in (trusted, doubtful))
    if not corpus.privileged or fewest < FEWEST:
        return None
    pairs = np.concatenate([trusted, doubtful])
    found = (_view(corpus, names, pairs) for names in (corpus.prevalent, corpus.privileged))
    views = [view for view in found if view is not None and np.isfinite(view).all()]
    if len(views) < 2:
        return None
    known = np.arange(len(pairs)) < len(trusted)
    groups = corpus.groups[pairs]
    content = hashlib.sha256()
    for part in (*views, known, np.unique(groups, return_inverse=True)[1]):
        content.update(np.ascontiguousarray(part).tobytes())
    key = content.hexdigest()
    if key not in _known:
        _known[key] = wrong_pairs(views[0], views[1], known, groups)
        while len(_known) > _IN_MEMORY:
            _known.popitem(last=False)
    return PairDoubt(trusted, doubtful, _known[key])


def without_doubtful_pairs(corpus: Corpus, leave_out: bool = True) -> Corpus:
    """The corpus with what is found about its pairs among its facts, as :data:`FACT`.

    Where wrong pairs are likely, those that seem wrong are no training samples any more, unless
    ``leave_out`` is false. Where some recordings have no counterpart, methods read trusted pairs
    alone, and the two sides of the others one by one: nothing is left out.
    """
    doubt = pair_doubt(corpus)
    if doubt is None or len(corpus.split.teacher_only):
        return corpus
    facts, split = doubt.facts(), corpus.split
    if doubt.likely:
        facts["note"] = doubt.sentence(leave_out)
        if leave_out:
            kept = split.unlabelled[~np.isin(split.unlabelled, doubt.refused)]
            split = replace(split, unlabelled=kept)
            facts["left out"] = len(doubt.refused)
    return replace(corpus, split=split, facts={**corpus.facts, FACT: facts})


def _view(corpus: Corpus, names: Sequence[str], indices: IndexArray) -> np.ndarray | None:
    """Modalities side by side, places and frames averaged, (n, F); None where any is raw."""
    if any(corpus.kind(name) not in ("vector", "columns", "tokens", "frames") for name in names):
        return None
    parts = []
    for start in range(0, len(indices), _CHUNK):
        some = indices[start : start + _CHUNK]
        samples = [corpus.batch(name, some) for name in names]
        means = [x.mean(tuple(range(1, x.ndim - 1))) if x.ndim > 2 else x for x in samples]
        parts.append(np.concatenate([x.numpy() for x in means], axis=1))
    return np.concatenate(parts)
