"""Contrast of the themes after WCAG 2.2 (1.4.3 and 1.4.11, level AA), on paper and on side bars."""

import tomllib
from pathlib import Path

import pytest

from pkdot.figures.style import CLASS_SYMBOLS, between, letters_on, line_marker
from pkdot.figures.themes import THEMES

CONFIG = Path(__file__).resolve().parents[2] / "app" / ".streamlit" / "config.toml"


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_letters_and_lines_stand_out(name: str) -> None:
    theme = THEMES[name]
    for text in (theme.ink, theme.neutral):
        assert contrast(text, theme.paper) >= 4.5
    for line in (theme.teacher, theme.student, theme.privileged, theme.prevalent):
        assert contrast(line, theme.paper) >= 3.0
    page = tomllib.loads(CONFIG.read_text())["theme"][name]
    for paper in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(page["textColor"], page[paper]) >= 7.0
        assert contrast(page["primaryColor"], page[paper]) >= 4.5
    assert (page["backgroundColor"], page["textColor"]) == (theme.paper, theme.ink)


@pytest.mark.parametrize("name", THEMES)
def test_the_first_lines_of_a_figure_stand_out(name: str) -> None:
    """Markers tell classes apart by their form; a line between them has its colour alone."""
    theme = THEMES[name]
    drawn = [line_marker(number, theme) for number in range(10)]
    assert all(contrast(colour, theme.paper) >= 3.0 for colour, _ in drawn[:6])
    assert {colour for colour, _ in drawn} == set(theme.classes)
    assert {symbol for _, symbol in drawn} == set(CLASS_SYMBOLS)
    assert line_marker(10, theme)[0] == drawn[0][0]
    assert line_marker(10, theme)[1] != drawn[0][1]


@pytest.mark.parametrize("name", THEMES)
def test_letters_on_a_coloured_field_can_be_read(name: str) -> None:
    theme = THEMES[name]
    for share in range(0, 101, 5):
        field = between(theme.sequential, share / 100)
        found = letters_on(field, theme)
        other = theme.paper if found == theme.ink else theme.ink
        assert contrast(found, field) >= max(3.9, contrast(other, field))
