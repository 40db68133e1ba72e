"""How far each pair of a batch can be believed to be the same sample.

A wrong pair agrees no better than the rows of two samples that nobody paired, and every batch holds
B (B − 1) of those: they give each pair a p-value. Two models turn numbers into beliefs: a mixture
of p-values, and one of losses, the rival of the literature on noisy correspondence.
"""

import torch
from torch import Tensor

LEAST_WEIGHT = 0.05
"""Of an anchor in full doubt: where all are, all count alike."""
ROUNDS = 2
STEPS = 8
_SHAPES = (0.02, 0.9)
_SHARES = (0.02, 0.98)
_NARROWEST = 1e-3
"""Standard deviation of a component, of losses scaled to 0..1."""


@torch.no_grad()
def pair_belief(
    teacher_similarity: Tensor,
    student_similarity: Tensor,
    known: Tensor,
    points: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """The probability that each pair of a batch is one sample, (B,), from how its rows agree.

    The agreement of teacher's sample i and student's sample j is the correlation of their
    similarities to all samples but i and j, the columns centred and weighed by the belief in their
    own pair; two rounds, the first with equal weights. Pair i's p-value is the share of the 2
    (B − 1) agreements of either of its halves with strangers that are as high as its own. Of the
    p-values of wrong pairs nothing else is known than that they are uniform; those of right ones
    follow Beta(a, 1), a < 1. EM over the batch gives a, the share of right pairs, and the beliefs.
    Where rows say nothing, all beliefs are near 0. Constants to autograd.

    Args:
        teacher_similarity: cosine similarities, (B, B).
        student_similarity: the same of the student, (B, B).
        known: pairs that are right for sure, (B,) bool: their belief is 1, and they teach what
            right pairs look like.
        points: outputs of teacher and student as points, (B, C) each, whose correlation then counts
            as much as that of the similarities.

    Source: a method of this kit; the mixture is that of Pounds and Morris, "Estimating the
    occurrence of false positives ... by fitting the beta-uniform mixture", Bioinformatics 19, 2003.
    """
    rows = [_centred(s, hollow=True) for s in (teacher_similarity, student_similarity)]
    beside = torch.zeros_like(rows[0])
    if points is not None:
        one, two = (_unit(_centred(x, hollow=False)) for x in points)
        beside = one @ two.mT
    belief = torch.ones_like(rows[0][0])
    for _ in range(ROUNDS):
        root = anchor_weights(belief).sqrt()
        one, two = (_unit(own * root) for own in rows)
        belief = beta_uniform(_p_values(one @ two.mT + beside), known)
    return belief


def anchor_weights(belief: Tensor) -> Tensor:
    """What each sample counts as an anchor, (B,), of mean 1."""
    weights = belief + LEAST_WEIGHT
    return weights / weights.mean()


@torch.no_grad()
def beta_uniform(p: Tensor, known: Tensor) -> Tensor:
    """The probability that each p-value is of a right pair, (B,), by EM; 1 where known.

    Whatever part of the fitted density is uniform counts as wrong pairs: a lower bound, 0 at p = 1.

    Args:
        p: p-values in (0, 1], (B,).
        known: right for sure, (B,) bool.
    """
    logs, open_ = p.log(), (~known).to(p)
    shape, share = p.new_tensor(0.3), p.new_tensor(0.5)
    right = torch.ones_like(p)
    for _ in range(STEPS):
        density = share * shape * ((shape - 1) * logs).exp()
        right = torch.where(known, 1.0, density / (density + 1 - share))
        # one more pair, half right, keeps a batch without doubtful pairs from deciding
        share = ((right * open_).sum() + 0.5) / (open_.sum() + 1)
        share = share.clamp(*_SHARES)
        shape = (right.sum() / (-(right * logs).sum()).clamp_min(1e-6)).clamp(*_SHAPES)
    # Of the right ones' density its smallest value, a, could as well be of wrong ones.
    density = share * shape * ((shape - 1) * logs).exp()
    surely = (density - share * shape) / (density + 1 - share)
    return torch.where(known, 1.0, surely.clamp(0.0, 1.0))


@torch.no_grad()
def small_loss_belief(losses: Tensor) -> Tensor:
    """The probability that each loss is of the component with the lower mean, (B,).

    A mixture of two normal laws is fitted to the losses of the batch by EM. Without spread all
    beliefs are ½.

    Source: Li, Socher and Hoi, "DivideMix", ICLR 2020, arXiv 2002.07394; for wrong pairs Huang et
    al., "Learning with Noisy Correspondence for Cross-modal Matching", NeurIPS 2021.
    """
    lowest, highest = losses.aminmax()
    spread = highest - lowest
    x = (losses - lowest) / torch.where(spread > 0, spread, 1.0)
    means = torch.stack([x.quantile(0.25), x.quantile(0.75)])
    deviations, shares = (x.std(unbiased=False).expand(2), x.new_full((2,), 0.5))
    member = x.new_full((2, len(x)), 0.5)
    for _ in range(STEPS):
        width = deviations.clamp_min(_NARROWEST).unsqueeze(1)
        logs = -0.5 * ((x - means.unsqueeze(1)) / width).square() - width.log()
        member = (logs + shares.log().unsqueeze(1)).softmax(0)
        total = member.sum(1).clamp_min(1e-6)
        means = (member * x).sum(1) / total
        apart = (x - means.unsqueeze(1)).square()
        deviations = ((member * apart).sum(1) / total).sqrt()
        shares = (total / len(x)).clamp(*_SHARES)
    lower = torch.where(means[0] <= means[1], member[0], member[1])
    return torch.where(spread > 0, lower, 0.5)


def _p_values(agreement: Tensor) -> Tensor:
    """Of each pair on the diagonal of (B, B), against row and column, (B,)."""
    own = agreement.diagonal()
    # every pair is as high as itself, in its row and in its column
    in_row = (agreement >= own.unsqueeze(1)).sum(1) - 1
    in_column = (agreement >= own.unsqueeze(0)).sum(0) - 1
    return (1.0 + in_row + in_column).to(agreement) / (2 * len(own) - 1)


def _centred(x: Tensor, hollow: bool) -> Tensor:
    """Columns less their means, (B, d); of a square matrix without its diagonal, which is 0."""
    if not hollow:
        return x - x.mean(0)
    others = 1.0 - torch.eye(len(x), dtype=x.dtype, device=x.device)
    means = (x * others).sum(0) / max(len(x) - 1, 1)
    return (x - means) * others


def _unit(x: Tensor) -> Tensor:
    """Rows at length 1; what only rounding leaves of a row counts as nothing."""
    length = x.square().sum(-1, keepdim=True).sqrt()
    none = length <= 4.0 * torch.finfo(torch.float32).eps * x.shape[-1] ** 0.5
    return x.masked_fill(none, 0.0) / length.masked_fill(none, 1.0)
