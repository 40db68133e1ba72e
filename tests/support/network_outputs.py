"""Outputs that networks might give for a batch, in float64, and methods ready to compare them."""

from typing import Any

import torch
from torch import Tensor

from pkdot.distillers import Distiller, available_distillers, build_distiller
from pkdot.networks import NetworkOutput

CLASSES = 4
WIDTHS = {"teacher": 7, "student": 5}


def output(network: str, size: int = 12, seed: int = 0) -> NetworkOutput:
    """Random logits (B, 4), embedding (B, 7 or 5), a feature (B, 3) and tokens (B, 2, 6)."""
    draw = torch.Generator().manual_seed(seed + 100 * (network == "student"))

    def some(*shape: int) -> Tensor:
        return torch.randn(size, *shape, generator=draw, dtype=torch.float64)

    return NetworkOutput(
        2 * some(CLASSES), some(WIDTHS[network]), {"face": some(3), "pulse": some(2, 6)}
    )


def pair(size: int = 12, seed: int = 0) -> tuple[NetworkOutput, NetworkOutput, Tensor]:
    """Teacher, student, and labels of which every third is absent (-1)."""
    teacher, student = output("teacher", size, seed), output("student", size, seed)
    labels = torch.randint(CLASSES, (size,), generator=torch.Generator().manual_seed(seed))
    labels[::3] = -1
    return teacher, student, labels


def learning(output: NetworkOutput) -> NetworkOutput:
    """The same numbers as leaves that collect gradients."""
    return output.map(lambda x: x.clone().requires_grad_(True))


def has_setting(method: str, name: str) -> bool:
    """Whether a method knows a setting."""
    return hasattr(available_distillers()[method].settings(), name)


def ready(method: str, **options: Any) -> Distiller:
    """One method with its adapters, in float64; 3 anchors where it takes any."""
    options = {**({"k": 3} if has_setting(method, "k") else {}), **options}
    distiller = build_distiller(method, {method: options})
    torch.manual_seed(3)
    distiller.prepare(output("teacher", 2), output("student", 2))
    return distiller.double()
