"""The colours of figures, in a light and a dark form.

Blue is always the teacher, orange the student, purple what is privileged, green what is prevalent;
a difference therefore runs from blue (the teacher has more) to orange (the student has more).
Of mass, green stays within its class. What belongs to another class, be it mass, an answer or a
partner, has a colour that no class has, and stripes, dashes or a cross besides.
Classes have a palette of their own, after M. Petroff, "Accessible Color Sequences for Data
Visualization", arXiv 2107.02270, which every common colour vision can tell apart; each
class also has its own marker. The palette is re-ordered so that few classes do not look like
teacher and student.
"""

from dataclasses import dataclass

from ..errors import InputError

_ON_PAPER = (
    "#832db6", "#ffa90e", "#92dadd", "#bd1f01", "#b9ac70",
    "#717581", "#a96b59", "#94a4a2", "#3f90da", "#e76300",
)  # fmt: skip
_ON_INK = (  # the dark ones of these, lightened until they stand out from a dark page
    "#b980ea", "#ffa90e", "#92dadd", "#f0523b", "#b9ac70",
    "#868b9a", "#c98672", "#b4c4c2", "#3f90da", "#ff7d1f",
)  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """Colours of one form.

    Attributes:
        ink: text; faint: grid and what stands back; paper: background of the figure.
        teacher, student, privileged, prevalent, neutral, other_class: see the module.
        sequential: from nothing to much; diverging: from −1 over 0 to 1.
        difference: from "the teacher has more" to "the student has more".
        classes: ten colours for classes.
        values: from low to high, each of which stands out from the paper.
    """

    ink: str
    faint: str
    paper: str
    teacher: str
    student: str
    privileged: str
    prevalent: str
    neutral: str
    other_class: str
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]
    difference: tuple[str, ...]
    classes: tuple[str, ...]
    values: tuple[str, ...]


THEMES: dict[str, Theme] = {
    "light": Theme(
        ink="#1d2733",
        faint="#d7dde5",
        paper="#ffffff",
        teacher="#0b6bb5",
        student="#d1570b",
        privileged="#8e4a9e",
        prevalent="#0a8463",
        neutral="#6b7684",
        other_class="#96005f",
        sequential=("#ffffff", "#cfe3e6", "#7fb8bf", "#2f8190", "#134d63", "#071f33"),
        diverging=("#6b2a80", "#b48cc2", "#f6f5f7", "#7dbdb0", "#00665a"),
        difference=("#0b6bb5", "#90bfe2", "#f7f7f7", "#f2b88c", "#d1570b"),
        classes=_ON_PAPER,
        values=("#3b1a6e", "#3f4f9c", "#2b7f9b", "#2fa67f", "#86c14a", "#e0b91e"),
    ),
    "dark": Theme(
        ink="#e6ebf2",
        faint="#323c4b",
        paper="#11161f",
        teacher="#5cb3f0",
        student="#ff9350",
        privileged="#cf93de",
        prevalent="#43c9a0",
        neutral="#98a4b3",
        other_class="#c936b1",
        sequential=("#11161f", "#173b4a", "#1f6f7c", "#4fa9a6", "#b5dcb3", "#fff7d1"),
        diverging=("#c58bdc", "#724a85", "#171d27", "#26756b", "#5fd9c0"),
        difference=("#5cb3f0", "#2e5d80", "#171d27", "#84522f", "#ff9350"),
        classes=_ON_INK,
        values=("#7a6cf0", "#4f92e8", "#35b4b8", "#4fce88", "#a9dc5a", "#fbe25a"),
    ),
}


def theme_of(name: str) -> Theme:
    """The theme of that name.

    Raises:
        InputError: for a name that is neither ``light`` nor ``dark``.
    """
    if name not in THEMES:
        raise InputError(f"Unknown theme {name!r}; choose light or dark.")
    return THEMES[name]
