"""Which modalities a student sees and which its teacher sees besides, as settings name them."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator


def _as_names(given: Any) -> Any:
    """A text, with commas between several names, stands for its names."""
    if isinstance(given, str):
        return tuple(name for part in given.split(",") if (name := part.strip()))
    return given


Names = Annotated[tuple[str, ...], BeforeValidator(_as_names)]
"""One modality or more; a text such as ``"video"`` or ``"video, sound"`` will do."""


def check_modalities(
    prevalent: tuple[str, ...], privileged: tuple[str, ...], known: Collection[str]
) -> None:
    """Refuse modalities that cannot divide a corpus between student and teacher.

    Args:
        prevalent: what exists at test time, one or more.
        privileged: what only the teacher sees, one or more.
        known: names of the corpus's modalities.

    Raises:
        ValueError: for none, an unknown name, or one that is named twice.
    """
    for word, names in (("prevalent", prevalent), ("privileged", privileged)):
        if not names or len(set(names)) != len(names):
            raise ValueError(f"{word} must name one modality or more, each once")
        for name in names:
            if name not in known:
                raise ValueError(unknown_modality(name, known))
    both = [name for name in prevalent if name in privileged]
    if both:
        raise ValueError(
            f"{both[0]!r} cannot be prevalent and privileged at once; a privileged modality is "
            f"one that the student does not see"
        )


def unknown_modality(name: str, known: Collection[str]) -> str:
    """A clause that says so, with the nearest name that there is."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"no modality {name!r}; choose from {', '.join(known)}{hint}"
