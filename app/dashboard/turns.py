"""Pages are drawn a few at a time: of those that wait, the first is served first.

Python draws one page at a time anyway. Fifty that share it would all be ready at the end; in turn,
most are ready soon.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2
_free = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def mine() -> Iterator[None]:
    """Wait for a turn, and give it up at the end, however the page ends."""
    with _free:
        yield
