"""Batches of which only the first samples are pairs."""

import pytest
import torch

from pkdot.distillers import available_distillers, build_distiller
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
