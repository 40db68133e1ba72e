"""Methods that learn by a plan: transported labels, balanced pseudo-labels, Gromov-Wasserstein."""

import math

import numpy as np
import ot
import pytest
import torch

import pkdot
from pkdot.distillers import build_distiller
from pkdot.errors import InputError
from pkdot.method.gromov import GromovLimits, gromov_gain, gromov_plan
from pkdot.networks import NetworkOutput
from pkdot.tasks import KINDS
from tests.support.network_outputs import learning, output, pair, ready
from tests.tasks.examples import problem

TRUSTED = 5


def unpaired() -> tuple[NetworkOutput, NetworkOutput, torch.Tensor]:
    """Nine samples of the teacher's, eleven of the student's; the first five are pairs."""
    labels = torch.full((11,), -1)
    labels[:TRUSTED] = torch.arange(TRUSTED) % 4
    return output("teacher", 9), output("student", 11), labels


# -- transported labels ------------------------------------------------------------------


def test_labels_that_may_not_travel_are_soft_labels() -> None:
    teacher, student, labels = pair()
    for temperature in (1.0, 3.0):
        same = {"temperature": temperature, "weight": 1.0}
        kept = ready("transported_labels", identity=1e4, **same)
        expected = float(ready("kd", **same).loss(teacher, student, labels))
        assert float(kept.loss(teacher, student, labels)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_mixture_of_one_is_that_output(kind: str) -> None:
    p = problem(kind)
    width = p.task.output_width
    outputs = torch.randn(5, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order = torch.tensor([3, 0, 4])
    one = p.task.mixture(outputs, torch.eye(5, dtype=torch.float64)[order], 2.0)
    assert float(p.task.soft_loss(one, outputs[order], 2.0)) == pytest.approx(0, abs=1e-12)
    even = p.task.mixture(outputs, torch.full((2, 5), 0.2, dtype=torch.float64), 2.0)
    answers = p.task.coordinates(outputs, "probabilities", 2.0).mean(0)
    torch.testing.assert_close(
        p.task.coordinates(even, "probabilities", 2.0), answers.expand(2, -1)
    )


def test_no_gradient_flows_through_the_plan() -> None:
    teacher, student, labels = pair()
    own = learning(student)
    method = ready("transported_labels", outputs=1.0, policy="all", blur=0.5)
    method.loss(teacher, own, labels).backward()
    assert own.embedding.grad is None
    clouds = method.clouds(teacher, student)
    every = torch.arange(12)
    partners = pkdot.method.partners.Partners(every, every, method.settings.identity)
    plan = method.structural.plan(*clouds, partners=partners).plan
    labels = 12 * plan.T @ (teacher.outputs / 2).softmax(1)
    expected = 2 * ((student.outputs / 2).softmax(1) - labels) / 12
    torch.testing.assert_close(own.outputs.grad, expected, rtol=1e-6, atol=1e-9)


def test_trusted_pairs_keep_their_own_labels_and_the_others_get_theirs_by_the_plan() -> None:
    teacher, student, labels = unpaired()
    method = ready("transported_labels", policy="all", tolerance=1e-10)
    found = float(method.loss_unpaired(teacher, student, labels, TRUSTED))
    pairs = torch.arange(TRUSTED)
    rows = method.structural.rows(teacher.embedding, student.embedding, (pairs, pairs))
    others = [own[TRUSTED:].numpy() for own in rows]
    a, b = np.full(4, 1 / 4), np.full(6, 1 / 6)
    cost = 0.5 * ot.dist(*others)
    plan = ot.sinkhorn(a, b, cost, method.settings.blur**2, method="sinkhorn_log", stopThr=1e-11)
    p, q = ((o.outputs / 2).softmax(1).numpy() for o in (teacher, student))
    carried = np.vstack([p[:TRUSTED], 6 * plan.T @ p[TRUSTED:]])
    expected = 4 * np.mean(np.sum(carried * np.log(carried / q), axis=1))
    assert found == pytest.approx(expected, rel=1e-6)


def test_confident_samples_weigh_more_in_the_plan_of_unpaired_recordings() -> None:
    batch = (*unpaired(), TRUSTED)
    found = [
        float(ready("transported_labels", policy="all", confidence=c).loss_unpaired(*batch))
        for c in (0.0, 3.0)
    ]
    assert abs(found[0] - found[1]) > 1e-3


# -- balanced pseudo-labels --------------------------------------------------------------


def test_pseudo_labels_have_the_shares_that_were_asked_for() -> None:
    draw = torch.Generator().manual_seed(0)
    logs = (3 * torch.randn(40, 4, generator=draw, dtype=torch.float64)).log_softmax(1)
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
    pseudo = ready("self_labels").pseudo_labels(logs, shares)
    torch.testing.assert_close(pseudo.sum(1), torch.ones(40, dtype=torch.float64))
    torch.testing.assert_close(pseudo.mean(0), shares, rtol=0, atol=1e-6)
    sharp = ready("self_labels", epsilon=0.005).pseudo_labels(logs, shares)
    assert sharp.amax(1).mean() > 0.97 > pseudo.amax(1).mean()


def test_pseudo_labels_are_constants() -> None:
    teacher, student, labels = pair()
    own = learning(student)
    method = ready("self_labels")
    method.loss(teacher, own, labels).backward()
    logs = student.outputs[labels < 0].log_softmax(1)
    pseudo = method.pseudo_labels(logs, torch.full((4,), 0.25, dtype=torch.float64))
    torch.testing.assert_close(own.outputs.grad[labels < 0], (logs.exp() - pseudo) / len(logs))
    assert (own.outputs.grad[labels >= 0] == 0).all()


def skewed(
    size: int, shares: torch.Tensor, seed: int, apart: float = 1.5
) -> tuple[NetworkOutput, torch.Tensor]:
    """Calibrated answers of a classifier that knew even shares, for samples of other ones."""
    draw = torch.Generator().manual_seed(seed)
    truth = torch.multinomial(shares, size, replacement=True, generator=draw)
    x = torch.nn.functional.one_hot(truth, len(shares)) * apart
    x = x + torch.randn(size, len(shares), generator=draw, dtype=torch.float64)
    return NetworkOutput(apart * x, x, {}), truth


@pytest.mark.parametrize("shares", ["even", "labelled", "em", "teacher"])
def test_shares_that_are_estimated_are_those_of_the_samples(shares: str) -> None:
    """Balanced labels, long-tailed recordings: only EM and the teacher's recordings tell."""
    tail = torch.tensor([0.6, 0.25, 0.1, 0.05], dtype=torch.float64)
    even = torch.full((4,), 0.25, dtype=torch.float64)
    # a weight of 0: this student has learnt nothing from its pseudo-labels
    options = {"shares": shares, "momentum": 0.95, "weight": 0.0}
    method = build_distiller("self_labels", {"self_labels": options}).double()
    for batch in range(60):
        labelled, truth = skewed(8, even, batch)
        rest, _ = skewed(56, tail, 100 + batch)
        student = NetworkOutput(*(torch.cat([labelled[i], rest[i]]) for i in range(2)), {})
        targets = torch.cat([truth, torch.full((56,), -1)])
        teacher = skewed(64, tail, 200 + batch, apart=4.0)[0]
        if not batch:
            method.prepare(teacher, student)
        method(teacher, student, targets)
    method.eval()
    found = method._shares(teacher.outputs, rest.outputs.log_softmax(1), targets)
    assert float(found.sum()) == pytest.approx(1)
    expected = tail if shares in ("em", "teacher") else even
    assert (found - expected).abs().max() < 0.06


def test_shares_go_on_from_their_state_and_start_anew() -> None:
    teacher, student, labels = pair()
    one, two = (ready("self_labels", shares="em") for _ in range(2))
    first = one.loss(teacher, student, labels)
    for _ in range(3):
        one(teacher, student, labels)
    two.set_state(one.get_state())
    assert torch.equal(one.loss(teacher, student, labels), two.loss(teacher, student, labels))
    one.eval()
    assert torch.equal(one.loss(teacher, student, labels), one.loss(teacher, student, labels))
    two.prepare(teacher, student)
    assert torch.equal(two.loss(teacher, student, labels), first)


def test_nothing_without_label_costs_nothing_and_no_preparation_is_said() -> None:
    teacher, student, labels = pair()
    assert float(ready("self_labels").loss(teacher, student, labels.clamp_min(0))) == 0
    with pytest.raises(InputError, match=r"'self_labels' has no shares .* call prepare"):
        build_distiller("self_labels", {"self_labels": {"shares": "em"}})(teacher, student, labels)


def test_of_an_unpaired_batch_all_student_samples_count() -> None:
    teacher, student, labels = unpaired()
    method = ready("self_labels")
    alone = method.loss(student, student, labels)
    assert torch.equal(method.loss_unpaired(teacher, student, labels, TRUSTED), alone)


# -- Gromov-Wasserstein ------------------------------------------------------------------

LIMITS = GromovLimits(epsilon=0.01, tolerance=1e-9, max_iterations=200)


def identity(size: int) -> torch.Tensor:
    return torch.eye(size, dtype=torch.float64) / size


def test_an_equal_structure_in_another_order_costs_nothing() -> None:
    teacher, student, labels = pair()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    turn, _ = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64))
    same = student._replace(embedding=2 * (teacher.embedding @ turn)[order])
    for start, seen in (("uniform", same), ("pairs", same.map(lambda x: x[order.argsort()]))):
        method = ready("gromov", start=start, least_move=1e-8, max_iterations=500)
        assert abs(float(method.loss(teacher, seen, labels))) < 1e-6
    assert float(method.loss(teacher, student, labels)) > 1e-2


