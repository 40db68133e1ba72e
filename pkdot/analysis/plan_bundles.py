"""A plan in bundles: how much mass goes from group to group, and which flows carry most of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class PlanBundles:
    """A plan between groups of samples, as shares of all mass.

    Attributes:
        groups: (G,) numbers in rising order; samples of none, -1, come last.
        mass: (G, G) from a teacher sample's group to a student sample's.
        within: (G,) what stays within its group; less than ``mass[g, g]`` where groups were pooled.
        itself: (G,) what stays with its sample.
    """

    groups: Array
    mass: Array
    within: Array
    itself: Array


def plan_bundles(plan: Any, labels: Any) -> PlanBundles:
    """Add up a plan (B, B) by the groups of its samples.

    Args:
        plan: masses from teacher sample to student sample.
        labels: (B,) group of each sample, -1 for none.

    Raises:
        InputError: if shapes do not fit, or the plan has no mass.
    """
    p, labels = np.asarray(plan, dtype=float), np.asarray(labels)
    if p.shape != (len(labels), len(labels)):
        raise InputError(f"{len(labels)} samples need a plan (B, B), not {p.shape}.")
    if not (np.isfinite(p).all() and p.sum() > 0):
        raise InputError("This plan has no mass, or holds NaN; raise epsilon.")
    p = p / p.sum()
    groups = np.unique(labels)
    groups = np.concatenate([groups[groups >= 0], groups[groups < 0]])
    member = (labels[:, None] == groups[None, :]).astype(float)
    mass = member.T @ p @ member
    return PlanBundles(groups, mass, np.diag(mass).copy(), member.T @ np.diag(p))


def pooled(bundles: PlanBundles, most: int) -> PlanBundles:
    """The same with no more than ``most`` groups: those between which least moves become -2.

    Args:
        bundles: of G groups.
        most: groups to keep, of which the last may be the others together.
    """
    count = len(bundles.groups)
    if count <= most:
        return bundles
    moved = bundles.mass.sum(axis=0) + bundles.mass.sum(axis=1) - 2 * np.diag(bundles.mass)
    kept = np.sort(np.argsort(-moved, kind="stable")[: most - 1])
    place = np.full(count, most - 1)
    place[kept] = np.arange(most - 1)
    join = np.eye(most)[place]
    return PlanBundles(
        np.append(bundles.groups[kept], -2),
        join.T @ bundles.mass @ join,
        join.T @ bundles.within,
        join.T @ bundles.itself,
    )


def strongest_flows(mass: Any, *, share: float = 0.9, most: int = 25) -> Array:
    """The fewest flows that carry a share of some mass, the strongest first, (M, 2) positions.

    Args:
        mass: (n, m) masses; those that do not count are 0.
        share: of all of it.
        most: flows at most, whatever share they carry.
    """
    m = np.asarray(mass, dtype=float)
    order = np.argsort(-m, axis=None, kind="stable")
    carried = np.cumsum(m.ravel()[order])
    if not len(carried) or carried[-1] <= 0:
        return np.empty((0, 2), dtype=int)
    # A rounding error must not ask for one more flow.
    enough = int(np.searchsorted(carried, share * carried[-1] * (1 - 1e-9))) + 1
    pairs = np.column_stack(np.unravel_index(order[: min(enough, most)], m.shape))
    return pairs[m[pairs[:, 0], pairs[:, 1]] > 0]
