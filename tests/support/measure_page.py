"""Time the page in a real Chromium and write reports/benchmarks/app.md; part of ``make bench``.

Times are those of a person at this machine: from the key press or the address to the new picture.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __package__ is None or __package__ == "":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pkdot.record import Probe, Recorder
from tests.support.app_report import REPORT, machine, write_opening
from tests.support.chromium import open_chromium, serve_page
from tests.support.example_records import EPOCHS, structured_arrays, student_at

SIZE = 512
REPEATS = 3
PAGES = {
    "Runs": "", "Similarity": "similarity", "Anchors": "anchors", "Transport": "transport",
    "Embeddings": "maps", "Samples": "samples",
}  # fmt: skip
FIGURE = ".js-plotly-plot .main-svg"
PLAN = "document.querySelectorAll('.js-plotly-plot')[0].layout.title.subtitle.text"
"""What the plan's figure says of itself: its masses and ε, new with every plan."""


def large_record(folder: Path) -> None:
    """A record with as many probe samples as the page draws one by one."""
    arrays = structured_arrays(n=SIZE)
    ids = [f"sample-{i:03d}" for i in range(SIZE)]
    probe = Probe(ids, [""] * SIZE, arrays["labels"])
    with Recorder(
        "large", runs_dir=folder, run_id="large", corpus="patterns", method="pkdot", seed=0,
        config={"k": 30, "blur": 0.1, "policy": "shared"}, probe=probe,
    ) as recorder:  # fmt: skip
        for epoch in EPOCHS:
            recorder.log_metrics("student", epoch, "validation", {"accuracy": 0.1 * epoch})
            student = student_at(arrays, epoch)
            recorder.log_embeddings(epoch, teacher=arrays["teacher"], student=student)
        recorder.log_features(real=arrays["real"], hallucinated=0.5 * arrays["real"])


def idle(page: Any) -> None:
    """Wait until everything is drawn and the server has nothing left to do."""
    page.wait_for_selector(FIGURE)
    page.wait_for_selector("[data-testid=stStatusWidget]", state="detached")
    page.wait_for_timeout(1000)


def seconds(act: Callable[[], None], wait: Callable[[], None]) -> float:
    """From the start of an act to the end of waiting for what it changes."""
    began = time.perf_counter()
    act()
    wait()
    return time.perf_counter() - began


def opening(browser: Any, address: str, path: str) -> tuple[list[float], list[float]]:
    """From the address to the first figure, on a server that has shown the page before.

    Returns:
        Seconds in browsers that know nothing yet, and in one that has been here before: it keeps
        the code that draws figures.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for known in (False, True):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        # The first opening warms the server; a browser keeps compiled code from the second on.
        warming = 2 if known else 1
        for turn in range(REPEATS + warming):
            if not known:
                context.close()
                context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.set_default_timeout(60_000)
            taken = seconds(
                lambda page=page: page.goto(f"{address}/{path}?run=large"),
                lambda page=page: page.wait_for_selector(FIGURE),
            )
            idle(page)
            page.close()
            found[known].extend([taken] if turn >= warming else [])
        context.close()
    return found


def slider(browser: Any, address: str, path: str, position: int, change: str) -> list[float]:
    """From an arrow key on a slider to a picture that ``change`` (JavaScript) tells apart."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{address}/{path}?run=large&panel=plan")
    idle(page)
    handle = page.get_by_role("slider").nth(position)
    handle.focus()
    found = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
        before = page.evaluate(change)
        if key == "ArrowLeft":
            handle.press(key)  # seen before: cached, not measured
            idle(page)
            continue
        found.append(
            seconds(
                lambda key=key: handle.press(key),
                lambda before=before: page.wait_for_function(
                    f"before => {change} !== before", arg=before
                ),
            )
        )
        idle(page)
    page.close()
    return found


def main() -> None:
    rows: list[tuple[str, float, list[float]]] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch, open_chromium() as browser:
        runs = Path(scratch) / "runs"
        large_record(runs)
        with serve_page(runs, cwd=Path(scratch)) as address:
            for name, path in PAGES.items():
                new, known = opening(browser, address, path)
                rows.append((f"open {name}: first figure, new browser", 3.0, new))
                rows.append((f"open {name}: first figure, opened before", 3.0, known))
                for _, _, values in rows[-2:]:
                    print(name, [round(value, 2) for value in values], flush=True)
            rows.append(
                ("Transport: ε to a new plan", 0.5, slider(browser, address, "transport", 2, PLAN))
            )
            rows.append(
                ("Transport: k to a new plan", 0.5, slider(browser, address, "transport", 1, PLAN))
            )
    lines = [
        "# The page: seconds until it is drawn",
        "",
        f"A record with {SIZE} probe samples, in Chromium at 1280 × 900, on {machine()}; load "
        f"{load:.1f} on {os.cpu_count()} cores when it began. Median and worst of {REPEATS} "
        "openings, or of the moves of a slider to values not seen before. Browser and server share "
        "the machine; a browser that opened the page before keeps the code that draws figures.",
        "",
        "| what | median | worst | aim |",
        "|---|---:|---:|---:|",
    ]
    for name, aim, values in rows:
        median = statistics.median(values)
        lines.append(f"| {name} | {median:.2f} | {max(values):.2f} | {aim} |")
    write_opening(lines)
    print("\n".join(lines))
    print(f"The report is {REPORT}.")


if __name__ == "__main__":
    main()
