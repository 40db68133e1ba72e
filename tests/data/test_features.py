"""Features on disk: computed by one process, whoever else wants them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pkdot.data.features import kept_features


def test_many_that_want_the_same_features_compute_them_once(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    begun: list[int] = []
    found: list[np.ndarray] = []

    def compute() -> Iterator[np.ndarray]:
        begun.append(1)
        threading.Event().wait(0.2)
        yield from np.split(values, 3)

    def want() -> None:
        found.append(kept_features("key", 6, compute, tmp_path))

    threads = [threading.Thread(target=want) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 1
    assert len(found) == 3
    assert all(np.array_equal(one, values) for one in found)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["key.npy", "key.npy.sha256"]
