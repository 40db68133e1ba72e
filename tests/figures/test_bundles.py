"""Tables of samples and groupings: what figures read from them."""

import numpy as np
import pytest

from pkdot import figures
from pkdot.analysis.matrix_order import by_group
from pkdot.figures import Grouping, SampleTable
from tests.figures.examples import CLASSES, IDS, LABELS, NAMED, PLAN, RNG, SAMPLES, STUDENT, TEACHER


def test_a_table_keeps_its_columns_together() -> None:
    samples = SampleTable(LABELS, IDS, np.arange(30) % 3, CLASSES).take([7, 2])
    assert len(samples) == 2
    assert samples.labels.tolist() == LABELS[[7, 2]].tolist()
    assert samples.ids.tolist() == ["sample 7", "sample 2"]
    assert samples.subjects.tolist() == [1, 2]
    assert (samples.name_of(1), SampleTable([0, 1]).name_of(1)) == ("sample 2", "1")


@pytest.mark.parametrize("shape", [(30,), (30, 2)])
def test_real_valued_targets_are_drawn_without_classes(shape: tuple[int, ...]) -> None:
    samples = SampleTable(RNG.normal(size=shape), IDS)
    assert samples.labels.tolist() == [-1] * 30
    figure = figures.transport_plan(PLAN, samples)
    assert "within the class" not in figure.layout.title.subtitle.text
    assert figure.layout.yaxis.title.text == "teacher sample"


def test_only_samples_with_names_can_be_clicked() -> None:
    unnamed = figures.transport_plan(PLAN, SAMPLES)
    named = figures.transport_plan(PLAN, NAMED)
    assert len(named.data) == len(unnamed.data) + 1
    order = by_group(LABELS)
    assert [list(row) for row in named.data[-1].customdata] == [[i, IDS[i]] for i in order]


def test_matrices_can_be_sorted_by_subject_or_by_any_order() -> None:
    subjects = [f"person {i % 3}" for i in range(30)]
    samples = SampleTable(LABELS, subjects=subjects, class_names=CLASSES)
    by_subject = figures.similarity_matrices(
        TEACHER, STUDENT, samples, grouping=samples.by_subject()
    )
    order = np.argsort(np.arange(30) % 3, kind="stable")
    np.testing.assert_allclose(by_subject.data[0].z, TEACHER[np.ix_(order, order)], atol=1e-6)
    assert list(by_subject.layout.yaxis.ticktext) == ["person 0", "person 1", "person 2"]
    assert by_subject.layout.yaxis.title.text == "sample, by subject"
    back = Grouping(LABELS, by="a tree", order=np.arange(30)[::-1])
    reversed_ = figures.similarity_matrices(TEACHER, STUDENT, samples, grouping=back)
    np.testing.assert_allclose(reversed_.data[0].z, TEACHER[::-1, ::-1], atol=1e-6)
    assert reversed_.layout.yaxis.ticktext is None
    assert reversed_.layout.yaxis.title.text == "sample, by a tree"
