"""Belief in pairs: right ones are believed more, and what is believed counts."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

import pkdot
from pkdot.distillers import build_distiller
from pkdot.method.belief import anchor_weights, beta_uniform, pair_belief, small_loss_belief
from pkdot.networks import NetworkOutput
from tests.support.network_outputs import learning, pair, ready


class Doubtful(NamedTuple):
    """A batch of which every second pair is wrong: teacher as seen and as it should be, student."""

    seen: NetworkOutput
    whole: NetworkOutput
    student: NetworkOutput
    right: Tensor


def half_wrong(size: int = 64, seed: int = 0) -> Doubtful:
    """Embeddings and logits of three directions that both networks share, and noise."""
    draw = torch.Generator().manual_seed(seed)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    shared, head = some(size, 3), some(3, 4)
    teacher, student = (
        NetworkOutput(
            2 * shared @ head + 0.5 * some(size, 4), shared @ some(3, 8) + 0.3 * some(size, 8), {}
        )
        for _ in range(2)
    )
    order = torch.arange(size)
    right = order % 2 == 1
    order[~right] = order[~right].roll(1)
    return Doubtful(teacher.map(lambda x: x[order]), teacher, student, right)


def beliefs(teacher: Tensor, student: Tensor, known: Tensor) -> Tensor:
    return pair_belief(*(pkdot.cosine_similarity_matrix(z) for z in (teacher, student)), known)


def test_right_pairs_are_believed_more_than_wrong_ones() -> None:
    for seed in range(3):
        batch = half_wrong(seed=seed)
        right = batch.right
        found = beliefs(batch.seen.embedding, batch.student.embedding, torch.zeros_like(right))
        assert found[right].mean() > found[~right].mean() + 0.3
        assert ((found >= 0) & (found <= 1)).all()


def test_what_is_known_is_believed_and_helps_to_judge_the_rest() -> None:
    batch = half_wrong(size=32)
    right = batch.right
    known = right & (torch.arange(32) < 16)
    found = beliefs(batch.seen.embedding, batch.student.embedding, known)
    assert (found[known] == 1).all()
    assert found[right].mean() > found[~right].mean() + 0.4


def test_where_all_are_right_nearly_all_are_believed_and_without_structure_few() -> None:
    batch = half_wrong()
    nothing = torch.zeros_like(batch.right)
    assert beliefs(batch.whole.embedding, batch.student.embedding, nothing).mean() > 0.9
    noise = torch.randn(64, 8, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    assert beliefs(batch.whole.embedding, noise, nothing).mean() < 0.4


def test_p_values_without_a_pattern_are_not_believed() -> None:
    uniform = (torch.arange(200, dtype=torch.float64) + 0.5) / 200
    assert beta_uniform(uniform, torch.zeros(200, dtype=torch.bool)).mean() < 0.1
    mixed = torch.cat([uniform[::2], torch.full((100,), 0.005, dtype=torch.float64)])
    found = beta_uniform(mixed, torch.zeros(200, dtype=torch.bool))
    assert found[100:].min() > 0.85
    assert found[50:100].max() < 0.3


def test_small_losses_are_trusted() -> None:
    draw = torch.Generator().manual_seed(0)
    losses = torch.cat(
        [1 + 0.1 * torch.randn(30, generator=draw), 3 + torch.randn(30, generator=draw)]
    )
    found = small_loss_belief(losses)
    assert found[:30].mean() > 0.9
    assert found[30:].mean() < 0.15
    assert torch.equal(small_loss_belief(torch.ones(4)), torch.full((4,), 0.5))


def test_anchors_count_by_belief_and_alike_where_nothing_is_known() -> None:
    assert torch.equal(anchor_weights(torch.zeros(5)), torch.ones(5))
    weights = anchor_weights(torch.tensor([1.0, 0.0]))
    assert float(weights.mean()) == 1
    assert float(weights[0] / weights[1]) == pytest.approx(21)


def test_without_doubt_it_is_pkdot_with_soft_labels() -> None:
    """Every pair has a target, hence a belief of 1."""
    teacher, student, labels = pair()
    options = {"policy": "all", "weight": 3.0, "tolerance": 1e-10}
    doubt, soft = (ready(name, **options) for name in ("pkdot_doubt", "pkdot_soft"))
    labels = labels.clamp_min(0)
    expected = float(soft.loss(teacher, student, labels))
    assert float(doubt.loss(teacher, student, labels)) == pytest.approx(expected, rel=1e-6)
    for doubtful, plain in (("rows_doubt", "rows"), ("kd_doubt", "kd"), ("kd_small_loss", "kd")):
        expected = float(ready(plain).loss(teacher, student, labels))
        found = float(ready(doubtful).loss(teacher, student, labels))
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["kd_doubt", "rows_doubt", "pkdot_doubt"])
def test_wrong_pairs_move_the_student_less_than_right_ones(name: str) -> None:
    """The gradient is nearer than the plain method's to that of the batch without wrong pairs."""
    batch = half_wrong()
    plain = {"kd_doubt": "kd", "rows_doubt": "rows", "pkdot_doubt": "pkdot_soft"}[name]

    def gradient(method: str, teacher: NetworkOutput) -> Tensor:
        student = learning(batch.student)
        targets = torch.full((64,), -1)
        loss = build_distiller(method, {method: {"weight": 1.0}})(teacher, student, targets)
        parts = torch.autograd.grad(
            loss, (student.outputs, student.embedding), allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in parts])

    wanted = gradient(plain, batch.whole)
    doubtful, blind = (
        float(torch.cosine_similarity(gradient(method, batch.seen), wanted, dim=0))
        for method in (name, plain)
    )
    assert doubtful > blind + 0.05


@pytest.mark.parametrize("kind", ["loss", "structure", "both"])
def test_a_trusted_loss_weighs_its_gradient_as_a_constant(kind: str) -> None:
    teacher, student, labels = pair()
    method = ready("kd_doubt", belief=kind)
    logits = student.outputs.clone().requires_grad_()
    (found,) = torch.autograd.grad(
        method.loss(teacher, student._replace(outputs=logits), labels), logits
    )
    p, q = ((x / 2).softmax(1) for x in (teacher.outputs, student.outputs))
    losses = 4 * (p * (p / q).log()).sum(1)
    similar = [pkdot.cosine_similarity_matrix(o.embedding) for o in (teacher, student)]
    agreement = pair_belief(*similar, labels >= 0, (p, q))
    parts = {"loss": small_loss_belief(losses), "structure": agreement}
    parts["both"] = parts["loss"] * parts["structure"]
    belief = torch.where(labels >= 0, 1.0, parts[kind])
    torch.testing.assert_close(found, 2 * belief.unsqueeze(1) * (q - p) / len(p))
