"""The loss of the method: similarity, anchors and transport, one after the other."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import InputError
from .anchors import POLICIES, read_rows, select_anchors
from .checks import (
    check_tensor,
    checked_choice,
    checked_count,
    checked_flag,
    checked_generator,
    checked_not_negative,
    checked_positive,
)
from .similarity import cosine_similarity_matrix
from .transport import (
    Transport,
    exact_transport,
    sinkhorn,
    sinkhorn_divergence,
    squared_cost,
    unbalanced_transport,
    with_identity,
)
from .transport.entropic import relative_epsilon
from .transport.validation import all_finite, checked_iterations, usable, working_dtype

KINDS = ("entropic", "unbalanced", "exact")
SHIFTS = (None, "minimum", "minimum_detached")


@dataclass(frozen=True, eq=False)
class Structure:
    """Every step from embeddings to divergence, for B samples and k anchors.

    Attributes:
        teacher_similarity: cosine similarities of the teacher's embeddings, (B, B).
        student_similarity: the same of the student's, (B, B).
        anchors: indices chosen on the teacher's matrix, (k,) or (B, k).
        teacher_rows: the teacher's similarities to the anchors, shifted where asked for, (B, k).
        student_rows: the student's similarities to the same anchors, (B, k).
        cost: ½‖teacher row i − student row j‖², plus what identity adds, (B, B).
        transport: the plan from teacher rows (i) to student rows (j) under that cost.
        divergence: the loss, a scalar; unlike ``transport.value`` it is debiased.
    """

    teacher_similarity: Tensor
    student_similarity: Tensor
    anchors: Tensor
    teacher_rows: Tensor
    student_rows: Tensor
    cost: Tensor
    transport: Transport
    divergence: Tensor


class PKDOTLoss(nn.Module):
    """Divergence between the teacher's and the student's anchor rows; gradient to the student.

    For any training loop: ``loss = task + weight * PKDOTLoss()(z_teacher, z_student)``.

    Args:
        k: number of anchors, 1 <= k < B (not used by the policy ``all``).
        blur: square root of epsilon, in the unit of the rows.
        policy: how anchors are chosen, see :func:`pkdot.select_anchors`.
        tolerance: marginal error of the transport; the default of ``sinkhorn_divergence``.
        max_iterations: iterations of the transport at most.
        generator: source of randomness for the policy ``random``.
        transport: ``entropic`` (the method), ``unbalanced`` (mass may stay behind; also debiased),
            or ``exact`` (without entropy, hence nothing to debias; slow, on the CPU).
        penalty: price of mass left behind, for ``unbalanced``, in units of the cost.
        identity: extra cost of sending a sample to another one; 0 is the method, which is blind to
            the pairing; see :func:`pkdot.method.transport.with_identity`.
        relative: take blur² as a fraction of the median cost between the rows.
        shift: what is taken off each similarity matrix before rows are read: nothing; ``minimum``,
            its smallest entry, through which gradient flows as in the released script, so that
            nearly all of the gradient lies on the student's least similar pair
            (``reports/benchmarks/shift.md``); or ``minimum_detached``, the same number as a
            constant.

    Raises:
        InputError: for settings outside these ranges.

    Source: the loss of PKDOT, arXiv 2401.15489; ``shift`` as in its public script
    (haseebaslam95/PKDOT, commit 4f1b6d4).
    """

    def __init__(
        self,
        k: int = 30,
        blur: float = 0.1,
        policy: str = "shared",
        *,
        tolerance: float | None = None,
        max_iterations: int = 10_000,
        generator: torch.Generator | None = None,
        transport: str = "entropic",
        penalty: float = 1.0,
        identity: float = 0.0,
        relative: bool = False,
        shift: str | None = None,
    ) -> None:
        super().__init__()
        self.k = checked_count("k", k)
        self.blur = checked_positive("blur", blur)
        self.policy = checked_choice("anchor policy", policy, POLICIES)
        self.tolerance = None if tolerance is None else checked_positive("tolerance", tolerance)
        self.max_iterations = checked_iterations(max_iterations)
        self.generator = checked_generator(generator)
        self.transport = checked_choice("transport", transport, KINDS)
        self.penalty = checked_positive("penalty", penalty)
        self.identity = checked_not_negative("identity", identity)
        self.relative = checked_flag("relative", relative)
        self.shift = checked_choice("shift", shift, SHIFTS)

    def extra_repr(self) -> str:
        return f"k={self.k}, blur={self.blur}, policy={self.policy!r}"

    def forward(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """The loss of one batch.

        Args:
            z_teacher: embeddings, (B, D_T); a constant to autograd.
            z_student: embeddings of the same samples in the same order, (B, D_S).

        Returns:
            A scalar in float32, or float64 if an input is.

        Raises:
            InputError: for NaN, k >= B, or shapes that do not match.
        """
        return self.divergence(*self.rows(z_teacher, z_student))

    @torch.no_grad()
    def structure(
        self, z_teacher: Tensor, z_student: Tensor, weights: Tensor | None = None
    ) -> Structure:
        """Every step of the loss, for figures; without gradient.

        Args:
            z_teacher: embeddings, (B, D_T).
            z_student: embeddings of the same samples in the same order, (B, D_S).
            weights: masses of the samples, as for :meth:`divergence`.

        Raises:
            InputError: as :meth:`forward`, and for masses that no transport takes.
        """
        rows = self._steps(z_teacher, z_student)
        teacher_rows, student_rows = rows[-2:]
        cost = self._cost(teacher_rows, student_rows)
        divergence = self.divergence(teacher_rows, student_rows, weights)
        transport = self._transport(cost, self._epsilon(teacher_rows, student_rows), weights)
        return Structure(*rows, cost, transport, divergence)

    def rows(self, z_teacher: Tensor, z_student: Tensor) -> tuple[Tensor, Tensor]:
        """Steps 1 and 2 alone: the anchor rows of teacher and student, (B, k) each."""
        *_, teacher_rows, student_rows = self._steps(z_teacher, z_student)
        return teacher_rows, student_rows

    def divergence(
        self, teacher_rows: Tensor, student_rows: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Step 3 alone: the divergence of two clouds that describe the same samples, a scalar.

        Args:
            teacher_rows: (B, d).
            student_rows: (B, d), row i for the same sample as the teacher's row i.
            weights: masses of the samples in both clouds, (B,); uniform by default.
        """
        if self.transport == "entropic":
            return sinkhorn_divergence(
                teacher_rows,
                student_rows,
                weights,
                weights,
                blur=self.blur,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
                relative=self.relative,
                identity=self.identity,
            )
        between = self._cost(teacher_rows, student_rows)
        epsilon = self._epsilon(teacher_rows, student_rows)
        value = self._transport(between, epsilon, weights).value
        if self.transport == "exact":
            return value
        own = [self._cost(rows, rows) for rows in (teacher_rows, student_rows)]
        return value - 0.5 * sum(self._transport(cost, epsilon, weights).value for cost in own)

    def _shifted(self, rows: Tensor, similarity: Tensor) -> Tensor:
        """Rows (B, k) less the smallest entry of the matrix (B, B) that they were read from."""
        if self.shift is None:
            return rows
        smallest = similarity.amin()
        return rows - (smallest if self.shift == "minimum" else smallest.detach())

    def _cost(self, x: Tensor, y: Tensor) -> Tensor:
        cost = squared_cost(x, y)
        return with_identity(cost, self.identity) if self.identity else cost

    def _epsilon(self, x: Tensor, y: Tensor) -> float:
        epsilon = self.blur * self.blur
        return relative_epsilon(squared_cost(x, y), epsilon) if self.relative else epsilon

    def _transport(self, cost: Tensor, epsilon: float, weights: Tensor | None) -> Transport:
        if self.transport == "exact":
            return exact_transport(cost, weights, weights)
        if self.transport == "unbalanced":
            return unbalanced_transport(
                cost,
                weights,
                weights,
                epsilon=epsilon,
                penalty=self.penalty,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
            )
        return sinkhorn(
            cost,
            weights,
            weights,
            epsilon=epsilon,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
        )

    def _steps(
        self, z_teacher: Tensor, z_student: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Similarities of teacher and student, anchors, and rows of teacher and student."""
        for network, z in (("teacher", z_teacher), ("student", z_student)):
            check_tensor(f"The {network}'s embeddings", z)
            if z.ndim != 2:
                raise InputError(
                    f"The {network}'s embeddings must have shape (B, D), not {tuple(z.shape)}."
                )
            if not all_finite(z):
                raise InputError(
                    f"The {network}'s embeddings contain NaN or infinity; lower the learning rate, "
                    f"or look at the layer before them."
                )
        if len(z_teacher) != len(z_student):
            raise InputError(
                f"Teacher and student must embed the same samples; the batches have "
                f"{len(z_teacher)} and {len(z_student)} rows."
            )
        dtype = working_dtype(z_teacher, z_student)
        z_teacher, z_student = usable(z_teacher.detach(), dtype), usable(z_student, dtype)
        with torch.autocast(z_teacher.device.type, enabled=False):
            teacher = cosine_similarity_matrix(z_teacher)
            student = cosine_similarity_matrix(z_student)
            anchors = select_anchors(teacher, self.k, self.policy, generator=self.generator)
            teacher_rows = self._shifted(read_rows(teacher, anchors), teacher)
            student_rows = self._shifted(read_rows(student, anchors), student)
        return teacher, student, anchors, teacher_rows, student_rows
