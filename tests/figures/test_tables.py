"""Figures of tables: curves, results, studies, subjects, hallucinated features."""

import numpy as np
import pytest

from pkdot import figures
from pkdot.errors import InputError
from pkdot.figures import FigureStyle
from pkdot.figures.themes import THEMES
from tests.figures.examples import ARRAYS, DRAWN, GAINS, METRICS, TABLE


def test_curves_mark_the_best_epoch_and_only_their_stage() -> None:
    figure = DRAWN["curves"]()
    assert {shape.x0 for shape in figure.layout.shapes} == {2}
    assert figure.layout.yaxis2.title.text == "cross entropy"
    assert {trace.line.color for trace in figure.data} == {THEMES["light"].student}
    with pytest.raises(InputError, match="logged stages: teacher, student"):
        figures.training_curves(METRICS, stage="tnet")


def test_hallucination_is_scored_against_the_mean() -> None:
    figure = figures.hallucination(ARRAYS["real"], ARRAYS["real"])
    assert "R² = 1.00 over all features, correlation 1.00" in figure.layout.title.subtitle.text
    mean = np.broadcast_to(ARRAYS["real"].mean(axis=0), ARRAYS["real"].shape)
    figure = figures.hallucination(ARRAYS["real"], mean)
    assert "R² = 0.00" in figure.layout.title.subtitle.text
    dense = DRAWN["many features"]()
    assert dense.data[0].type == "heatmap"
    counts = np.asarray(dense.data[0].customdata)
    assert counts.sum() == ARRAYS["real"].size * 30


def test_results_show_means_intervals_and_paired_differences() -> None:
    figure = DRAWN["results"]()
    means, differences = figure.data
    assert list(means.x) == [50, 55, 80]
    assert list(means.error_x.array) == [3, 2, 2]
    assert list(means.error_x.arrayminus) == [2, 1, 1]
    assert list(differences.x[1:]) == [5, 30]
    assert "reference" in [note.text for note in figure.layout.annotations]
    assert list(means.marker.color)[2] == THEMES["light"].teacher
    assert len(figures.result_dots(TABLE[["arm", "mean", "low", "high", "n"]]).data) == 1
    with pytest.raises(InputError, match="lacks high"):
        figures.result_dots(TABLE.drop(columns="high"))


def test_a_study_rings_what_others_are_compared_with() -> None:
    figure = DRAWN["study"]()
    (dots,) = figure.data
    assert list(dots.marker.line.width) == [0, 2, 0]
    assert list(dots.y) == [1.0, 5.0, -2.0]
    assert list(dots.error_y.arrayminus) == [1.0, 1.0, 1.5]
    assert list(dots.error_y.array) == [1.0, 1.0, 1.5]
    assert figure.layout.title.text == "<b>k = 30 wins</b>"
    assert figure.layout.xaxis.type == "category", "levels are not numbers on a scale"


def test_gains_stand_against_what_is_added_with_both_intervals() -> None:
    classes, values = DRAWN["gains"]().data
    assert (classes.name, values.name) == ("classification", "regression")
    assert (list(classes.x), list(classes.y)) == ([30, 30], [4, 0])
    assert list(classes.error_y.array) == [2, 1]
    assert list(classes.error_y.arrayminus) == [1, 2]
    assert list(values.error_x.arrayminus) == [7]
    assert classes.marker.color != values.marker.color
    assert classes.marker.symbol != values.marker.symbol
    assert "over 3 seeds" in DRAWN["gains"]().layout.title.subtitle.text
    with pytest.raises(InputError, match="against 'luck'"):
        figures.gain_scatter(GAINS, "luck", against="luck")
    with pytest.raises(InputError, match="column room"):
        figures.gain_scatter(GAINS, "no room", against="room")
    with pytest.raises(InputError, match="no settings"):
        figures.gain_scatter(GAINS[:0], "nothing")


@pytest.mark.slow
def test_the_print_form_is_a_picture_without_global_state(tmp_path) -> None:
    from matplotlib import pyplot

    figure = figures.result_print(TABLE, style=FigureStyle(simulated=True))
    figure.savefig(tmp_path / "results.pdf")
    assert (tmp_path / "results.pdf").read_bytes().startswith(b"%PDF")
    assert pyplot.get_fignums() == []
    axes = figure.axes[0]
    assert "simulated" in axes.get_title(loc="left")
    assert "accuracy (%)" in axes.get_xlabel()


def test_a_person_who_loses_has_another_colour_than_one_who_gains() -> None:
    figure = DRAWN["subjects"]()
    gaining, losing = figure.data[:2]
    assert [x for x in gaining.x if x is not None] == pytest.approx([50, 60, 60, 60])
    assert [x for x in losing.x if x is not None] == pytest.approx([70, 60])
    assert gaining.line.color != losing.line.color
    assert "of 3 subjects 1 gain, 1 lose, 1 stay" in figure.layout.title.subtitle.text
    assert list(figure.data[3].x) == pytest.approx([60, 60, 60])
