"""Samples whose targets are values: colours along the values, order by them, words that fit."""

import numpy as np

from pkdot import figures
from pkdot.analysis.projection import Maps
from pkdot.figures import SampleTable
from pkdot.figures.style import between, level_marker
from pkdot.figures.themes import THEMES
from pkdot.tasks import Classification, Ordinal, Regression

RNG = np.random.default_rng(0)
N = 40
PAIN = RNG.permutation(np.arange(N)).astype(float)
PAIN[[2, 5]] = np.nan
TASK = Regression(targets=("pain",)).fitted(PAIN[:, None])
SAMPLES = SampleTable.of_groups(TASK.grouping(PAIN[:, None]), [f"s{i}" for i in range(N)])
POINTS = RNG.normal(size=(N, 2))
PLAN = np.full((N, N), 1.0)


def test_points_are_coloured_by_their_value_under_one_bar() -> None:
    figure = figures.embedding_maps(Maps(POINTS, -POINTS), SAMPLES)
    valued = [trace for trace in figure.data if trace.marker.coloraxis == "coloraxis"]
    assert len(valued) == 2
    for trace in valued:
        members = [int(row[0]) for row in trace.customdata]
        np.testing.assert_array_equal(trace.marker.color, PAIN[members])
        assert sorted(members) == np.flatnonzero(np.isfinite(PAIN)).tolist()
    assert figure.layout.coloraxis.colorbar.title.text == "pain"
    listed = [trace.name for trace in figure.data if trace.showlegend]
    assert listed == ["no target"]


def test_a_film_of_values_moves_every_point() -> None:
    film = figures.map_film(POINTS, {0: POINTS, 3: -POINTS}, SAMPLES)
    moved = sum(len(data.x) for data in film.frames[1].data)
    assert moved == N


def test_matrices_are_sorted_by_value_and_missing_ones_come_last() -> None:
    order = SAMPLES.by_class().drawing_order()
    np.testing.assert_array_equal(PAIN[order][:-2], np.sort(PAIN[np.isfinite(PAIN)]))
    assert set(order[-2:]) == {2, 5}
    part = SAMPLES.take([7, 2, 9])
    np.testing.assert_array_equal(part.values, PAIN[[7, 2, 9]])


def test_figures_speak_of_ranges_not_of_classes() -> None:
    similarity = np.eye(N)
    drawn = [
        figures.transport_plan(PLAN, SAMPLES),
        figures.group_flows(PLAN, SAMPLES),
        figures.sample_mass(PLAN, 0, SAMPLES),
        figures.similarity_row(similarity, similarity, 0, SAMPLES),
        figures.sample_row(similarity[:, :4], similarity[:, :4], 0, SAMPLES, anchors=range(4)),
        figures.anchor_maps(POINTS, {"shared": [1, 2]}, SAMPLES),
    ]
    for figure in drawn:
        for trace in figure.data:  # legend groups are names inside plotly
            trace.update(legendgroup=None)
        assert "class" not in figure.to_json()
    assert "within the range" in drawn[0].to_json()
    assert "within its range" in drawn[1].to_json()


def test_without_any_group_nothing_is_said_of_labels() -> None:
    figure = figures.sample_mass(PLAN, 0, SampleTable.unlabelled(N))
    words = [str(trace.name) for trace in figure.data] + list(figure.layout.yaxis.ticktext)
    assert not any("label" in word for word in words)
    assert {trace.name for trace in figure.data} == {"to itself", "to another sample"}


def test_points_of_which_nothing_is_known_are_plain_and_unlisted() -> None:
    figure = figures.embedding_maps(Maps(POINTS, POINTS))
    assert {trace.marker.symbol for trace in figure.data} == {"circle"}
    assert not any(trace.showlegend for trace in figure.data)


def test_levels_rise_in_colour_and_classes_do_not() -> None:
    levels = np.arange(N) % 4
    names = ("none", "some", "much", "most")
    for theme, colours in THEMES.items():
        style = figures.FigureStyle(theme)
        found = {}
        for task in (Ordinal(classes=names), Classification(classes=names)):
            samples = SampleTable.of_groups(task.grouping(levels))
            figure = figures.embedding_maps(Maps(POINTS, POINTS), samples, style=style)
            found[task.kind] = [trace.marker.color for trace in figure.data[:4]]
        assert found["ordinal"] == [between(colours.values, i / 3) for i in range(4)]
        assert found["classification"] == list(colours.classes[:4])


def test_colours_between_two_are_mixed() -> None:
    assert between(("#000000", "#ffffff"), 0.5) == "#808080"
    assert between(("#000000", "#ffffff", "#ff0000"), 1.0) == "#ff0000"
    assert between(("#000000", "#ffffff"), -3) == "#000000"
    assert level_marker(-1, THEMES["light"], count=3) == (THEMES["light"].neutral, "circle-open")
