"""Unpaired batches of many members: the losses and the ends of each one alone."""

import copy

import pytest
import torch

from pkdot.distillers import available_distillers, build_distiller
from pkdot.distillers.base import Distiller
from pkdot.networks.models import NetworkOutput
from pkdot.training.many.distillation import StackedDistillers
from pkdot.training.many.students import student_obstacle, student_shape
from tests.support.many_students import TRAINING, Pupil, pupils
from tests.support.unpaired import APART, unpaired_corpus
from tests.training.many.test_students import check_equal, members_of, options_of, wide

__all__ = ["wide"]

MEMBERS, TRUSTED = 3, 5


def unpaired_members(method: str, unpaired: float = 1.0) -> list[Pupil]:
    corpora = [unpaired_corpus(seed, unpaired=unpaired) for seed in range(MEMBERS)]
    training = TRAINING.model_copy(update={"epochs": 3})
    options = {k: v for part in method.split("+") for k, v in options_of(part).items()}
    return members_of(method, corpora=corpora, network=APART, training=training, options=options)


@pytest.mark.parametrize(
    "method",
    ["kd", "pkdot", *(pytest.param(m, marks=pytest.mark.slow) for m in ("fitnets", "kd+crd"))],
)
def test_every_way_to_a_loss_ends_as_one_by_one(wide: None, method: str) -> None:
    members = unpaired_members(method)
    assert not student_obstacle(members[0].prepared())
    check_equal(members)


@pytest.mark.slow
def test_doubtful_pairs_on_both_sides_end_as_one_by_one(wide: None) -> None:
    check_equal(unpaired_members("rkd", unpaired=0.5))


def test_batches_of_other_sizes_are_of_another_shape() -> None:
    shapes = set()
    for unpaired, share in ((1.0, 0.5), (0.5, 0.5), (1.0, 0.8)):
        corpus = unpaired_corpus(unpaired=unpaired, teacher_share=share)
        (pupil,) = pupils((0,), corpora=[corpus], network=APART)
        shapes.add(student_shape(pupil.prepared()))
    assert len(shapes) == 3


class MeanGap(Distiller):
    """The distance of the two clouds' means, which no pair is needed for."""

    name = "mean_gap"
    title = "mean gap"

    def loss(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: torch.Tensor
    ) -> torch.Tensor:
        return (teacher.embedding.mean(0) - student.embedding.mean(0)).square().sum()

    def loss_unpaired(
        self,
        teacher: NetworkOutput,
        student: NetworkOutput,
        targets: torch.Tensor,
        trusted: int,
    ) -> torch.Tensor:
        return trusted * self.loss(teacher, student, targets)


def output_of(size: int, seed: int) -> NetworkOutput:
    """Outputs of all members, (M, size, ...)."""
    draw = torch.Generator().manual_seed(seed)
    outputs, z = (
        torch.randn(MEMBERS, size, width, generator=draw, dtype=torch.float64) for width in (4, 8)
    )
    return NetworkOutput(outputs, z, {"seen": z})


@pytest.mark.parametrize("method", ["mean_gap", *available_distillers(), "kd+rows"])
def test_losses_of_many_are_those_of_each(method: str) -> None:
    own: list[Distiller] = [MeanGap(MeanGap.Settings(weight=2.0)) for _ in range(MEMBERS)]
    if method != "mean_gap":
        options = {} if "+" in method else options_of(method)
        own = [build_distiller(method, options) for _ in range(MEMBERS)]
    teacher, student = output_of(12, 0), output_of(14, 1)
    targets = torch.arange(14).remainder(4).expand(MEMBERS, -1)
    for distiller, t, s in zip(own, teacher.unstacked(), student.unstacked(), strict=True):
        distiller.prepare(t, s)
        distiller.double()
    alone = [
        copy.deepcopy(distiller)(t, s, y, TRUSTED)
        for distiller, t, s, y in zip(
            own, teacher.unstacked(), student.unstacked(), targets, strict=True
        )
    ]
    stacked = StackedDistillers(own)
    members = list(range(MEMBERS))
    adapters = {
        name: torch.stack([given[name] for given in stacked.adapters()])
        for name in stacked.adapters()[0]
    }
    terms = stacked.terms(members, adapters, (teacher, student, targets), TRUSTED)
    found = torch.stack([term.weigh(targets) * term.losses for term in terms]).sum(0)
    torch.testing.assert_close(found, torch.stack(alone), rtol=1e-8, atol=1e-10)


def test_a_method_may_solve_unpaired_batches_of_many_in_one_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pkdot.distillers.pkdot import PKDOT

    def alone(
        self: PKDOT, t: NetworkOutput, s: NetworkOutput, targets: torch.Tensor, trusted: int
    ) -> torch.Tensor:
        raise AssertionError("one member after another")

    def together(self: PKDOT, t: NetworkOutput, s: NetworkOutput, trusted: int) -> torch.Tensor:
        return (t.embedding[:, trusted:].mean(1) - s.embedding[:, trusted:].mean(1)).sum(1)

    monkeypatch.setattr(PKDOT, "loss_unpaired", alone, raising=False)
    monkeypatch.setattr(PKDOT, "losses_unpaired", together, raising=False)
    teacher, student = output_of(12, 0), output_of(14, 1)
    targets = torch.zeros(MEMBERS, 14, dtype=torch.int64)
    stacked = StackedDistillers([build_distiller("pkdot") for _ in range(MEMBERS)])
    (term,) = stacked.terms([0, 1, 2], {}, (teacher, student, targets), TRUSTED)
    gaps = teacher.embedding[:, TRUSTED:].mean(1) - student.embedding[:, TRUSTED:].mean(1)
    torch.testing.assert_close(term.losses, gaps.sum(1))
