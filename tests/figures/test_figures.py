"""What holds for every figure: titles, named axes, one style, bundles, harmless names, errors."""

import html
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pkdot import figures
from pkdot.analysis.projection import Maps
from pkdot.errors import InputError
from pkdot.figures import FigureStyle, SampleTable
from pkdot.figures.description import describe
from pkdot.figures.style import CLASS_SYMBOLS, class_marker, class_name
from pkdot.figures.themes import THEMES
from tests.figures.examples import (
    ANSWERS,
    ARRAYS,
    CLASSES,
    DRAWN,
    IDS,
    LABELS,
    MAPS,
    PLAN,
    POINTS,
    STUDENT,
    STUDY,
    TABLE,
    TEACHER,
)


def axes(figure: Any) -> list[Any]:
    layout = figure.to_dict()["layout"]
    return [layout[key] for key in layout if key.startswith(("xaxis", "yaxis"))]


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_titled_named_and_sized(name: str, theme: str) -> None:
    figure = DRAWN[name](style=FigureStyle(theme))
    assert figure.layout.width == 900
    assert figure.layout.height > 150
    assert figure.layout.template.layout.paper_bgcolor == THEMES[theme].paper
    assert figure.layout.title.text.startswith("<b>")
    assert "simulated" not in figure.layout.title.text
    words = describe(figure)
    assert words.startswith(html.unescape(figure.layout.title.text[3:-4])[:9])
    assert "</" not in words.replace("</b>", "")  # a name may hold it as letters
    assert len(words) <= 600
    large = theme == "dark"
    on_page = DRAWN[name](style=FigureStyle(theme, simulated=True, width=None, large=large))
    sizes = [drawn.layout.template.layout.font.size for drawn in (on_page, figure)]
    assert (sizes[0] > sizes[1]) == large
    assert "simulated" in on_page.layout.title.text
    assert (on_page.layout.width, on_page.layout.autosize) == (None, True)
    drawn = [axis for axis in axes(figure) if axis.get("visible", True)]
    for axis in drawn:
        # An axis that is matched to a named neighbour shows no ticks of its own.
        named = bool(axis.get("title", {}).get("text"))
        assert named or axis.get("showticklabels") is False, axis
    assert figure.to_json()


@pytest.mark.parametrize("name", figures.__all__)
def test_what_travels_together_travels_in_a_bundle(name: str) -> None:
    given = inspect.signature(getattr(figures, name)).parameters
    if isinstance(getattr(figures, name), type) or name == "class_name":
        return
    assert "style" in given
    assert not {"labels", "ids", "class_names", "simulated", "theme", "marker"} & set(given)
    assert len(given) <= 7


def test_a_name_from_a_record_cannot_become_markup() -> None:
    evil = "<a href='https://example.org'>x</a>"
    samples = SampleTable(LABELS, [evil] * 30, class_names=[evil] * 5)
    figure = figures.embedding_maps(MAPS, samples)
    assert "<a" not in figure.to_json().replace("\\u003c", "<")
    assert "<b>PKDOT" not in DRAWN["results"]().to_json().replace("\\u003c", "<")


def test_classes_are_told_apart_by_colour_and_marker() -> None:
    for theme in THEMES.values():
        markers = [class_marker(label, theme) for label in range(30)]
        assert len(set(markers)) == 30
        assert len({colour for colour, _ in markers[:10]}) == 10
        assert {symbol for _, symbol in markers[:10]} == set(CLASS_SYMBOLS)
    assert class_name(-1, CLASSES) == "no label"
    assert class_name(7, CLASSES) == "7"


@pytest.mark.parametrize(
    "call",
    [
        lambda: figures.similarity_matrices(TEACHER, STUDENT[:4, :4]),
        lambda: figures.similarity_matrices(TEACHER, np.full_like(TEACHER, np.nan)),
        lambda: figures.anchor_rows(TEACHER, STUDENT[:, :4]),
        lambda: figures.sample_row(TEACHER, STUDENT[:, :4], 0, anchors=range(30)),
        lambda: figures.sample_row(TEACHER, STUDENT, 0, anchors=range(4)),
        lambda: figures.sample_row(TEACHER, STUDENT, 30, anchors=range(30)),
        lambda: figures.similarity_row(TEACHER, STUDENT[:4, :4], 0),
        lambda: figures.similarity_row(TEACHER, STUDENT, -1),
        lambda: figures.sample_answers(ANSWERS, 1),
        lambda: figures.sample_features(ARRAYS["real"], ARRAYS["real"], 30),
        lambda: figures.group_flows(PLAN, SampleTable.unlabelled(30)),
        lambda: figures.group_flows(PLAN, SampleTable(LABELS[:4])),
        lambda: figures.sample_flows(PLAN * np.nan),
        lambda: figures.sample_flows(PLAN, SampleTable(LABELS), source=7, target=0),
        lambda: figures.answer_residuals(ANSWERS),
        lambda: figures.label_answers(ANSWERS, 0),
        lambda: figures.transport_plan(PLAN, SampleTable.unlabelled(4)),
        lambda: SampleTable(LABELS, IDS[:4]),
        lambda: SampleTable(LABELS).by_subject(),
        lambda: figures.embedding_maps(Maps(POINTS, POINTS[:4])),
        lambda: figures.map_film(POINTS, {1: POINTS}),
        lambda: figures.map_film(POINTS, {1: POINTS, 2: POINTS[:4]}),
        lambda: figures.anchor_maps(POINTS, {}),
        lambda: figures.transport_plan(np.full((3, 3), np.nan)),
        lambda: figures.transport_plan(np.zeros((3, 3))),
        lambda: figures.image_grid({"a": ARRAYS["images"][:2], "b": ARRAYS["images"][:3]}),
        lambda: figures.image_grid({"a": ARRAYS["images"][:2].astype(float)}),
        lambda: figures.image_grid({}),
        lambda: figures.result_dots(TABLE[:0]),
        lambda: figures.study_dots(STUDY[:0], "none", factor="k", usual="30"),
        lambda: figures.study_dots(TABLE, "of arms", factor="k", usual="30"),
        lambda: FigureStyle("sepia"),
    ],
)
def test_what_cannot_be_drawn_raises(call: Callable[[], Any]) -> None:
    with pytest.raises(InputError):
        call()
