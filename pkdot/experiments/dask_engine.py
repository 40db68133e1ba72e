"""Cells on a Dask cluster: calls to its workers, which must see the same folder as this machine.

The scheduler gives the call of a lost worker to another one by itself, as often as its setting
``allowed-failures`` says (3). Numbers do not depend on which worker had a cell.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..atomic_files import write_text
from ..errors import ConfigError
from ..worker_pool import Lost

_ANSWER = 20.0  # seconds that a scheduler has to answer
_ASK = 5.0  # seconds between two looks at how many workers there are


def workers_of(engine: str) -> int:
    """How many cells a cluster computes at once: one a worker process.

    Raises:
        ConfigError: as :func:`unordered_on_cluster` does.
    """
    with _client(engine) as client:
        return max(1, len(client.nthreads()))


def _client(engine: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "A Dask engine needs the package distributed: pip install 'pkdot[dask]'."
        ) from None
    try:
        address = engine.replace("dask://", "tcp://", 1)
        return Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"No Dask scheduler answers at {engine} ({type(error).__name__}); start one by `dask "
            f"scheduler`, and give the address that it prints."
        ) from None


def unordered_on_cluster(
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    engine: str,
    folder: Path,
) -> Iterator[tuple[int, Any]]:
    """Results as they come, as :func:`pkdot.worker_pool.unordered` gives them.

    Calls are given out as workers become free, so that a scheduler never holds more of them than
    a few a worker.

    Args:
        function: of a module of the package.
        calls: its arguments.
        engine: ``dask://host:port`` of a scheduler.
        folder: which every worker must see under this name.

    Raises:
        ConfigError: if the package dask.distributed is not here, no scheduler answers, a worker
            does not see the folder, or has no such PKDOT.
    """
    client = _client(engine)
    from distributed import KilledWorker, as_completed

    mark = folder.absolute() / f".shared-{secrets.token_hex(8)}"
    write_text(mark, "Workers that see this file share the folder.\n")
    number_of: dict[Any, int] = {}
    try:
        threads = client.nthreads()
        _say_threads(engine, sum(number > 1 for number in threads.values()), len(threads))
        running = as_completed(loop=client.loop)
        left = iter(enumerate(calls))
        seen = time.monotonic()

        def give_out() -> None:
            while len(number_of) < 2 * sum(threads.values()) + 2:
                number, call = next(left, (-1, ()))
                if number < 0:
                    return
                future = client.submit(_where_shared, mark, function, call, pure=False)
                number_of[future.key] = number
                running.add(future)

        give_out()
        for future in running:
            number = number_of.pop(future.key)
            if time.monotonic() - seen > _ASK:
                seen, threads = time.monotonic(), client.nthreads()
            problem = future.exception() if future.status == "error" else None
            if isinstance(problem, KilledWorker):
                yield number, Lost(f"{problem.allowed_failures + 1} workers died of it")
            elif isinstance(problem, ImportError | AttributeError):
                raise ConfigError(
                    f"Workers of {engine} cannot do this ({problem}); install the same PKDOT there."
                )
            elif problem is not None:
                raise problem
            else:
                yield number, future.result()
            give_out()
    finally:
        mark.unlink(missing_ok=True)
        client.close()


@cache
def _say_threads(engine: str, several: int, workers: int) -> None:
    """Said once: torch's random state is one a process, so that its threads wait."""
    if several:
        print(
            f"{several} of {workers} workers of {engine} have several threads, and cells of one "
            f"process wait for one another; start more workers of one thread: --nthreads 1.",
            file=sys.stderr,
        )


def _where_shared(mark: Path, function: Callable[..., Any], call: tuple[Any, ...]) -> Any:
    """What a worker does: the call, where it sees the folder."""
    if not mark.is_file():
        import socket

        raise ConfigError(
            f"The Dask worker on {socket.gethostname()} does not see {mark.parent}; cells travel "
            f"as files, so give --folder on a disk that all machines share."
        )
    return function(*call)
