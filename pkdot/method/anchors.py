"""Step 2 of the method: the samples that describe all others, (B, B) -> indices -> (B, k).

Anchors are chosen on the teacher's matrix alone; the same indices are then read from the
student's. Ties go to the lower index, so that a choice never depends on the machine.
"""

from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .checks import check_tensor, checked_choice, checked_generator

Policy = Callable[[Tensor, int, torch.Generator | None], Tensor]


def _mean_to_others(similarity: Tensor) -> Tensor:
    """Mean similarity of each sample to the others, (B, B) -> (B,)."""
    off_diagonal = similarity.sum(-1) - similarity.diagonal(dim1=-2, dim2=-1)
    return off_diagonal / (similarity.shape[-1] - 1)


def _in_range(anchors: Tensor, size: int) -> bool:
    return anchors.numel() == 0 or 0 <= int(anchors.min()) <= int(anchors.max()) < size


def _is_whole(k: Any) -> bool:
    return isinstance(k, Real) and not isinstance(k, bool) and k == k // 1


def _shared(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    return _mean_to_others(similarity).argsort(stable=True)[:k]


def _most_similar(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    return _mean_to_others(similarity).argsort(descending=True, stable=True)[:k]


def _per_sample(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    return similarity.argsort(dim=-1, stable=True)[:, :k].sort(dim=-1).values


def _farthest(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    chosen = _mean_to_others(similarity).argmin().reshape(1)
    nearest = similarity[chosen[0]].clone()
    for _ in range(k - 1):
        nearest[chosen[-1]] = torch.inf
        following = nearest.argmin().reshape(1)
        chosen = torch.cat([chosen, following])
        nearest = torch.maximum(nearest, similarity[following[0]])
    return chosen


def _random(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    if generator is not None and torch._C._current_graph_task_id() != -1:
        raise InputError(
            "Activation checkpointing calls the loss again within backward, where a generator of "
            "one's own would draw other anchors: leave the loss out of the checkpoint, or draw "
            "from torch's global generator."
        )
    order = torch.randperm(similarity.shape[-1], generator=generator)
    return order[:k].to(similarity.device)


def _all(similarity: Tensor, k: int, generator: torch.Generator | None) -> Tensor:
    return torch.arange(similarity.shape[-1], device=similarity.device)


POLICIES: dict[str, Policy] = {
    "shared": _shared,
    "per_sample": _per_sample,
    "farthest": _farthest,
    "random": _random,
    "most_similar": _most_similar,
    "all": _all,
}


@torch.no_grad()
def select_anchors(
    similarity: Tensor,
    k: int,
    policy: str = "shared",
    *,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Choose the anchors of a batch from its similarity matrix.

    Policies:
        shared: the k samples least similar to the batch on average, least similar first; one set
            for all rows, so that the rows are coordinates in one space.
        per_sample: each row's own k least similar samples, in index order; the released script's
            choice. Column c then means a different sample in every row.
        farthest: start from the first of ``shared``, then add the sample whose most similar
            chosen anchor is least similar to it, and so on (greedy k-centre).
        random: k samples drawn without replacement, the control for the other policies.
        most_similar: the k samples most similar to the batch on average.
        all: every sample; ``k`` is not used.

    Args:
        similarity: the teacher's similarities, shape (B, B).
        k: number of anchors, 1 <= k < B.
        policy: one of the names above.
        generator: source of randomness for ``random``; torch's global one by default.

    Returns:
        Indices, shape (k,), or (B, k) for ``per_sample``, or (B,) for ``all``.

    Raises:
        InputError: for a matrix that is not square, an unknown policy, k outside 1..B-1, or random
            anchors from a generator of one's own that a checkpoint would draw a second time.

    Source: anchors by dissimilarity: PKDOT, arXiv 2401.15489; ``farthest``: Gonzalez, "Clustering
    to minimize the maximum intercluster distance", 1985; the other policies are variants to compare
    with.
    """
    check_tensor("A similarity matrix", similarity)
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise InputError(
            f"Anchors are chosen from one square similarity matrix (B, B); this one has shape "
            f"{tuple(similarity.shape)}."
        )
    checked_choice("anchor policy", policy, POLICIES)
    checked_generator(generator)
    size = similarity.shape[0]
    if policy != "all" and size < 2:
        raise InputError(
            f"A batch of {size} sample has no other to be an anchor; give at least two samples, or "
            f"take the policy 'all'."
        )
    if policy != "all" and not (_is_whole(k) and 1 <= k < size):
        raise InputError(
            f"k = {k} anchors were asked for in a batch of {size} samples; k must be a whole "
            f"number from 1 to {size - 1}: take fewer anchors or a larger batch."
        )
    return POLICIES[policy](similarity, size if policy == "all" else int(k), generator)


def gather_anchor_rows(similarity: Tensor, anchors: Tensor) -> Tensor:
    """Describe every sample by its similarities to the anchors.

    Args:
        similarity: shape (B, B), of teacher or student.
        anchors: indices from :func:`select_anchors`, shape (k,) or (B, k).

    Returns:
        Rows of shape (B, k), differentiable with respect to ``similarity``.

    Raises:
        InputError: if the shapes do not match or an index lies outside the batch.
    """
    check_tensor("A similarity matrix", similarity)
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise InputError(
            f"Rows are read from one square similarity matrix (B, B); this one has shape "
            f"{tuple(similarity.shape)}."
        )
    check_tensor("Anchors", anchors)
    whole = anchors.dtype in (torch.int32, torch.int64)
    # On a GPU the range is left to its own assertion: asking would stall it at every batch.
    if not whole or (anchors.device.type == "cpu" and not _in_range(anchors, len(similarity))):
        raise InputError(f"Anchors must be whole numbers in 0..{len(similarity) - 1}.")
    if anchors.ndim != 1 and (anchors.ndim != 2 or anchors.shape[0] != similarity.shape[0]):
        raise InputError(
            f"Anchors must have shape (k,) or (B, k) with B = {similarity.shape[0]}, not "
            f"{tuple(anchors.shape)}."
        )
    return read_rows(similarity, anchors)


def read_rows(similarity: Tensor, anchors: Tensor) -> Tensor:
    """:func:`gather_anchor_rows` without its checks, for anchors of :func:`select_anchors`."""
    if anchors.ndim == 1:
        return similarity.index_select(-1, anchors)
    return similarity.gather(-1, anchors)


def anchors_of_each(
    similarity: Tensor, k: int, policy: str, generator: torch.Generator | None
) -> Tensor:
    """Anchors of each matrix (..., B, B): (k,) of one, (..., B, k) of several."""
    one = similarity.flatten(0, -3)[0] if similarity.ndim > 2 else similarity
    if similarity.ndim == 2 or policy == "all":
        return select_anchors(one, k, policy, generator=generator)
    each = [
        select_anchors(own, k, policy, generator=generator) for own in similarity.flatten(0, -3)
    ]
    rows = torch.stack([own.expand(similarity.shape[-1], -1) for own in each])
    return rows.reshape(*similarity.shape[:-1], -1)
