"""Corpus ``affwild2``: valence and arousal of faces in videos, with their sound.

Settings can be written and read anywhere; reading the files needs PyAV, OpenCV and pooch, which are
imported only then.
"""

from typing import TYPE_CHECKING

from ...errors import ConfigError
from .settings import AffWild2Settings

if TYPE_CHECKING:
    from ..corpus import Corpus


def load(settings: AffWild2Settings, seed: int, *, progress: bool = True) -> "Corpus":
    """The corpus of one seed; see :func:`pkdot.data.affwild2.corpus.load`.

    Raises:
        ConfigError: where a library for videos is not installed.
    """
    require_libraries()
    from .corpus import load as load_corpus

    return load_corpus(settings, seed, progress=progress)


def require_libraries() -> None:
    """Raise :class:`ConfigError` unless what reads videos and pictures is installed."""
    from importlib.util import find_spec

    missing = [name for name in ("av", "cv2", "pooch") if not find_spec(name)]
    if missing:
        raise ConfigError(
            f"Aff-Wild2 needs {', '.join(missing)}, not installed here: pip install 'pkdot[media]'."
        )


__all__ = ["AffWild2Settings", "load", "require_libraries"]
