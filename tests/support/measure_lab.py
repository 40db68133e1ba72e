"""Pictures a second that the Lab shows, on one core: server, student and browser together.

    taskset -c 0 python -m tests.support.measure_lab

A picture is one batch learnt by both students, the arrays of all figures, and their drawing. The
first lines are the engine alone.
"""

import statistics
import tempfile
import time
from pathlib import Path

from pkdot.experiments.lab import METHODS, Lab, LabSettings, train_lab_teacher

from .chromium import open_chromium, serve_page

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
        serve_page(Path(folder), cwd=Path(folder)) as address,
        open_chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        begun = time.perf_counter()
        page.goto(f"{address}/lab")
        page.wait_for_function(f"() => Number(({FIND})?.dataset.batch) > 0", timeout=120_000)
        print(f"first picture after {time.perf_counter() - begun:.1f} s")
        page.wait_for_timeout(3000)
        before = int(page.evaluate(f"({FIND}).dataset.batch"))
        begun = time.perf_counter()
        page.wait_for_timeout(1000 * SECONDS)
        learnt = int(page.evaluate(f"({FIND}).dataset.batch")) - before
        taken = time.perf_counter() - begun
        print(f"{learnt / taken:.1f} pictures a second ({learnt} in {taken:.1f} s)")


if __name__ == "__main__":
    measure_engine()
    measure_page()
