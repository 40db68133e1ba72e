"""Corpora. Each is one module that offers a settings model and ``load(settings, seed)``."""

from typing import Annotated

from pydantic import Field

from ..settings import Settings
from . import biovid, digits
from .biovid import BioVidSettings
from .corpus import Corpus, Split
from .digits import DigitsSettings

CorpusSettings = Annotated[DigitsSettings | BioVidSettings, Field(discriminator="name")]


def load_corpus(settings: CorpusSettings, seed: int) -> Corpus:
    """Load the corpus that ``settings.name`` names, split and corrupted by ``seed``."""
    if isinstance(settings, BioVidSettings):
        return biovid.load(settings, seed)
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
