"""Batches of which only the first samples are pairs."""

import pytest
import torch

import pkdot
from pkdot.distillers import available_distillers, build_distiller
from pkdot.errors import InputError
from pkdot.networks.models import NetworkOutput

TRUSTED = 6


def _output(size: int, seed: int) -> NetworkOutput:
    generator = torch.Generator().manual_seed(seed)
    return NetworkOutput(
        torch.randn(size, 4, generator=generator),
        torch.randn(size, 8, generator=generator),
        {"seen": torch.randn(size, 8, generator=generator)},
    )


@pytest.mark.parametrize("method", ["kd", "rkd", "fitnets", "sp", "rows", "kd+rkd"])
def test_a_method_that_needs_pairs_learns_from_the_trusted_ones_alone(method: str) -> None:
    teacher, student = _output(10, 0), _output(13, 1)
    targets = torch.arange(13) % 4
    distiller = build_distiller(method)
    torch.manual_seed(0)
    distiller.prepare(teacher, student)
    first = slice(TRUSTED)
    pairs = distiller(
        teacher.map(lambda x: x[first]), student.map(lambda x: x[first]), targets[first]
    )
    assert distiller(teacher, student, targets, TRUSTED) == pairs
    assert pairs > 0


def test_every_method_takes_an_unpaired_batch() -> None:
    teacher, student = _output(40, 0), _output(45, 1)
    targets = torch.arange(45) % 4
    for name in available_distillers():
        distiller = build_distiller(name)
        distiller.prepare(teacher, student)
        assert distiller(teacher, student, targets, 36).isfinite(), name


FORMS = ("pkdot", "pkdot_identity", "pkdot_soft", "pkdot_dist", "pkdot_class")


@pytest.mark.parametrize("options", [{}, {"trusted_rows": True, "identity": 0.2}])
@pytest.mark.parametrize("method", FORMS)
def test_the_order_of_what_is_no_pair_means_nothing(method: str, options: dict) -> None:
    teacher, student = (o.map(torch.Tensor.double) for o in (_output(15, 0), _output(19, 1)))
    targets = torch.arange(19) % 4
    distiller = build_distiller(method, {method: {**options, "tolerance": 1e-10}})
    before = distiller.loss_unpaired(teacher, student, targets, TRUSTED)
    orders = [
        torch.cat([torch.arange(TRUSTED), TRUSTED + torch.randperm(size - TRUSTED)])
        for size in (15, 19)
    ]
    moved = teacher.map(lambda x: x[orders[0]]), student.map(lambda x: x[orders[1]])
    after = distiller.loss_unpaired(*moved, targets[orders[1]], TRUSTED)
    assert float(after) == pytest.approx(float(before), rel=1e-7)
    assert float(before) > 0


def test_rows_of_the_others_are_described_by_the_trusted_pairs() -> None:
    teacher, student = _output(15, 0), _output(19, 1)
    loss = pkdot.PKDOTLoss(blur=0.5)
    pairs = torch.arange(TRUSTED)
    rows = loss.rows(teacher.embedding, student.embedding, (pairs, pairs))
    expected = loss.divergence(*(own[TRUSTED:] for own in rows))
    found = build_distiller("pkdot").loss_unpaired(teacher, student, torch.zeros(19), TRUSTED)
    assert torch.equal(found, expected)
    found = build_distiller("pkdot", {"pkdot": {"trusted_rows": True}})
    everything = loss(teacher.embedding, student.embedding, (pairs, pairs))
    assert torch.equal(found.loss_unpaired(teacher, student, torch.zeros(19), TRUSTED), everything)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("pkdot", {}),
        ("pkdot", {"policy": "shared", "k": 4}),
        ("pkdot_identity", {"trusted_rows": True}),
        ("pkdot_soft", {"confidence": 1.0}),
        ("pkdot_dist", {}),
    ],
)
def test_many_unpaired_batches_at_once_are_each_by_itself(method: str, options: dict) -> None:
    pairs = [
        [
            _output(size, seed + which).map(torch.Tensor.double)
            for which, size in ((0, 15), (50, 19))
        ]
        for seed in range(3)
    ]
    distiller = build_distiller(method, {method: {**options, "tolerance": 1e-10}})
    teacher, student = (_stacked([pair[i] for pair in pairs]) for i in (0, 1))
    found = distiller.losses_unpaired(teacher, student, TRUSTED)
    each = [distiller.loss_unpaired(*pair, torch.zeros(19), TRUSTED) for pair in pairs]
    torch.testing.assert_close(found, torch.stack(each), rtol=1e-7, atol=1e-10)


def _stacked(outputs: list[NetworkOutput]) -> NetworkOutput:
    features = {"seen": torch.stack([o.features["seen"] for o in outputs])}
    parts = (torch.stack([o[i] for o in outputs]) for i in (0, 1))
    return NetworkOutput(*parts, features)


def test_an_unpaired_batch_without_anchors_is_refused_in_one_sentence() -> None:
    teacher, student = _output(10, 0), _output(13, 1)
    with pytest.raises(InputError, match=r"has none.*gromov"):
        build_distiller("pkdot")(teacher, student, torch.arange(13), 0)
    per_sample = build_distiller("pkdot", {"pkdot": {"policy": "per_sample", "k": 2}})
    with pytest.raises(InputError, match="per_sample"):
        per_sample(teacher, student, torch.arange(13), TRUSTED)
    # nothing but pairs on one side: they are the cloud
    few = teacher.map(lambda x: x[:TRUSTED])
    assert build_distiller("pkdot")(few, student, torch.arange(13), TRUSTED) > 0
