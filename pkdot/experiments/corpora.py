"""The corpus of an experiment, as all that trains on it meets it."""

from ..data import Corpus, apply_pairing, load_corpus
from .config import ExperimentConfig
from .smoothing import with_chosen_smoothing


def experiment_corpus(config: ExperimentConfig, *, progress: bool = True) -> Corpus:
    """The corpus that a config names, made ready by :func:`prepared_corpus`.

    Args:
        config: of the experiment.
        progress: whether to draw bars while files are read.

    Raises:
        ConfigError, DataError: as loading does, and as :func:`prepared_corpus`.
    """
    return prepared_corpus(config, load_corpus(config.data, config.seed, progress=progress))


def prepared_corpus(config: ExperimentConfig, corpus: Corpus) -> Corpus:
    """A corpus with the experiment's pairing, and a width of smoothing that is a number.

    Raises:
        ConfigError, DataError: as :func:`pkdot.data.apply_pairing` and
            :func:`pkdot.experiments.smoothing.with_chosen_smoothing`.
    """
    return with_chosen_smoothing(apply_pairing(corpus, config.pairing, config.seed))
