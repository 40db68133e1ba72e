"""What holds for every task, today's and tomorrow's."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkdot.errors import ConfigError, InputError
from pkdot.tasks import KINDS, read_task
from pkdot.training.context import target_tensor
from tests.tasks.examples import N, problem

every_task = pytest.mark.parametrize("kind", sorted(KINDS))


@every_task
def test_a_task_survives_json(kind: str) -> None:
    task = problem(kind).task
    assert read_task(json.loads(json.dumps(task.model_dump(mode="json")))) == task
    assert task.kind == kind
    assert task.output_width == len(task.names)


def test_values_that_make_no_task_are_refused() -> None:
    with pytest.raises(ConfigError, match="make no task"):
        read_task({"kind": "guessing"})


@every_task
def test_a_missing_target_changes_no_loss_and_no_score(kind: str) -> None:
    p = problem(kind)
    kept = p.task.has_target(p.targets)
    assert kept.sum() == N - N // 5
    outputs, targets = torch.as_tensor(p.outputs), target_tensor(p.targets)
    whole = p.task.loss(outputs, targets)
    known = p.task.loss(outputs[kept], targets[kept])
    assert float(whole) == pytest.approx(float(known), rel=1e-6)
    assert p.task.scores(p.outputs, p.targets) == pytest.approx(
        p.task.scores(p.outputs[kept], p.targets[kept])
    )


@every_task
def test_without_any_target_the_loss_is_zero_and_scores_are_refused(kind: str) -> None:
    p = problem(kind)
    hidden = p.task.hidden(p.targets)
    assert not p.task.has_target(hidden).any()
    assert not p.task.has_target(p.task.unknown(7)).any()
    outputs = torch.as_tensor(p.outputs).requires_grad_()
    loss = p.task.loss(outputs, target_tensor(hidden))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not outputs.grad.any()
    with pytest.raises(InputError, match="known"):
        p.task.scores(p.outputs, hidden)


@every_task
def test_the_gradient_agrees_with_finite_differences(kind: str) -> None:
    p = problem(kind)
    x = torch.as_tensor(p.outputs[:9]).requires_grad_()
    y = torch.as_tensor(p.targets[:9])
    assert torch.autograd.gradcheck(lambda o: p.task.loss(o, y), (x,), atol=1e-6)


@every_task
def test_half_precision_gives_a_float32_loss(kind: str) -> None:
    p = problem(kind)
    targets = target_tensor(p.targets)
    loss = p.task.loss(torch.as_tensor(p.outputs).bfloat16(), targets)
    assert loss.dtype is torch.float32
    exact = p.task.loss(torch.as_tensor(p.outputs), targets)
    assert float(loss) == pytest.approx(float(exact), rel=0.05)


@every_task
def test_the_truth_is_the_best_answer(kind: str) -> None:
    p = problem(kind)
    ideal = p.task.ideal_outputs(p.targets, 0.999)
    scores, others = (p.task.scores(x, p.targets) for x in (ideal, p.outputs))
    primary = p.task.primary
    assert scores[primary.name] == pytest.approx(1.0)
    assert scores[p.task.criterion.name] < others[p.task.criterion.name]
    kept = p.task.has_target(p.targets)
    recorded = p.task.recorded(ideal)
    np.testing.assert_allclose(p.task.answers(recorded)[kept], p.targets[kept], atol=1e-5)
    errors = p.task.errors(recorded, p.targets)
    assert np.isnan(errors[~kept]).all()
    assert errors[kept] == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(
        p.task.errors(p.task.truth(p.targets), p.targets)[kept], 0, atol=1e-12
    )


@every_task
@given(seed=st.integers(0, 1000), cut=st.integers(1, N - 1))
def test_tallies_of_parts_give_the_score_of_the_whole(kind: str, seed: int, cut: int) -> None:
    p = problem(kind, seed)
    recorded = p.task.recorded(p.outputs)
    parts = [slice(0, cut), slice(cut, N)]
    tallies = [p.task.tally(recorded[s], p.targets[s]) for s in parts]
    tallies = json.loads(json.dumps(tallies))
    whole = p.task.scores(p.outputs, p.targets)[p.task.primary.name]
    assert p.task.tallied(tallies) == pytest.approx(whole, abs=1e-5)
    assert p.task.tallied(tallies[::-1]) == pytest.approx(whole, abs=1e-5)


@every_task
def test_the_order_of_samples_means_nothing(kind: str) -> None:
    p = problem(kind)
    order = np.random.default_rng(3).permutation(N)
    one, two = (p.task.scores(p.outputs[o], p.targets[o]) for o in (slice(None), order))
    assert one == pytest.approx(two)


@every_task
def test_the_primary_score_is_one_less_the_mean_error_where_a_task_says_so(kind: str) -> None:
    p = problem(kind)
    errors = p.task.errors(p.task.recorded(p.outputs), p.targets)
    score = p.task.scores(p.outputs, p.targets)[p.task.primary.name]
    assert p.task.decomposes == (abs(1 - np.nanmean(errors) - score) < 1e-6)


@every_task
def test_disagreement_is_a_distance(kind: str) -> None:
    p, q = problem(kind), problem(kind, seed=1)
    one, other = p.task.recorded(p.outputs), p.task.recorded(q.outputs)
    apart = p.task.disagreement(one, other)
    np.testing.assert_allclose(apart, p.task.disagreement(other, one))
    assert (apart > 0).all()
    assert not p.task.disagreement(one, one).any()


@every_task
def test_soft_loss_is_zero_where_networks_agree_and_positive_elsewhere(kind: str) -> None:
    p, q = problem(kind), problem(kind, seed=1)
    t, s = torch.as_tensor(p.outputs), torch.as_tensor(q.outputs)
    assert float(p.task.soft_loss(t, t, 2.0)) == pytest.approx(0, abs=1e-9)
    assert float(p.task.soft_loss(t, s, 2.0)) > 0


@every_task
@pytest.mark.parametrize("form", ["probabilities", "roots", "logits"])
def test_equal_outputs_have_equal_coordinates(kind: str, form: str) -> None:
    p = problem(kind)
    x = torch.as_tensor(p.outputs)
    points = p.task.coordinates(x, form, 2.0)
    assert points.shape[0] == N
    assert points.isfinite().all()
    assert torch.equal(points, p.task.coordinates(x.clone(), form, 2.0))


@every_task
def test_selection_prefers_the_better_scores(kind: str) -> None:
    p = problem(kind)
    good = p.task.scores(p.task.ideal_outputs(p.targets, 0.999), p.targets)
    bad = p.task.scores(p.outputs, p.targets)
    for selection in ("loss", "score"):
        assert p.task.badness(good, selection) < p.task.badness(bad, selection)
    assert p.task.progress(good) > p.task.progress(bad)


@every_task
def test_every_sample_with_a_target_has_a_group_a_stratum_and_words(kind: str) -> None:
    p = problem(kind)
    kept = p.task.has_target(p.targets)
    groups = p.task.grouping(p.targets)
    for numbers in (groups.numbers, p.task.strata(p.targets)):
        assert numbers.shape == (N,)
        assert (numbers[kept] >= 0).all()
        assert (numbers[~kept] == -1).all()
    assert groups.numbers.max() < len(groups.names)
    judged = p.task.judgement(p.task.recorded(p.outputs), p.targets)
    assert set(judged.numbers[kept]) == {0, 1}
    assert (judged.numbers[~kept] == -1).all()
    assert p.task.describe(p.targets[4]) in ("no label", "no target")
    assert p.task.describe(p.targets[0])


@every_task
def test_smoothing_is_applied_or_refused(kind: str) -> None:
    p = problem(kind)
    outputs, targets = torch.as_tensor(p.outputs), target_tensor(p.targets)
    if p.task.loss(outputs, targets, 0.2) == p.task.loss(outputs, targets):
        with pytest.raises(ConfigError, match=f"{kind}.*no labels to smooth"):
            p.task.check_smoothing(0.2)
    else:
        p.task.check_smoothing(0.2)


@every_task
def test_plain_models_learn_and_answer(kind: str) -> None:
    p = problem(kind, gaps=False)
    rng = np.random.default_rng(0)
    inputs = p.task.truth(p.targets) + 0.1 * rng.standard_normal(p.outputs.shape)
    plain = p.task.plain
    assert set(plain.standard) <= set(plain.models) == set(plain.titles)
    assert set(plain.semi_supervised) <= set(plain.models)
    model = next(iter(plain.models[plain.standard[0]]()))
    if hasattr(model, "C"):
        model.set_params(C=10.0)
    model.fit(inputs, p.task.plain_targets(p.targets))
    outputs = plain.outputs(model, inputs, p.task.output_width)
    assert outputs.shape == p.outputs.shape
    assert p.task.scores(outputs, p.targets)[p.task.primary.name] > 0.6
