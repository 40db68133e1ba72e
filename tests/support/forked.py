"""Processes that begin where the imports are done, so that many can be killed in a short time."""

import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

LOADED = ["pkdot.experiments.sweep", "pkdot.data.biovid.prepare", "cv2", "av"]


def forked(target: Callable[..., object], *arguments: Any) -> BaseProcess:
    """A started process of its own; the server that it is forked from holds the imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    process = context.Process(target=target, args=arguments)
    # A process begins with what is __main__ here, which a test of the page leaves to be the page.
    before, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = before
    return process


def killed_at_random(
    tries: int, target: Callable[..., object], arguments: Callable[[int], tuple[Any, ...]]
) -> Iterator[int]:
    """Run a target again and again, each time killed (SIGKILL) at a random moment of its life.

    The first run is left alone and measures how long a life is; it has the number 0.

    Args:
        tries: how often it is killed.
        target: what runs, a function of a module.
        arguments: of a try, by its number.

    Yields:
        The number of each try, after its end.
    """
    draw = random.Random(tries)
    forked(target, *arguments(-1)).join()  # the server is warm from here on
    began = time.monotonic()
    forked(target, *arguments(0)).join()
    life = time.monotonic() - began
    yield 0
    for number in range(1, tries + 1):
        process = forked(target, *arguments(number))
        time.sleep(draw.uniform(0.05, 0.95) * life)
        process.kill()
        process.join()
        yield number
