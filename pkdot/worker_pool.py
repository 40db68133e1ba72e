"""Worker processes that end with whoever started them; a call whose worker dies is tried again.

joblib's processes finish what they hold after a kill of the main process, and one that is killed
for want of memory breaks all of them. Here each worker has a pipe of its own, so that a death is
known to be that of one call. Workers stay for the next calls, as starting one takes seconds.
"""

import atexit
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from .errors import WorkerError

TRIES = 3
"""How often a call is begun whose worker dies; from the second time on it runs alone."""
_IDLE = 120.0  # seconds that a worker waits for further calls
_GRACE = 10.0  # seconds between asking a worker to end and ending it


class Lost(NamedTuple):
    """In the place of a result: the call's workers died, each time it was tried."""

    how: str

    def error(self, what: str, where_kept: object) -> WorkerError:
        """The sentence for a person.

        Args:
            what: the call, e.g. the name of a cell.
            where_kept: of what was finished.
        """
        return WorkerError(
            f"The worker process of {what} ended each time it was tried ({self.how}); what was "
            f"finished is kept in {where_kept}. Give fewer jobs, a smaller batch or more memory, "
            f"and type the same again."
        )


def effective_jobs(jobs: int) -> int:
    """How many processes ``jobs`` means: −1 is every core that this process may use."""
    import joblib

    return max(1, joblib.effective_n_jobs(jobs))


def unordered(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, Any]]:
    """Results as they come, each with the number of its call; one job needs no process.

    Args:
        function: of a module, so that workers can import it.
        calls: its arguments, which can travel to another process.
        jobs: processes; −1 uses every core.

    Yields:
        Number and result; :class:`Lost` in the place of a result that could not be had.

    Raises:
        Exception: whatever the function raises, here as there; the other workers are ended.
    """
    width = min(effective_jobs(jobs), len(calls))
    if width <= 1:
        yield from ((number, function(*call)) for number, call in enumerate(calls))
        return
    waiting, again, tried = deque(range(len(calls))), deque[int](), [0] * len(calls)
    busy: dict[int, tuple[_Worker, int]] = {}  # by what tells that the worker has something to say
    try:
        while waiting or again or busy:
            while (waiting and len(busy) < width) or (again and not waiting and not busy):
                number = waiting.popleft() if waiting else again.popleft()
                worker = _worker()
                busy[worker.pipe.fileno()] = worker, number
                tried[number] += 1
                worker.give(function, calls[number])
            for said in wait([worker.pipe for worker, _ in busy.values()]):
                worker, number = busy[said.fileno()]  # type: ignore[union-attr]
                answer = worker.answer()
                del busy[worker.pipe.fileno()]
                if answer is None:
                    how = worker.epitaph()
                    if tried[number] < TRIES:
                        again.append(number)
                    else:
                        yield number, Lost(how)
                    continue
                worker.rest()
                done, value = answer
                if not done:
                    raise value
                yield number, value
    finally:
        _end([worker for worker, _ in busy.values()])


class _Worker:
    """A process and the pipe to it."""

    def __init__(self) -> None:
        from joblib.externals.loky.backend import get_context

        # A context that needs no importable __main__: scripts without a guard and notebooks work.
        context = get_context("loky")
        self.surroundings = _surroundings()
        self.since = time.monotonic()
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, os.getpid()), daemon=True)
        self.process.start()
        there.close()

    def give(self, function: Callable[..., Any], call: tuple[Any, ...]) -> None:
        with suppress(OSError):  # it died; reading from it will say so
            self.pipe.send((function, call))

    def answer(self) -> tuple[bool, Any] | None:
        """Whether the call succeeded, and its result or exception; None if the worker died."""
        try:
            found: tuple[bool, Any] = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return found

    def epitaph(self) -> str:
        """How the worker ended, in words."""
        self.process.join(_GRACE)
        code = self.process.exitcode
        self.pipe.close()
        if code == -signal.SIGKILL:
            return "killed, as the system does where memory runs out"
        if code is not None and code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return f"exit status {code}"

    def rest(self) -> None:
        """Wait for calls of others."""
        self.since = time.monotonic()
        with _lock:
            _resting.append(self)


