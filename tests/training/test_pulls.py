"""How strongly losses pull on an embedding, and that a student's λ follows it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from pkdot.distillers import build_distiller
from pkdot.errors import ConfigError
from pkdot.experiments.experiment import drain
from pkdot.training.pulls import Pulls, pulls_of
from pkdot.training.student import prepare_student, train_student
from tests.support.many_students import FABRIC, TRAINING, pupils
from tests.support.network_outputs import ready
from tests.support.small_corpora import small_corpus, windows_corpus


def pull(loss: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(loss, at, retain_graph=True)
    return gradient.norm(dim=-1).sum()


def test_the_pull_is_the_sum_of_the_lengths_of_the_gradients() -> None:
    z = torch.randn(1, 6, 3, dtype=torch.float64, requires_grad=True)
    found = pulls_of(0.5 * z.square().sum((1, 2)) / 6, z)
    torch.testing.assert_close(found, z.detach().norm(dim=2).mean(1))


def test_neither_batch_size_nor_labelled_share_matter() -> None:
    """Cross-entropy over the labelled ones of a batch; squared errors over all of it."""
    torch.manual_seed(0)
    head = nn.Linear(3, 4).double()
    few = torch.randn(8, 3, dtype=torch.float64)
    labels = torch.arange(8) % 4

    def pulls(z: torch.Tensor, known: torch.Tensor) -> list[float]:
        z = z.clone().requires_grad_()
        task = functional.cross_entropy(head(z), known, ignore_index=-1)
        return [float(pull(loss, z)) for loss in (task, (z - 1).square().sum(1).mean())]

    once = pulls(few, labels)
    assert pulls(few.repeat(5, 1), labels.repeat(5)) == pytest.approx(once)
    without = torch.cat([labels, torch.full((32,), -1)])
    assert pulls(few.repeat(5, 1), without) == pytest.approx(once)


def test_members_have_pulls_of_their_own() -> None:
    z = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    losses = z.square().mean((1, 2))
    alone = [z[i].detach().square().mul(4).sum(1).sqrt().sum() / 18 for i in (0, 1)]
    torch.testing.assert_close(pulls_of(losses, z), torch.stack(alone))


def test_a_loss_that_passes_the_embedding_by_is_refused() -> None:
    distiller = ready("kd", share=1.0)
    pulls = Pulls(FABRIC, nn.Linear(1, 1), distiller)
    z, other = (torch.randn(4, 3, requires_grad=True) for _ in range(2))
    with pytest.raises(ConfigError, match=r"kd loss does not depend.*set a weight"):
        pulls.note(z.square().mean(), [(distiller, other.sum())], z)
    pulls.note(z.square().mean(), [(distiller, torch.zeros(()))], z)
    assert distiller.balance.weight == 0.0, "a loss without a gradient does not pull"


@pytest.mark.parametrize("corpus", ["samples", "windows"])
@pytest.mark.parametrize("method", ["kd", "matrix", "kd+matrix"])
def test_at_the_first_update_the_method_pulls_as_the_share_says(corpus: str, method: str) -> None:
    """Recomputed from all losses of the batch by another way: the gradient of all weights."""
    (pupil,) = pupils((0,), corpora=[small_corpus() if corpus == "samples" else windows_corpus()])
    options = {name: {"share": 0.7} for name in method.split("+")}
    distiller = build_distiller(method, options)
    prepared = prepare_student(pupil.context, distiller, pupil.shared)
    student = prepared.spec.network.train()
    seen: list[torch.Tensor] = []
    student.joint.head.register_forward_pre_hook(lambda module, given: seen.append(given[0]))  # type: ignore[union-attr, arg-type]
    parts, _ = prepared.spec.losses(student, next(iter(prepared.spec.batches)))
    whole = [pull(parts[name], seen[0]) for name in ("task", "distillation")]
    if "+" not in method:
        assert float(whole[1] / whole[0]) == pytest.approx(0.7, rel=1e-5)
        assert float(parts["weight"]) == distiller.applied_weights()[method]
    else:
        assert 0 < float(whole[1] / whole[0]) <= 1.4 * (1 + 1e-5), "two pulls of 0.7 at most"
        assert {"weight of kd", "weight of matrix"} < set(parts)


def test_a_batch_that_cannot_be_compared_moves_no_weight() -> None:
    (pupil,) = pupils((0,), corpora=[small_corpus()])
    corpus = pupil.context.corpus
    absent = replace(corpus, present={"eda": np.arange(len(corpus)) < 2})
    context = replace(pupil.context, corpus=absent)
    distiller = build_distiller("kd", {"kd": {"share": 1.0}})
    prepared = prepare_student(context, distiller, pupil.shared)
    parts, _ = prepared.spec.losses(prepared.spec.network, np.arange(10, 20))
    assert "distillation" not in parts
    assert distiller.balance is not None
    assert not distiller.balance.noted


def test_the_weight_does_not_depend_on_the_unit_of_the_loss() -> None:
    """Soft labels at share 1 come out alike whatever factor the loss has."""
    training = TRAINING.model_copy(update={"epochs": 2, "patience": 2})
    (pupil,) = pupils((0,), training=training)

    def learnt(factor: float) -> tuple[Any, float]:
        distiller = build_distiller("kd", {"kd": {"share": 1.0}})
        loss = distiller.loss
        distiller.loss = lambda *given: factor * loss(*given)  # type: ignore[method-assign]
        student = drain(train_student(pupil.context, distiller, pupil.shared))
        return student.joint.head.weight.detach(), distiller.applied_weights()["kd"]

    (one, weight), (other, smaller) = learnt(1.0), learnt(1024.0)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert weight == pytest.approx(1024 * smaller, rel=1e-4)
