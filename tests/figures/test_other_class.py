"""What belongs to another class: stripes, and a colour that no class has in any colour vision."""

from dataclasses import fields

import numpy as np
import pytest

from pkdot import figures
from pkdot.figures import FigureStyle, SampleTable
from pkdot.figures.flows import kind_colours
from pkdot.figures.style import STRIPES, answer_marker, between, contrast
from pkdot.figures.themes import THEMES
from tests.figures.examples import NAMED, PLAN

VISIONS = {
    "usual": np.eye(3),
    "without red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""What each sees of linear sRGB: Machado, Oliveira and Fernandes 2009, table 1, severity 1."""
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
"""Linear sRGB to Oklab over the cube root, B. Ottosson 2020."""
APART = 6.0
"""Hundredths of Oklab's lightness, about what the ten classes of the light theme keep apart."""


def seen(colour: str, vision: str) -> np.ndarray:
    """Oklab of a colour as one vision sees it, in hundredths."""
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.array(VISIONS[vision]) @ linear, 0, 1)
    return 100 * np.array(TO_LAB) @ np.cbrt(np.array(TO_CONES) @ light)


def distance(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(seen(one, vision) - seen(other, vision)))


def test_the_measure_knows_white_black_and_who_confuses_red_with_green() -> None:
    for vision in VISIONS:
        assert distance("#000000", "#ffffff", vision) == pytest.approx(100, abs=0.1)
    red, green = "#c86432", "#788c32"
    usual = distance(red, green, "usual")
    assert distance(red, green, "without green") < usual / 3 < distance(red, green, "without blue")


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", THEMES)
def test_no_class_and_no_role_has_its_colour(name: str, vision: str) -> None:
    theme = THEMES[name]
    ranges = [between(theme.values, step / 9) for step in range(10)]
    plain = [getattr(theme, field.name) for field in fields(theme)]
    others = {colour for colour in plain if isinstance(colour, str)} - {theme.other_class}
    for other in (*others, *theme.classes, *ranges):
        assert distance(theme.other_class, other, vision) >= APART, other
    assert contrast(theme.other_class, theme.paper) >= 3.0


@pytest.mark.parametrize("name", THEMES)
def test_it_means_the_same_in_flows_bars_and_answers(name: str) -> None:
    style = FigureStyle(name)
    colour = style.colours.other_class
    assert kind_colours(style.colours)[2] == colour
    assert answer_marker(0, style.colours) == (colour, "x")
    flows = figures.group_flows(PLAN, NAMED, style=style)
    found = {t.name: (t.line.color, t.fillpattern.shape) for t in flows.data if t.name}
    assert found["to another class"] == (colour, STRIPES)
    assert all(shape is None for kind, (_, shape) in found.items() if kind != "to another class")
    bars = {t.name: t.marker for t in figures.sample_mass(PLAN, 3, NAMED, style=style).data}
    assert bars["to another class"].color == colour
    assert bars["to another class"].pattern.shape == STRIPES
    assert bars["to itself"].pattern.shape == ""


def test_without_classes_nothing_belongs_to_another() -> None:
    flows = figures.sample_flows(PLAN, SampleTable.unlabelled(len(PLAN)))
    assert all(t.fillpattern.shape is None for t in flows.data)
