"""Two clouds that need not be the same samples: which points are known pairs, and the masses."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError
from .checks import check_tensor

Pairs = Tensor | tuple[Tensor, Tensor]
"""Indices (n,) into the teacher's samples and into the student's; one for both where aligned."""
Masses = Tensor | tuple[Tensor | None, Tensor | None] | None
"""Masses of the samples in both clouds, or of each cloud; None for equal ones of sum 1."""


@dataclass(frozen=True, eq=False)
class Partners:
    """What it costs known pairs of two clouds to part.

    Attributes:
        teacher: indices among the teacher's points, (n,).
        student: indices of their partners among the student's points, (n,).
        prices: of parting each pair, in units of the cost, (n,) or (..., n), or one for all.
    """

    teacher: Tensor
    student: Tensor
    prices: Tensor | float

    def apart(self, teacher_rows: Tensor, student_rows: Tensor) -> tuple[Tensor, Tensor]:
        """Clouds (..., B_T, d + n) and (..., B_S, d + n) between which parting has its price.

        Each pair has a coordinate of its own, √price long at both partners and 0 elsewhere. Sending
        mass from pair i to pair j then costs ½(price i + price j) more, and half a price more to or
        from a point without a partner; the divergence is still zero between equal clouds.
        """
        prices = torch.as_tensor(self.prices, dtype=teacher_rows.dtype, device=teacher_rows.device)
        lengths, number = prices.sqrt(), torch.arange(len(self.teacher), device=prices.device)

        def extended(rows: Tensor, places: Tensor) -> Tensor:
            own = rows.new_zeros(*rows.shape[:-1], len(places))
            own[..., places, number] = lengths
            return torch.cat([rows, own], -1)

        return extended(teacher_rows, self.teacher), extended(student_rows, self.student)


def checked_pairs(pairs: Pairs, teacher_size: int, student_size: int) -> tuple[Tensor, Tensor]:
    """Both sides' indices of trusted pairs, (n,) each, or InputError."""
    both = pairs if isinstance(pairs, tuple) else (pairs, pairs)
    if len(both) != 2:
        raise InputError(
            f"Trusted pairs are one tensor of indices for each of teacher and student, not "
            f"{len(both)}."
        )
    for indices in both:
        check_tensor("Indices of trusted pairs", indices)
    one, two = both
    if one.ndim != 1 or one.shape != two.shape or not len(one):
        raise InputError(
            f"Trusted pairs are indices of shapes (n,) and (n,) with n >= 1, not "
            f"{tuple(one.shape)} and {tuple(two.shape)}."
        )
    if not isinstance(pairs, tuple) and teacher_size != student_size:
        raise InputError(
            f"Indices of one side alone name pairs only where both have the same samples, not "
            f"{teacher_size} and {student_size}; give (teacher's, student's)."
        )
    for network, indices, size in (("teacher", one, teacher_size), ("student", two, student_size)):
        whole = indices.dtype in (torch.int32, torch.int64)
        # On a GPU the range is left to its own assertion: asking would stall it at every batch.
        known = indices.device.type == "cpu"
        if not whole or (known and not bool(((indices >= 0) & (indices < size)).all())):
            raise InputError(
                f"The {network}'s indices of trusted pairs must be whole numbers in 0..{size - 1}."
            )
    return one, two


def both_masses(weights: Masses) -> tuple[Tensor | None, Tensor | None]:
    """Masses of either cloud."""
    return weights if isinstance(weights, tuple) else (weights, weights)
