"""What tasks offer to figures: confusions, scores of single outputs, ways to sort samples."""

import numpy as np
import pytest

from pkdot.tasks import KINDS, Multilabel, Regression
from tests.tasks.examples import problem


@pytest.mark.parametrize("kind", KINDS)
def test_only_classes_have_a_confusion_and_it_counts_every_answer(kind: str) -> None:
    found = problem(kind)
    recorded = found.task.recorded(found.outputs)
    counts = found.task.confusion(recorded, found.targets)
    if not found.task.class_names:
        assert counts is None
        return
    assert counts is not None
    errors = found.task.errors(recorded, found.targets)
    assert counts.sum() == np.isfinite(errors).sum()
    assert np.trace(counts) == (errors == 0).sum()
    np.testing.assert_array_equal(
        counts.sum(axis=1), np.bincount(found.targets[found.targets >= 0], minlength=3)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_single_outputs_are_those_of_the_whole(kind: str) -> None:
    found = problem(kind)
    recorded = found.task.recorded(found.outputs)
    each = found.task.output_scores(recorded, found.targets)
    measures = found.task.output_measures
    assert bool(each) == bool(measures)
    whole = found.task.scores(found.outputs, found.targets)
    for name, scores in each.items():
        assert set(scores) == {measure.name for measure in measures}
        for measure, value in scores.items():
            assert value == pytest.approx(whole[f"{measure} {name}"], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_sort_samples_names_its_groups(kind: str) -> None:
    found = problem(kind)
    ways = found.task.groupings(found.targets)
    first = found.task.grouping(found.targets)
    np.testing.assert_array_equal(ways[0].numbers, first.numbers)
    assert len({groups.by for groups in ways}) == len(ways)
    for groups in ways:
        assert groups.numbers.shape == found.targets.shape[:1]
        assert groups.numbers.min() >= -1
        assert groups.numbers.max() < len(groups.names)
        if groups.values is not None:
            known = groups.numbers >= 0
            np.testing.assert_array_equal(known, np.isfinite(groups.values))
            order = np.argsort(groups.values[known])
            assert (np.diff(groups.numbers[known][order]) >= 0).all()


def test_each_target_or_label_sorts_by_itself() -> None:
    regression, labels = problem("regression"), problem("multilabel")
    assert isinstance(regression.task, Regression)
    assert isinstance(labels.task, Multilabel)
    assert [g.by for g in regression.task.groupings(regression.targets)] == ["valence", "arousal"]
    own = labels.task.groupings(labels.targets)[2]
    assert own.names == ("not stroke", "stroke")
    np.testing.assert_array_equal(own.numbers, np.nan_to_num(labels.targets[:, 1], nan=-1))
