"""Several ranks on this machine, forked from a process that has loaded everything once.

Call it in a process of its own that has not computed yet: forks inherit no thread.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_ranks(ranks: int, function: Callable[..., Any], *given: Any) -> list[int]:
    """Call a function in so many processes that Fabric takes for ranks.

    Returns:
        The exit status of each, negative for one that a signal ended; 1 where it raised.
    """
    port, children = str(free_port()), []
    for rank in range(ranks):
        if child := os.fork():
            children.append(child)
            continue
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        if ranks > 1:
            os.environ["LOCAL_RANK"] = str(rank)
        status = 1
        try:
            function(*given)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
