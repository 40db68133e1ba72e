"""The loss of the method: similarity, anchors and transport, one after the other."""

import torch
from torch import Tensor, nn

from ..errors import InputError
from .anchors import POLICIES, anchors_of_each, read_rows
from .checks import (
    checked_choice,
    checked_count,
    checked_flag,
    checked_generator,
    checked_not_negative,
    checked_positive,
)
from .partners import Masses, Pairs, Partners, both_masses, checked_pairs
from .similarity import cosine_similarity_matrix
from .structure import Steps, Structure, check_embeddings
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
from .transport.validation import checked_iterations, usable, working_dtype

KINDS = ("entropic", "unbalanced", "exact")
SHIFTS = (None, "minimum", "minimum_detached")


class PKDOTLoss(nn.Module):
    """Divergence between the teacher's and the student's anchor rows; gradient to the student.

    For any training loop: ``loss = task + weight * PKDOTLoss()(z_teacher, z_student)``. Several
    batches of one size may come at once, with leading axes; each has its own anchors and its own
    divergence. Anchors are a coordinate system, and need pairs; the rows do not: ``anchors=`` names
    trusted pairs, by similarities to which two clouds of any sizes are then described.

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

    def forward(self, z_teacher: Tensor, z_student: Tensor, anchors: Pairs | None = None) -> Tensor:
        """The loss of one batch.

        Args:
            z_teacher: embeddings, (..., B_T, D_T); a constant to autograd.
            z_student: embeddings, (..., B_S, D_S): of the same samples in the same order unless
                ``anchors`` are given.
            anchors: trusted pairs that serve as anchors in place of those that ``policy`` chooses:
                their indices (n,) among the teacher's samples and among the student's, to which the
                price ``identity`` then applies; or one tensor (n,) for clouds that are aligned.

        Returns:
            A scalar in float32, or float64 if an input is; (...,) of several batches.

        Raises:
            InputError: for NaN, k >= B, shapes that do not match, or pairs that are none.
        """
        rows = self.rows(z_teacher, z_student, anchors)
        return self.divergence(*rows, partners=self._partners(anchors))

    @torch.no_grad()
    def structure(
        self,
        z_teacher: Tensor,
        z_student: Tensor,
        weights: Masses = None,
        anchors: Pairs | None = None,
    ) -> Structure:
        """Every step of the loss, for figures; without gradient.

        Args:
            z_teacher: embeddings, (B_T, D_T).
            z_student: embeddings, (B_S, D_S), as for :meth:`forward`.
            weights: masses of the samples, as for :meth:`divergence`.
            anchors: as for :meth:`forward`.

        Raises:
            InputError: as :meth:`forward`, and for masses that no transport takes.
        """
        steps = self.steps(z_teacher, z_student, anchors)
        clouds = steps[-2:]
        if clouds[0].ndim > 2:
            raise InputError(
                f"Figures show the steps of one batch (B, D), not of {tuple(z_teacher.shape)}."
            )
        partners = self._partners(anchors)
        divergence = self.divergence(*clouds, weights, partners)
        cost = self._cost(*self._priced(*clouds, partners)[:2])
        transport = self.plan(*clouds, weights, partners)
        return Structure(*steps, cost, transport, divergence)

    def rows(
        self, z_teacher: Tensor, z_student: Tensor, anchors: Pairs | None = None
    ) -> tuple[Tensor, Tensor]:
        """Steps 1 and 2 alone: anchor rows, (..., B_T, k) and (..., B_S, k); see :meth:`forward`"""
        return self.steps(z_teacher, z_student, anchors)[-2:]

    def divergence(
        self,
        teacher_rows: Tensor,
        student_rows: Tensor,
        weights: Masses = None,
        partners: Partners | None = None,
    ) -> Tensor:
        """Step 3 alone: the divergence of two clouds, (...,).

        Args:
            teacher_rows: (..., B_T, d).
            student_rows: (..., B_S, d).
            weights: masses of the samples in both clouds, (..., B), or of each cloud, (..., B_T)
                and (..., B_S), where unbalanced transport takes totals that differ; equal by
                default.
            partners: known pairs and the price of parting each; by default row i of both clouds is
                the same sample where ``identity`` is set, which then needs B_T = B_S.

        Raises:
            InputError: for several batches under a transport that takes one.

        Source: for unequal totals the debiased form of Séjourné, Feydy, Vialard, Trouvé and Peyré,
        "Sinkhorn Divergences for Unbalanced Optimal Transport", 2019, arXiv 1910.12958.
        """
        if teacher_rows.ndim > 2 and not self.takes_several:
            raise InputError(
                f"Rows of shape {tuple(teacher_rows.shape)} are several batches, which only "
                f"entropic transport with an absolute blur takes; give one batch at a time."
            )
        (x, y), identity, epsilon = self._priced(teacher_rows, student_rows, partners)
        a, b = both_masses(weights)
        if self.transport == "entropic":
            return sinkhorn_divergence(
                x,
                y,
                a,
                b,
                blur=self.blur if partners is None else epsilon**0.5,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
                relative=self.relative and partners is None,
                identity=identity,
            )
        value = self._transport(self._cost((x, y), identity), epsilon, a, b).value
        if self.transport == "exact":
            return value
        own = [(self._cost((cloud, cloud), identity), mass) for cloud, mass in ((x, a), (y, b))]
        value = value - 0.5 * sum(self._transport(c, epsilon, m, m).value for c, m in own)
        if a is b:
            return value
        totals = [1.0 if mass is None else mass.sum() for mass in (a, b)]
        return value + 0.5 * epsilon * (totals[0] - totals[1]) ** 2

    @property
    def takes_several(self) -> bool:
        """Whether several batches may come at once."""
        return self.transport == "entropic" and not self.relative

    def plan(
        self,
        teacher_rows: Tensor,
        student_rows: Tensor,
        weights: Masses = None,
        partners: Partners | None = None,
    ) -> Transport:
        """The plan from teacher rows to student rows; arguments as for :meth:`divergence`."""
        clouds, identity, epsilon = self._priced(teacher_rows, student_rows, partners)
        return self._transport(self._cost(clouds, identity), epsilon, *both_masses(weights))

    def _shifted(self, rows: Tensor, similarity: Tensor) -> Tensor:
        """Rows (..., B, k) less the smallest entry of the matrix that they were read from."""
        if self.shift is None:
            return rows
        smallest = similarity.amin((-2, -1), keepdim=True)
        return rows - (smallest if self.shift == "minimum" else smallest.detach())

    def _partners(self, anchors: Pairs | None) -> Partners | None:
        """Pairs that ``identity`` holds together; None where it is all samples, in their order."""
        if not isinstance(anchors, tuple):
            return None
        return Partners(*anchors, self.identity) if self.identity else None

    def _priced(
        self, x: Tensor, y: Tensor, partners: Partners | None
    ) -> tuple[tuple[Tensor, Tensor], float, float]:
        """Clouds with the prices of known pairs, price of any other change, and epsilon."""
        epsilon = self._epsilon(x, y)  # relative to distances of the rows alone
        if partners is None:
            return (x, y), self.identity, epsilon
        return partners.apart(x, y), 0.0, epsilon

    def _cost(self, clouds: tuple[Tensor, Tensor], identity: float) -> Tensor:
        cost = squared_cost(*clouds)
        return with_identity(cost, identity) if identity else cost

    def _epsilon(self, x: Tensor, y: Tensor) -> float:
        epsilon = self.blur * self.blur
        return relative_epsilon(squared_cost(x, y), epsilon) if self.relative else epsilon

    def _transport(
        self, cost: Tensor, epsilon: float, a: Tensor | None, b: Tensor | None
    ) -> Transport:
        if self.transport == "exact":
            return exact_transport(cost, a, b)
        if self.transport == "unbalanced":
            return unbalanced_transport(
                cost,
                a,
                b,
                epsilon=epsilon,
                penalty=self.penalty,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
            )
        return sinkhorn(
            cost,
            a,
            b,
            epsilon=epsilon,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
        )

    def steps(self, z_teacher: Tensor, z_student: Tensor, pairs: Pairs | None = None) -> Steps:
        """Steps 1 and 2 with all that they come from; arguments as for :meth:`forward`."""
        check_embeddings(z_teacher, z_student, same_samples=pairs is None)
        dtype = working_dtype(z_teacher, z_student)
        z_teacher, z_student = usable(z_teacher.detach(), dtype), usable(z_student, dtype)
        with torch.autocast(z_teacher.device.type, enabled=False):
            teacher = cosine_similarity_matrix(z_teacher)
            student = cosine_similarity_matrix(z_student)
            if pairs is None:
                anchors = student_anchors = anchors_of_each(
                    teacher, self.k, self.policy, self.generator
                )
            else:
                sizes = z_teacher.shape[-2], z_student.shape[-2]
                anchors, student_anchors = checked_pairs(pairs, *sizes)
            teacher_rows = self._shifted(read_rows(teacher, anchors), teacher)
            student_rows = self._shifted(read_rows(student, student_anchors), student)
        return Steps(teacher, student, anchors, student_anchors, teacher_rows, student_rows)
