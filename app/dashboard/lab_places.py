"""How many Labs may learn at once: each takes most of a core while somebody looks at it."""

import threading
import time
from collections.abc import Callable

import streamlit as st

MOST = 4
"""Labs that learn at once, of all visitors."""
IDLE = 15.0
"""Seconds after which one that has not asked for a batch gives up its place."""
FULL = (
    f"{MOST} Labs are learning on this server, and more would be slow; this one goes on when "
    f"another pauses."
)


class Places:
    """Who learns now. A Lab asks before each step, and whoever stops asking loses its place.

    Args:
        most: places.
        idle: seconds until a place falls free by itself.
        clock: gives seconds that never run back.
    """

    def __init__(
        self, most: int = MOST, idle: float = IDLE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._idle, self._clock = most, idle, clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, who: str) -> bool:
        """Whether this Lab may learn now; its place is then kept for a while."""
        with self._lock:
            now = self._clock()
            self._last = {w: then for w, then in self._last.items() if now - then < self._idle}
            if who not in self._last and len(self._last) >= self._most:
                return False
            self._last[who] = now
            return True


@st.cache_resource
def shared_places() -> Places:
    """Those of this server."""
    return Places()
