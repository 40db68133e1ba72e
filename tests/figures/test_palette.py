"""Markers as plain values: the same as those of the figures, whatever groups there are."""

import html

import numpy as np

from pkdot.figures import FigureStyle, SampleTable, embedding_maps, marker_palette
from pkdot.figures.palette import MOST_MARKERS
from pkdot.tasks import Regression

NAMES = ("zero", "<b>one</b>", "two")


def test_markers_are_those_of_the_map() -> None:
    samples = SampleTable(np.array([2, 0, 1, -1, 2]), class_names=NAMES)
    palette = marker_palette(samples.by_class(), FigureStyle("dark"))
    points = np.random.default_rng(0).normal(size=(5, 2))
    drawn = {
        html.unescape(trace.name): (trace.marker.color, trace.marker.symbol)
        for trace in embedding_maps(_both(points), samples, style=FigureStyle("dark")).data
    }
    for colour, symbol, words in palette.markers:
        assert drawn[words] == (colour, symbol)
    said = [palette.markers[number][2] for number in palette.numbers]
    assert said == ["two", "zero", "<b>one</b>", "no label", "two"]
    assert palette.legend == palette.markers


def _both(points: np.ndarray) -> object:
    from pkdot.analysis.projection import Maps

    return Maps(points, points)


def test_values_rise_along_the_colours() -> None:
    task = Regression(targets=("pain",))
    targets = task.check(np.array([3.0, np.nan, 1.0, 2.0]))
    groups = task.fitted(targets).grouping(targets)
    style = FigureStyle()
    palette = marker_palette(SampleTable.of_groups(groups).by_class(), style)
    assert palette.numbers.tolist() == [31, -1, 0, 16]
    ends = [palette.markers[i][0] for i in (0, -2)]
    assert ends == [style.colours.values[0], style.colours.values[-1]]
    assert [words for *_, words in palette.legend][::4] == ["1", "3"]
    assert palette.markers[-1][2] == palette.legend[-1][2] == "no target"


def test_nothing_known_has_one_marker_and_no_words() -> None:
    palette = marker_palette(SampleTable.unlabelled(3).by_class())
    assert len(palette.markers) == 1
    assert palette.legend == ()
    assert palette.by == ""


def test_very_many_groups_share_markers_without_words() -> None:
    numbers = np.arange(MOST_MARKERS + 5)
    palette = marker_palette(SampleTable(numbers).by_class())
    assert palette.numbers.max() == MOST_MARKERS - 1
    assert {words for *_, words in palette.markers[:-1]} == {""}
    assert palette.legend == ()
