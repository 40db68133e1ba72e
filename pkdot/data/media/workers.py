"""Worker processes that read media."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2

from ...worker_pool import Tied

PATIENCE = 5.0
"""Seconds of work that are done here before workers are started, which takes as long."""

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments, which can travel to another process."""


def one_thread_in_workers() -> None:
    """In a worker process, keep OpenCV to one thread: the workers fill the cores already."""
    if multiprocessing.current_process().name != "MainProcess":
        cv2.setNumThreads(1)


def results(calls: Sequence[Call], jobs: int, patience: float = PATIENCE) -> Iterator[Any]:
    """What calls return, in order; by worker processes where it takes longer than they need.

    Args:
        calls: what to do.
        jobs: processes; −1 uses every core, 1 starts none.
        patience: seconds before workers are started.
    """
    import joblib

    begin, done = time.monotonic(), 0
    while done < len(calls) and (jobs == 1 or time.monotonic() - begin < patience):
        function, arguments = calls[done]
        yield function(*arguments)
        done += 1
    if done < len(calls):
        run = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="4*n_jobs")
        yield from run(joblib.delayed(Tied(f))(*a) for f, a in calls[done:])
