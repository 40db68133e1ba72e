"""Small pictures show the numbers they were given, and sliders every frame."""

from typing import Any

import numpy as np
import pytest

from pkdot.course import pictures
from pkdot.errors import InputError


def test_a_matrix_shows_its_numbers() -> None:
    figure = pictures.number_matrices({"C": [[0.02, 0.36], [0.8, -0.5]]}, "cost", form=".1f")
    (heat,) = figure.data
    assert [list(row) for row in heat.text] == [["0.0", "0.4"], ["0.8", "-0.5"]]
    assert heat.zmin == -heat.zmax
    with pytest.raises(InputError, match="200 cells"):
        pictures.number_matrices({"C": np.zeros((20, 20))}, "too many")


def test_bars_and_lines_have_the_colours_of_teacher_and_student() -> None:
    colours = pictures.DEFAULT_STYLE.colours
    figure = pictures.bars({"teacher": 1.0, "student alone": 0.5, "other": 0.1}, "b", what="score")
    assert list(figure.data[0].marker.color) == [
        colours.teacher, colours.student, colours.neutral,
    ]  # fmt: skip
    curves = pictures.lines([1, 2], {"student": [1, 2]}, "l", over="x", what="y")
    assert curves.data[0].line.color == colours.student


def test_intervals_reach_their_ends() -> None:
    figure = pictures.bars({"a": 1.0}, "b", what="score", ends={"a": (0.7, 1.5)})
    assert figure.data[0].error_x.array[0] == pytest.approx(0.5)
    assert figure.data[0].error_x.arrayminus[0] == pytest.approx(0.3)
    band = {"a": ([0.5, 1.0], [2.0, 4.0])}
    curve = pictures.lines([1, 2], {"a": [1, 2]}, "l", over="x", what="y", bands=band).data[0]
    assert list(curve.error_y.array) == [1, 2]
    assert list(curve.error_y.arrayminus) == [0.5, 1]


def test_a_plan_is_drawn_where_it_has_mass() -> None:
    plan = [[0.5, 0.0], [0.1, 0.4]]
    figure = pictures.clouds([[0, 0], [1, 1]], [[0, 1], [1, 0]], "clouds", plan=plan)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(lines) == 3
    assert lines[0].line.width == 8


def test_a_slider_shows_one_frame_at_a_time() -> None:
    frames = {
        str(n): pictures.bars(dict.fromkeys("ab", n), f"title {n}", what="x") for n in (1, 2, 3)
    }
    figure = pictures.with_slider(frames, "n")
    assert [trace.visible for trace in figure.data] == [False, True, False]
    (slider,) = figure.layout.sliders
    assert slider.active == 1
    visible, layout = slider.steps[2].args
    assert visible["visible"] == [False, False, True]
    assert "title 3" in layout["title.text"]
    assert pictures.with_slider(frames, "n", start="3").layout.sliders[0].active == 2
    with pytest.raises(InputError, match="two frames"):
        pictures.with_slider({"1": frames["1"]}, "n")
    with pytest.raises(InputError, match="two frames"):
        pictures.with_slider(frames, "n", start="4")


def test_numbers_that_round_to_nothing_have_no_sign() -> None:
    figure = pictures.number_matrices({"g": [[-1e-9, -0.5]]}, "Gradient", form="+.2f")
    assert list(figure.data[0].text[0]) == ["0.00", "-0.50"]


def test_each_matrix_may_name_its_own_columns() -> None:
    figure = pictures.number_matrices(
        {"a": [[1.0, 2.0]], "b": [[3.0, 4.0]]}, "Two", columns={"b": ["4", "1"]}
    )
    assert [list(trace.x) for trace in figure.data] == [["1", "2"], ["4", "1"]]


def test_a_legend_and_a_slider_do_not_share_a_place() -> None:
    def with_series(*names: str) -> Any:
        frame = pictures.lines([1, 2], {n: [1, 2] for n in names}, "A", over="x", what="y")
        return pictures.with_slider({"0": frame, "1": frame}, "ε")

    single, double = with_series("a"), with_series("a", "b")
    assert double.layout.sliders[0].pad.t > single.layout.sliders[0].pad.t


def test_a_slider_stands_under_a_colour_bar_that_lies() -> None:
    bar = {"orientation": "h", "y": -0.2}
    frame = pictures.lines([1], {"a": [1]}, "A", over="x", what="y")
    plain = pictures.with_slider({"0": frame, "1": frame}, "ε")
    frame.add_heatmap(z=[[1.0]], colorbar=bar)
    barred = pictures.with_slider({"0": frame, "1": frame}, "ε")
    assert barred.layout.sliders[0].pad.t > plain.layout.sliders[0].pad.t + 60


def test_a_logarithmic_axis_shows_the_values_that_were_tried() -> None:
    tried = [0.00611, 10, 128, 3600.4]
    figure = pictures.lines(tried, {"a": [1, 2, 3, 4]}, "A", over="λ", what="y", log_x=True)
    assert list(figure.layout.xaxis.ticktext) == ["0.0061", "10", "128", "3600"]
