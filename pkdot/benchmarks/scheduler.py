"""A simulated cluster: dispatch, locks on teachers, lost workers and retries, event by event."""

import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cluster:
    """A simulated cluster.

    Attributes:
        workers: of one thread.
        dispatch: seconds that the sweep's own process spends on each cell.
        teacher: seconds of a teacher, which all cells of one seed and fold share.
        student: mean seconds of a cell beside; times vary by half of it.
        lifetime: mean seconds until a worker is lost, and another one starts.
    """

    workers: int
    dispatch: float
    teacher: float = 20.0
    student: float = 10.0
    lifetime: float = 6 * 3600.0


def simulate(cluster: Cluster, cells: int, arms: int, seed: int = 0) -> dict[str, float]:
    """Dispatch, locks on teachers, lost workers and retries of a grid, event by event.

    Cells are given out as the sweep does, the first arm of every seed and then the next arm; who
    comes to a teacher that another worker is training waits for it.

    Returns:
        ``hours`` until the last cell, ``busy`` (share of the workers' time spent computing),
        ``lost`` (tries that ended with their worker), ``waited`` (share spent waiting for a
        teacher).
    """
    rng = np.random.default_rng(seed)
    free = [(0.0, worker) for worker in range(cluster.workers)]
    heapq.heapify(free)
    dies = rng.exponential(cluster.lifetime, cluster.workers)
    taught: dict[int, float] = {}
    seeds = -(-cells // arms)
    todo = [(cell % seeds, cell) for cell in range(cells)][::-1]
    counter, computed, waited, lost, end = 0.0, 0.0, 0.0, 0, 0.0
    while todo:
        now, worker = heapq.heappop(free)
        counter = max(counter, now) + cluster.dispatch
        teacher, cell = todo.pop()
        start = counter
        ready = taught.get(teacher)
        own = 0.0
        if ready is None:
            own = cluster.teacher
            taught[teacher] = start + own
        elif ready > start:
            waited += ready - start
            start = ready
        work = own + cluster.student * rng.uniform(0.5, 1.5)
        if start + work > dies[worker]:
            lost += 1
            if own:
                taught.pop(teacher)
            todo.append((teacher, cell))
            again = max(dies[worker], now) + 60.0
            dies[worker] = again + rng.exponential(cluster.lifetime)
            heapq.heappush(free, (again, worker))
            continue
        computed += work
        end = max(end, start + work)
        heapq.heappush(free, (start + work, worker))
    span = end * cluster.workers
    return {
        "hours": end / 3600,
        "busy": computed / span,
        "lost": float(lost),
        "waited": waited / span,
    }
