"""BioVid Heat Pain Database: from the database's own files to a corpus.

``index`` lists the windows, ``signals`` and ``video`` read one, ``check`` reports on all of them,
``prepare`` caches what was read, ``protocols`` splits, ``corpus`` puts it together. Reading needs
libraries that the rest of the kit does not, so they are imported when a corpus is loaded.
"""

from ...errors import ConfigError
from ..corpus import Corpus
from .settings import BioVidSettings


def load(settings: BioVidSettings, seed: int, *, progress: bool = True) -> Corpus:
    """The corpus of one fold and seed; see :func:`pkdot.data.biovid.corpus.load`.

    Raises:
        ConfigError: where a library for video or biosignals is not installed.
    """
    require_libraries()
    from .corpus import load as load_corpus

    return load_corpus(settings, seed, progress=progress)


def require_libraries() -> None:
    """Raise :class:`ConfigError` unless what reads video and biosignals is installed."""
    from importlib.util import find_spec

    missing = [name for name in ("av", "cv2", "neurokit2", "pooch") if not find_spec(name)]
    if missing:
        raise ConfigError(
            f"BioVid needs {', '.join(missing)}, not installed here: pip install 'pkdot[media]'."
        )


__all__ = ["BioVidSettings", "load", "require_libraries"]
