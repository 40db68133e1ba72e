"""Pictures a second that the Lab shows, on one core: server, student and browser together.

    taskset -c 0 python -m tests.support.measure_lab

A picture is one batch learnt by both students, the arrays of all figures, and their drawing. The
first lines are the engine alone. Where others use the core too, look at the processor's time a
picture: its inverse is what a core of one's own would show.
"""

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from pkdot.experiments.lab import METHODS, Lab, LabSettings, train_lab_teacher

from .chromium import open_chromium, page_process

SECONDS = 15
FIND = """[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
    .map(host => host.shadowRoot?.querySelector('.lab')).find(Boolean)"""


def measure_engine() -> None:
    """Milliseconds a batch, frame included, of each method; the first batches are left out."""
    begun = time.perf_counter()
    teacher = train_lab_teacher()
    print(f"teacher: {time.perf_counter() - begun:.1f} s")
    for method in METHODS:
        for blur in (0.5, 0.1) if "pkdot" in method else (0.5,):
            lab = Lab(teacher, LabSettings(method=method, blur=blur))
            lab.step(10)
            taken = []
            for _ in range(40):
                begun = time.perf_counter()
                lab.step()
                taken.append(1000 * (time.perf_counter() - begun))
            spread = statistics.quantiles(taken, n=10)
            print(f"{method}, blur {blur}: {statistics.median(taken):.0f} ms ({spread[-1]:.0f})")


def measure_page() -> None:
    """Pictures a second in Chromium at 1440 x 900, over some seconds after the first ones."""
    with (
        tempfile.TemporaryDirectory() as folder,
        page_process(Path(folder), cwd=Path(folder)) as (address, server),
        open_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        begun = time.perf_counter()
        page.goto(f"{address}/lab")
        page.wait_for_function(f"() => Number(({FIND})?.dataset.batch) > 0", timeout=120_000)
        print(f"first picture after {time.perf_counter() - begun:.1f} s")
        page.wait_for_timeout(3000)
        used = busy(server)
        before = int(page.evaluate(f"({FIND}).dataset.batch"))
        begun = time.perf_counter()
        page.wait_for_timeout(1000 * SECONDS)
        learnt = int(page.evaluate(f"({FIND}).dataset.batch")) - before
        taken = time.perf_counter() - begun
        print(f"{learnt / taken:.1f} pictures a second ({learnt} in {taken:.1f} s)")
        whole = {name: 1000 * (now - used[name]) / learnt for name, now in busy(server).items()}
        print(f"processor's time a picture, ms: {whole}, together {sum(whole.values()):.0f}")


def busy(server: int) -> dict[str, float]:
    """Seconds of processor time that the server and the browser have used."""
    own = psutil.Process().children(recursive=True)
    used = {"server": 0.0, "browser": 0.0}
    for process in own:
        times = process.cpu_times()
        used["server" if process.pid == server else "browser"] += times.user + times.system
    return used


if __name__ == "__main__":
    measure_engine()
    measure_page()
