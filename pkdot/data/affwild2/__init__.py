"""Corpus ``affwild2``: valence and arousal of faces in videos, with their sound."""

from ...errors import ConfigError


def require_libraries() -> None:
    """Raise :class:`ConfigError` unless what reads videos and pictures is installed."""
    from importlib.util import find_spec

    missing = [name for name in ("av", "cv2", "pooch") if not find_spec(name)]
    if missing:
        raise ConfigError(
            f"Aff-Wild2 needs {', '.join(missing)}, not installed here: pip install 'pkdot[media]'."
        )


__all__ = ["require_libraries"]
