"""Answers smoothed over time: a running mean over the frames of each sequence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..tasks import Task

Array = np.ndarray[Any, np.dtype[Any]]

WIDTHS = (1, 5, 11, 21, 41, 81)
"""Frames that are tried where a width is chosen."""


def smooth_over_time(values: Array, sequences: Array, width: int) -> Array:
    """Mean of each answer and its neighbours in the same sequence, (M, W).

    At the ends of a sequence fewer neighbours count, so that nothing is moved in time. Answers
    that are NaN count for nobody and stay NaN.

    Args:
        values: answers (M, W), each sequence's frames together and in order.
        sequences: of each answer, (M,).
        width: frames of the mean, odd; 1 changes nothing.

    Raises:
        InputError: for an even width, or one below 1.
    """
    if width < 1 or width % 2 == 0:
        raise InputError(f"Smoothing needs an odd number of frames of 1 or more, not {width}.")
    values = np.array(values, dtype=float)
    if width == 1 or not len(values):
        return values
    starts = np.flatnonzero(np.append(True, sequences[1:] != sequences[:-1]))
    for begin, end in zip(starts, np.append(starts[1:], len(values)), strict=True):
        own = values[begin:end]
        known = np.isfinite(own)
        sums = _window_sums(np.where(known, own, 0.0), width)
        counts = _window_sums(known.astype(float), width)
        values[begin:end] = np.where(known, sums / np.maximum(counts, 1), np.nan)
    return values


def _window_sums(values: Array, width: int) -> Array:
    """Sum over rows i − h to i + h of each row i, cut off at the ends; h is half the width."""
    half = width // 2
    total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(0)])
    rows = np.arange(len(values))
    return total[np.minimum(rows + half + 1, len(values))] - total[np.maximum(rows - half, 0)]


def width_scores(
    task: Task,
    recorded: Array,
    targets: Array,
    sequences: Array,
    widths: Sequence[int] = WIDTHS,
) -> dict[int, float]:
    """Width -> primary score of answers that are smoothed by it.

    Args:
        task: whose primary score counts.
        recorded: answers (M, W) in the targets' own unit, each sequence's frames in order.
        targets: of them, (M, W); NaN where missing.
        sequences: of each answer, (M,).
        widths: to try.
    """
    return {
        width: task.tallied([task.tally(smooth_over_time(recorded, sequences, width), targets)])
        for width in widths
    }


def best_width(task: Task, scores: Mapping[int, float]) -> int:
    """The width of the best score, the smallest of equals."""
    sign = 1 if task.primary.higher_is_better else -1
    return max(sorted(scores), key=lambda width: sign * scores[width])


def choose_width(
    task: Task,
    recorded: Array,
    targets: Array,
    sequences: Array,
    widths: Sequence[int] = WIDTHS,
) -> int:
    """The width whose smoothed answers score best; the smallest of equals.

    Choose it on the inner split, once, and give it to every arm of a comparison. Arguments as for
    :func:`width_scores`.
    """
    return best_width(task, width_scores(task, recorded, targets, sequences, widths))