@pytest.mark.slow
def test_sizes_may_differ_and_the_order_of_either_side_means_nothing() -> None:
    teacher, student, labels = unpaired()
    exact = {"least_move": 1e-9, "max_iterations": 1000}
    for start in ("uniform", "outputs"):
        method = ready("gromov", start=start, **exact)
        before = float(method.loss_unpaired(teacher, student, labels, TRUSTED))
        moved = [o.map(lambda x: x.flip(0)) for o in (teacher, student)]
        assert float(method.loss_unpaired(*moved, labels, 0)) == pytest.approx(before, rel=1e-5)
    x, y = (pkdot.cosine_similarity_matrix(o.embedding) for o in (teacher, student))
    uniform = torch.full((9, 11), 1 / 99, dtype=torch.float64)
    found = gromov_plan(x, y, uniform, LIMITS)
    plan = ot.gromov.entropic_gromov_wasserstein(
        x.numpy(), y.numpy(), None, None, "square_loss", 0.01, max_iter=300, tol=1e-9
    )
    np.testing.assert_allclose(found.plan.numpy(), plan, atol=1e-6)


def test_no_iteration_raises_the_objective() -> None:
    teacher, student, _ = pair()
    x, y = (pkdot.cosine_similarity_matrix(o.embedding) for o in (teacher, student))
    gains = [
        float(gromov_gain(x, y, gromov_plan(x, y, identity(12), limits).plan, 0.04))
        for limits in (GromovLimits(0.04, 1e-12, n) for n in range(1, 8))
    ]
    assert gains == sorted(gains)


@pytest.mark.parametrize("start", ["pairs", "uniform"])
def test_gradient_of_gromov_agrees_with_finite_differences(start: str) -> None:
    teacher, student, labels = pair(size=6)
    method = ready("gromov", start=start, blur=0.15, least_move=1e-10, max_iterations=500)
    z = student.embedding.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        method.loss(teacher, student._replace(embedding=z), labels), z
    )
    draw = torch.Generator().manual_seed(0)
    for _ in range(2):
        way = torch.randn(z.shape, generator=draw, dtype=torch.float64)
        ends = [
            float(method.loss(teacher, student._replace(embedding=z.detach() + h * way), labels))
            for h in (1e-4, -1e-4)
        ]
        slope = (ends[0] - ends[1]) / 2e-4
        assert float((gradient * way).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-7)
        assert not math.isclose(slope, 0, abs_tol=1e-5)