_resting: list[_Worker] = []
_lock = threading.Lock()


def _surroundings() -> tuple[object, ...]:
    """What a worker takes over when it starts; one with others serves nobody else."""
    return os.getpid(), os.getcwd(), tuple(sys.path), tuple(sorted(os.environ.items()))


def _worker() -> _Worker:
    """A worker that rests, or a new one."""
    now, here = time.monotonic(), _surroundings()
    with _lock:
        while _resting:
            worker = _resting.pop()
            fresh = now - worker.since < _IDLE / 2 and worker.process.is_alive()
            if fresh and worker.surroundings == here:
                return worker
            worker.pipe.close()  # which ends it
    return _Worker()


def _end(workers: Sequence[_Worker]) -> None:
    """End workers in the midst of their calls: half files are removed by those who wrote them."""
    for worker in workers:
        worker.process.terminate()
    deadline = time.monotonic() + _GRACE
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():  # and not waited for since: its number is still its own
            with suppress(ProcessLookupError):  # loky's processes have no kill()
                os.kill(worker.process.pid or 0, signal.SIGKILL)
            worker.process.join()
        worker.pipe.close()


@atexit.register
def _dismiss() -> None:
    with _lock:
        own = [worker for worker in _resting if worker.surroundings[0] == os.getpid()]
        _resting.clear()
    for worker in own:
        worker.pipe.close()


def _leave(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough, and cleaning up takes a moment
    raise SystemExit(128 + number)


def end_with_parent(parent: int) -> None:
    """End this process, from within, once the process that started it is gone.

    Args:
        parent: its number, as that process knows it.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)  # as an exception, so that half files are removed
        time.sleep(_GRACE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


_TIED_MODULE = (
    "import sys, runpy; from pkdot.worker_pool import end_with_parent; "
    "end_with_parent(int(sys.argv.pop(1))); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)


def tied_module(name: str) -> list[str]:
    """The command that runs a module in a process which ends with this one, even after a kill."""
    return [sys.executable, "-c", _TIED_MODULE, str(os.getpid()), name]


@dataclass(frozen=True)
class Tied:
    """A function for joblib's processes, which then end with the process that made this.

    Attributes:
        function: of a module.
        parent: number of the process that must live.
    """

    function: Callable[..., Any]
    parent: int = field(default_factory=os.getpid)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if os.getppid() == self.parent:
            _tie(self.parent)
        return self.function(*arguments, **named)


@cache
def _tie(parent: int) -> None:
    end_with_parent(parent)


def _serve(pipe: Connection, parent: int) -> None:
    """A worker's life: do what comes through the pipe until it closes or nothing comes."""
    import joblib

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the main process decides
    signal.signal(signal.SIGTERM, _leave)
    end_with_parent(parent)
    _draw_no_bars()
    try:
        # Workers of a worker would crowd the cores, and nobody would watch over them.
        with joblib.parallel_config(backend="sequential"):
            while pipe.poll(_IDLE) and _served(pipe):
                pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to clean up


def _draw_no_bars() -> None:
    """Silence every bar of tqdm in this process: one stands where the workers were started."""
    from tqdm import tqdm

    construct = tqdm.__init__

    def silent(bar: Any, *arguments: Any, **named: Any) -> None:
        construct(bar, *arguments, **{**named, "disable": True})

    tqdm.__init__ = silent  # the base of what tqdm.auto gives, too


def _served(pipe: Connection) -> bool:
    """Do one call; False where nobody waits for any more."""
    try:
        function, call = pipe.recv()
    except (EOFError, OSError):
        return False
    try:
        answer = True, function(*call)
    except Exception as error:
        error.add_note("In a worker process:\n" + traceback.format_exc())
        answer = False, error
    try:
        pipe.send(answer)
    except BrokenPipeError:
        return False
    except Exception as error:  # what cannot travel
        pipe.send((False, RuntimeError(f"{answer[1]!r} cannot travel: {error}")))
    return True
