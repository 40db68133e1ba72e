"""Corpora. Each is one module that offers a settings model and ``load(settings, seed)``."""

from ..settings import Settings
from . import digits
from .corpus import Corpus, Split
from .digits import DigitsSettings

CorpusSettings = DigitsSettings

_LOADERS = {"digits": digits.load}


def load_corpus(settings: CorpusSettings, seed: int) -> Corpus:
    """Load the corpus that ``settings.name`` names, split and corrupted by ``seed``."""
    return _LOADERS[settings.name](settings, seed)


__all__ = ["Corpus", "CorpusSettings", "DigitsSettings", "Settings", "Split", "load_corpus"]
