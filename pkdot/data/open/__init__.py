"""Open corpora: spoken digits, and emotions in face and voice, from a folder to a corpus.

terms               licences and citations
fsdd, ravdess, cremad    what the names of files tell, one corpus each
index, pointers     what lies in a folder
reading, prepare, served    one recording; all of them, kept; as networks and people see them
pairing             spoken digits beside pictures of digits
corpus, check       all of it together; what is missing or damaged

Reading needs libraries that the rest of the kit does not, so they are imported when a corpus is
loaded.
"""

from ...errors import ConfigError
from ..corpus import Corpus
from .settings import CREMADSettings, FSDDSettings, OpenSettings, RAVDESSSettings


def load(settings: OpenSettings, seed: int, *, progress: bool = True) -> Corpus:
    """The corpus of one fold and seed; see :func:`pkdot.data.open.corpus.load`.

    Raises:
        ConfigError: where a library for video or sound is not installed.
    """
    require_libraries()
    from .corpus import load as load_corpus

    return load_corpus(settings, seed, progress=progress)


def require_libraries() -> None:
    """Raise :class:`ConfigError` unless what reads video and sound is installed."""
    from importlib.util import find_spec

    missing = [name for name in ("av", "cv2", "pooch") if not find_spec(name)]
    if missing:
        raise ConfigError(
            f"Open corpora need {', '.join(missing)}, not installed here: "
            f"pip install 'pkdot[media]'."
        )


__all__ = ["CREMADSettings", "FSDDSettings", "OpenSettings", "RAVDESSSettings", "load"]
