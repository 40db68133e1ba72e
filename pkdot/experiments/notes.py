"""Sentences that a run says at its beginning, and that its record keeps."""

from collections.abc import Sequence

from ..data import Corpus
from .own_networks import OwnNetworks


def run_notes(corpus: Corpus, own: OwnNetworks, changes: Sequence[str] = ()) -> list[str]:
    """What a reader must know of a run beyond its settings.

    Args:
        corpus: of the run.
        own: networks of the user's.
        changes: sentences on settings that these changed.
    """
    return [*own.notes(), *changes, *missing_notes(corpus)]


def missing_notes(corpus: Corpus) -> list[str]:
    """One sentence on training samples that lack a modality; none where all have it."""
    train = corpus.split.train
    if corpus.is_unpaired:
        return [
            f"Beside {len(corpus.split.labelled)} trusted pairs, {len(corpus.split.unlabelled)} "
            f"training samples are the student's and {len(corpus.split.teacher_only)} others the "
            f"teacher's; methods that need pairs learn from the trusted ones alone, and the "
            f"batches in the record show these alone."
        ]
    lacking = [
        f"{int((~corpus.present[name][train]).sum())} lack {name!r}"
        for name in corpus.privileged
        if name in corpus.present and not corpus.present[name][train].all()
    ]
    if not lacking:
        return []
    return [
        f"Of the {len(train)} training samples {', '.join(lacking)}; the student's task loss reads "
        f"them where they have a target, and teacher, T-Net and distillation leave them out."
    ]
