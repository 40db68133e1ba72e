"""A real Ctrl-C inside the solver, at many moments: it ends at once and leaves autograd alone."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import FrameType

import pytest
import torch

import pkdot
from pkdot.method import transport
from pkdot.method.transport.late_imports import late_import
from tests.support import problems as generators

TRIES = 20
Endless = Callable[[Callable[[], object]], None]


def _endless() -> dict[str, Endless]:
    """Calls that take much longer than the wait for the signal."""
    x, y = generators.method_rows(64, 20)
    z_teacher, z_student, _ = generators.embeddings(64, width=16)
    z_student.requires_grad_(True)
    y = y.clone().requires_grad_(True)
    cost = transport.squared_cost(x, y.detach())
    loss = pkdot.PKDOTLoss(policy="all", blur=0.05)

    def forever(call: Callable[[], object]) -> Endless:
        def run(start: Callable[[], object]) -> None:
            start()
            while True:
                call()

        return run

    calls = {
        "sinkhorn": lambda: pkdot.sinkhorn(cost, epsilon=1e-3),
        "divergence": lambda: pkdot.sinkhorn_divergence(x, y),
        "unbalanced": lambda: transport.unbalanced_transport(cost, epsilon=0.05, penalty=1.0),
        "exact": lambda: transport.exact_transport(cost),
        "loss": lambda: loss(z_teacher, z_student).backward(),
    }
    return {name: forever(call) for name, call in calls.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(_endless()))
def test_ctrl_c_ends_the_solver_and_restores_grad_mode(name: str) -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    call, draw = _endless()[name], Random(0)
    transport.exact_transport(torch.eye(2))  # POT is imported before the first signal
    armed = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        if armed:  # a signal that comes after the block would end this run of all tests
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        for attempt in range(TRIES):
            enabled = bool(attempt % 2) or name == "loss"
            timer = threading.Timer(
                draw.uniform(0.001, 0.05), os.kill, (os.getpid(), signal.SIGINT)
            )
            with torch.set_grad_enabled(enabled):
                begun, armed = time.perf_counter(), True
                try:
                    with pytest.raises(KeyboardInterrupt):
                        call(timer.start)
                finally:
                    armed = False
                assert time.perf_counter() - begun < 5.0
                assert torch.is_grad_enabled() is enabled
                assert not torch.is_inference_mode_enabled()
                assert not torch.is_autocast_enabled("cpu")
            timer.join()
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)
    # and the next loss is what it always was
    teacher, student, _ = generators.embeddings(20, width=8)
    student.requires_grad_(True)
    pkdot.PKDOTLoss(k=5)(teacher, student).backward()
    assert student.grad.norm() > 0


@pytest.mark.slow
def test_ctrl_c_during_a_late_import_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_library.py").write_text("import time\ntime.sleep(0.8)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    try:
        begun = time.perf_counter()
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            late_import("slow_library")
        waited = time.perf_counter() - begun
        assert late_import("slow_library").answer == 42
        assert waited < 0.8
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)
        sys.modules.pop("slow_library", None)


def test_a_late_import_that_fails_says_why_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_library"):
            late_import("no_such_library")
