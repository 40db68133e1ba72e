"""Similarity matrices and plans: order, scale, blocks, and what axes count."""

import numpy as np
import pytest

from pkdot import figures
from pkdot.analysis.matrix_order import by_group
from pkdot.figures import SampleTable
from pkdot.figures.matrices import in_blocks
from tests.figures.examples import (
    CLASSES,
    DRAWN,
    LABELS,
    PLAN,
    RNG,
    SAMPLES,
    STUDENT,
    TEACHER,
    cosine,
)


def test_matrices_are_sorted_by_group_on_one_scale() -> None:
    figure = DRAWN["similarity"]()
    order = np.argsort(LABELS, kind="stable")
    teacher, student, difference = (t for t in figure.data if t.type == "heatmap")
    np.testing.assert_allclose(teacher.z, TEACHER[np.ix_(order, order)], atol=1e-6)
    np.testing.assert_allclose(student.z, STUDENT[np.ix_(order, order)], atol=1e-6)
    np.testing.assert_allclose(difference.z, (STUDENT - TEACHER)[np.ix_(order, order)], atol=1e-6)
    assert (teacher.zmin, teacher.zmax) == (student.zmin, student.zmax) == (-1, 1)
    assert teacher.colorscale == student.colorscale != difference.colorscale
    assert list(figure.layout.yaxis.ticktext) == list(CLASSES)


def test_classes_are_named_beside_samples_without_label() -> None:
    labels = np.where(np.arange(30) % 3 == 0, LABELS, -1)
    samples = SampleTable(labels, class_names=CLASSES)
    axis = figures.transport_plan(PLAN, samples).layout.yaxis
    assert list(axis.ticktext) == [*CLASSES, "no label"]
    assert list(axis.tickvals) == sorted(axis.tickvals)
    assert axis.tickvals[-1] == pytest.approx((10 + 30) / 2 - 0.5)


def test_samples_without_label_come_last() -> None:
    assert list(by_group([1, -1, 0, -1, 1])) == [2, 0, 4, 1, 3]
    assert list(by_group([-1, -1])) == [0, 1]


def test_large_matrices_are_drawn_in_blocks_and_say_so() -> None:
    z = RNG.normal(size=(700, 3))
    figure = figures.similarity_matrices(cosine(z), cosine(z), difference=False)
    assert figure.data[0].z.shape == (256, 256)
    assert "drawn as 256 × 256 blocks" in figure.layout.title.subtitle.text
    plan = figures.transport_plan(np.eye(700) / 700)
    assert "100.0 % of the mass on the diagonal" in plan.layout.title.subtitle.text
    assert "drawn as 256 × 256 blocks" in plan.layout.title.subtitle.text
    small = DRAWN["similarity"]()
    assert "blocks" not in small.layout.title.subtitle.text


def test_axes_count_samples_even_where_blocks_are_drawn() -> None:
    ids = [f"s{i}" for i in range(600)]
    samples = SampleTable(np.repeat([0, 1], 300), ids, class_names=CLASSES)
    figure = figures.transport_plan(np.eye(600) / 600, samples, marked=400)
    heat, _, grid, diagonal, frame = figure.data
    height, width = heat.z.shape
    for start, step, cells in ((heat.x0, heat.dx, width), (heat.y0, heat.dy, height)):
        assert (start - step / 2, start + (cells - 0.5) * step) == pytest.approx((-0.5, 599.5))
    assert list(figure.layout.yaxis.range) == [599.5, -0.5]
    assert list(figure.layout.yaxis.tickvals) == [149.5, 449.5]
    assert grid.y[0] == 299.5
    assert (diagonal.x[400], diagonal.y[400], diagonal.customdata[400][1]) == (400, 400, "s400")
    assert list(frame.y[:3]) == [399.5, 399.5, 400.5]


def test_blocks_keep_mass_or_mean() -> None:
    matrix = RNG.random((11, 7))
    total = in_blocks(matrix, total=True, largest=4)
    assert total.shape == (4, 4)
    assert total.sum() == pytest.approx(matrix.sum())
    np.testing.assert_allclose(in_blocks(np.full((11, 7), 0.3), largest=4), 0.3)
    np.testing.assert_array_equal(in_blocks(matrix), matrix)
    np.testing.assert_allclose(
        in_blocks(np.arange(8.0).reshape(2, 4), largest=2), [[0.5, 2.5], [4.5, 6.5]]
    )


def test_the_plan_gives_its_diagonal_mass() -> None:
    figure = DRAWN["plan"]()
    share = 100 * np.trace(PLAN) / PLAN.sum()
    subtitle = figure.layout.title.subtitle.text
    assert f"{share:.1f} % of the mass on the diagonal (by chance 3.3 %)" in subtitle
    assert "ε = 0.01" in subtitle
    np.testing.assert_allclose(figure.data[0].z.sum(axis=1), 100, rtol=1e-5)
    line = figure.data[1]
    assert list(line.x) == list(line.y) == [-0.5, 29.5]


def test_names_of_plans_that_are_too_long_for_their_panels_take_two_lines() -> None:
    names = ["entropic (the loss)", "unbalanced, identity-aware (the loss)", "a", "b", "c"]
    figure = figures.plan_panels(dict.fromkeys(names, PLAN), SAMPLES)
    titles = [note.text for note in figure.layout.annotations]
    assert titles[:2] == ["entropic (the loss)", "unbalanced, identity-aware<br>(the loss)"]
