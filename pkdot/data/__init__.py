"""Corpora. Each is one module that offers a settings model and ``load(settings, seed)``."""

from typing import Annotated

from pydantic import Field

from ..settings import Settings
from . import biovid, digits
from .biovid import BioVidSettings
from .corpus import Corpus, Split
from .digits import DigitsSettings

CorpusSettings = Annotated[DigitsSettings | BioVidSettings, Field(discriminator="name")]


def load_corpus(settings: CorpusSettings, seed: int, *, progress: bool = True) -> Corpus:
    """Load the corpus that ``settings.name`` names.

    Args:
        settings: of one corpus.
        seed: of the split, of noise and of wrong labels.
        progress: whether to draw bars while files are read or made.
    """
    if isinstance(settings, BioVidSettings):
        return biovid.load(settings, seed, progress=progress)
    return digits.load(settings, seed)


__all__ = [
    "BioVidSettings",
    "Corpus",
    "CorpusSettings",
    "DigitsSettings",
    "Settings",
    "Split",
    "load_corpus",
]
