"""What the privileged modalities of a problem add, on its inner split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...analysis.added_information import PlainRows, Probe, probe_information
from ...data import Corpus
from ...data.corpus import IndexArray
from ..baselines import frame_rows, plain_inputs
from ..config import ExperimentConfig
from ..experiment import surroundings
from ..teacher_cache import teacher_stage


def probe_problem(config: ExperimentConfig, teachers: Path) -> Probe:
    """What the privileged modalities of an experiment add, on its inner split.

    Raw modalities are read as the features of their backbones. Only ``all_labels`` reads labels of
    samples that count as unlabelled; nothing is trained or chosen by it.

    Args:
        config: the experiment.
        teachers: folder of teacher stages; the one of this experiment is trained if missing.
    """
    with surroundings(config.threads):
        return probe_corpus(teacher_stage(config, teachers).corpus)


def probe_corpus(corpus: Corpus) -> Probe:
    """The probe of a corpus of vectors and tokens: learnt from its labelled samples.

    Raises:
        InputError: as :func:`pkdot.analysis.added_information.probe_information` does.
    """
    split = corpus.split

    def sides(indices: IndexArray) -> tuple[PlainRows, PlainRows]:
        seen, hidden = (
            _plain_rows(corpus, names, indices, corpus.given_targets)
            for names in (corpus.prevalent, corpus.privileged)
        )
        return seen, hidden

    everybody = _plain_rows(corpus, corpus.prevalent, split.train, corpus.targets)
    return probe_information(corpus.task, sides(split.labelled), sides(split.validation), everybody)


def _plain_rows(
    corpus: Corpus, names: Sequence[str], indices: IndexArray, targets: Any
) -> PlainRows:
    inputs = plain_inputs(corpus, names, indices)
    groups = corpus.groups[indices]
    if corpus.is_sequence:
        groups = groups.repeat(targets.shape[1])
    return PlainRows(inputs, frame_rows(corpus, targets[indices]), groups)
