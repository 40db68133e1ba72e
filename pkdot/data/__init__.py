"""Corpora. Each is one module that offers a settings model and ``load(settings, seed)``."""

from typing import Annotated

from pydantic import Field

from ..errors import ConfigError
from ..settings import Settings
from . import affwild2, biovid, bundled_tables, digits, handwriting, numerals, vowels
from . import open as open_corpora
from .affwild2 import AffWild2Settings
from .biovid import BioVidSettings
from .bundled_tables import BreastCancerSettings, DiabetesSettings
from .corpus import Corpus, Split
from .digits import DigitsSettings
from .given import GivenSettings
from .handwriting import HandwritingSettings
from .numerals import NumeralsSettings
from .open import CREMADSettings, FSDDSettings, OpenSettings, RAVDESSSettings
from .own.settings import OwnSettings
from .pairing import PairingSettings, apply_pairing
from .vowels import VowelsSettings

CorpusSettings = Annotated[
    DigitsSettings
    | DiabetesSettings
    | BreastCancerSettings
    | HandwritingSettings
    | NumeralsSettings
    | VowelsSettings
    | BioVidSettings
    | AffWild2Settings
    | FSDDSettings
    | RAVDESSSettings
    | CREMADSettings
    | OwnSettings
    | GivenSettings,
    Field(discriminator="name"),
]


BUNDLED = ("digits", "diabetes", "breast_cancer", "handwriting", "numerals", "vowels")
"""Corpora of real data that come with a package; the last three with one that is optional."""


def named(data: str) -> dict[str, str]:
    """Settings of the corpus that a word names: a bundled one, or own data at a path.

    Args:
        data: one of :data:`BUNDLED`, or a path of any form of own data.
    """
    return {"name": data} if data in BUNDLED else {"name": "own", "path": data}


def load_corpus(settings: CorpusSettings, seed: int, *, progress: bool = True) -> Corpus:
    """Load the corpus that ``settings.name`` names.

    Args:
        settings: of one corpus.
        seed: of the split, of noise and of wrong labels.
        progress: whether to draw bars while files are read or made.

    Raises:
        ConfigError: for a corpus that was given in memory.
        DataError: if the corpus cannot be used as asked.
    """
    if isinstance(settings, GivenSettings):
        raise ConfigError(
            f"The corpus {settings.corpus!r} was given in memory; give it to run_experiment again, "
            f"or save it as .npz and name the file."
        )
    if isinstance(settings, BioVidSettings):
        return biovid.load(settings, seed, progress=progress)
    if isinstance(settings, AffWild2Settings):
        return affwild2.load(settings, seed, progress=progress)
    if isinstance(settings, OpenSettings):
        return open_corpora.load(settings, seed, progress=progress)
    if isinstance(settings, OwnSettings):
        from .own.load import load

        return load(settings, seed, progress=progress)
    if isinstance(settings, DiabetesSettings):
        return bundled_tables.load_diabetes_corpus(settings, seed)
    if isinstance(settings, BreastCancerSettings):
        return bundled_tables.load_breast_cancer_corpus(settings, seed)
    if isinstance(settings, HandwritingSettings):
        return handwriting.load(settings, seed)
    if isinstance(settings, NumeralsSettings):
        return numerals.load(settings, seed)
    if isinstance(settings, VowelsSettings):
        return vowels.load(settings, seed)
    return digits.load(settings, seed)


def pinned(settings: CorpusSettings, *, progress: bool = True) -> CorpusSettings:
    """The same settings, bound to what the data hold now; own files may change under their name.

    Args:
        settings: of one corpus; only own data are read.
        progress: whether to draw bars while files are read.

    Raises:
        DataError: if the corpus cannot be used as asked.
    """
    if not isinstance(settings, OwnSettings) or settings.contents:
        return settings
    corpus = load_corpus(settings, 0, progress=progress)
    found = {"contents": corpus.facts["contents"], "simulated": corpus.simulated}
    return settings.model_copy(update=found)


__all__ = [
    "BUNDLED",
    "AffWild2Settings",
    "BioVidSettings",
    "BreastCancerSettings",
    "CREMADSettings",
    "Corpus",
    "CorpusSettings",
    "DiabetesSettings",
    "DigitsSettings",
    "FSDDSettings",
    "GivenSettings",
    "HandwritingSettings",
    "NumeralsSettings",
    "OwnSettings",
    "PairingSettings",
    "RAVDESSSettings",
    "Settings",
    "Split",
    "VowelsSettings",
    "apply_pairing",
    "load_corpus",
    "named",
    "pinned",
]
