"""Time the page in a real Chromium and write reports/benchmarks/app.md; part of ``make bench``.

Times are those of a person at this machine: from the key press or the address to the new picture.
An empty Streamlit page with one figure is measured in the same run, so that each has its scale.
"""

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

if __package__ is None or __package__ == "":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pkdot.record import Probe, Recorder
from tests.support.app_report import REPORT, machine, write_opening
from tests.support.chromium import open_chromium, serve_page
from tests.support.example_records import EPOCHS, structured_arrays, student_at
from tests.support.page_motion import (
    FIGURE,
    PATIENCE,
    WINDOW,
    frames_a_second,
    hover_delays,
    idle,
    page_turns,
    seconds,
    serve_empty,
)

PAGES = {
    "Runs": "", "Pairs": "pairs", "Similarity": "similarity", "Anchors": "anchors",
    "Transport": "transport", "Embeddings": "maps", "Samples": "samples", "Methods": "methods",
}  # fmt: skip
PLAN = "document.querySelectorAll('.js-plotly-plot')[0].layout.title.subtitle.text"
"""What the plan's figure says of itself: its masses and ε, new with every plan."""
LATER, TURN, SLIDE, HOVER = 0.6, 0.8, 0.4, 50.0
"""Aims: seconds later than the empty page; seconds of a turn and of a slider; milliseconds."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        samples: of the record that most is measured on.
        points: of the map that is dragged and zoomed.
        repeats: openings of a page, and turns to it.
        moves: of the pointer over a map.
        lasting: seconds of dragging, and of zooming.
        pages: titles of those that are opened.
    """

    samples: int = 512
    points: int = 50_000
    repeats: int = 3
    moves: int = 20
    lasting: float = 3.0
    pages: tuple[str, ...] = tuple(PAGES)


Row = tuple[str, str, list[float], str]
"""What was measured, the form of its numbers, the numbers, and the aim."""


def large_record(folder: Path, name: str, size: int) -> None:
    """A record with as many probe samples."""
    arrays = structured_arrays(n=size)
    ids = [f"sample-{i:05d}" for i in range(size)]
    probe = Probe(ids, [""] * size, arrays["labels"])
    with Recorder(
        name, runs_dir=folder, run_id=name, corpus="patterns", method="pkdot", seed=0,
        config={"k": 30, "blur": 0.1, "policy": "shared"}, probe=probe,
    ) as recorder:  # fmt: skip
        for epoch in EPOCHS:
            recorder.log_metrics("student", epoch, "validation", {"accuracy": 0.1 * epoch})
            student = student_at(arrays, epoch)
            recorder.log_embeddings(epoch, teacher=arrays["teacher"], student=student)
        recorder.log_features(real=arrays["real"], hallucinated=0.5 * arrays["real"])
        answers = np.eye(int(arrays["labels"].max()) + 1)[arrays["labels"]]
        columns: dict[str, Any] = {"sample_id": ids, "subject": "", "split": "test"}
        columns["label"] = arrays["labels"]
        for who in ("teacher", "student"):
            columns |= {f"{who}_{c}": answers[:, c] for c in range(answers.shape[1])}
        recorder.log_predictions(pd.DataFrame(columns))


def opening(browser: Any, address: str, repeats: int) -> tuple[list[float], list[float]]:
    """From the address to the first figure, on a server that has shown the page before.

    Returns:
        Seconds in browsers that know nothing yet, and in one that has been here before: it keeps
        the code that draws figures.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for known in (False, True):
        context = browser.new_context(viewport=WINDOW)
        # The first opening warms the server; a browser keeps compiled code from the second on.
        warming = 2 if known else 1
        for turn in range(repeats + warming):
            if not known:
                context.close()
                context = browser.new_context(viewport=WINDOW)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            taken = seconds(
                lambda page=page: page.goto(address),
                lambda page=page: page.wait_for_selector(FIGURE),
            )
            idle(page)
            page.close()
            found[known].extend([taken] if turn >= warming else [])
        context.close()
    return found


def slider(browser: Any, address: str, path: str, position: int, change: str) -> list[float]:
    """From an arrow key on a slider to a picture that ``change`` (JavaScript) tells apart."""
    page = browser.new_page(viewport=WINDOW)
    page.set_default_timeout(PATIENCE)
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


def measure(sizes: Sizes) -> list[Row]:
    """All rows of the report."""
    rows: list[Row] = []

    def add(name: str, form: str, values: list[float], aim: str) -> None:
        rows.append((name, form, values, aim))
        print(name, [format(value, form) for value in values], flush=True)

    def later(name: str, found: tuple[list[float], list[float]], than: tuple[float, float]) -> None:
        for values, least, words in zip(found, than, ("new browser", "opened before"), strict=True):
            after = statistics.median(values) - least
            said = f"{after:+.2f} s than the empty page; aim +{LATER} s"
            add(f"open {name}: first figure, {words}", ".2f", values, said)

    pages = {name: path for name, path in PAGES.items() if name in sizes.pages}
    with tempfile.TemporaryDirectory() as scratch, open_chromium() as browser:
        folder, runs = Path(scratch), Path(scratch) / "runs"
        large_record(runs, "large", sizes.samples)
        large_record(runs, "many", sizes.points)
        with serve_empty(folder) as empty:
            bare = opening(browser, empty, sizes.repeats)
            for values, words in zip(bare, ("new browser", "opened before"), strict=True):
                add(f"open an empty page with one figure, {words}", ".2f", values, "–")
            least = (statistics.median(bare[0]), statistics.median(bare[1]))
            dragged, zoomed = frames_a_second(
                browser, f"{empty}/?points={sizes.points}", ".js-plotly-plot .nsewdrag",
                sizes.lasting,
            )  # fmt: skip
        with serve_page(runs, cwd=folder) as address:
            for name, path in pages.items():
                own = opening(browser, f"{address}/{path}?run=large", sizes.repeats)
                later(name, own, least)
            if len(pages) > 1:
                turns = page_turns(browser, address, pages, "run=large", sizes.repeats)
                for name, values in turns.items():
                    add(f"turn to {name}", ".2f", values, f"{TURN} s")
            for words, position in (("ε", 2), ("k", 1)):
                moved = slider(browser, address, "transport", position, PLAN)
                add(f"Transport: {words} to a new plan", ".2f", moved, f"{SLIDE} s")
            delays = hover_delays(browser, address, "run=large", sizes.moves)
            add("Pairs: hover, milliseconds", ".0f", delays, f"{HOVER:.0f} ms")
            own_drag, own_zoom = frames_a_second(
                browser, f"{address}/pairs?run=many", ".map.teacher", sizes.lasting
            )
    size = f"{sizes.points:,} points"
    for words, mine, theirs in (("drag", own_drag, dragged), ("zoom", own_zoom, zoomed)):
        scale = f"bare scatter: {theirs:.0f}"
        add(f"Pairs: {words} {size} twice, frames a second", ".0f", [mine], scale)
    return rows


def report(rows: list[Row], sizes: Sizes, load: float) -> list[str]:
    """Lines of the report."""
    lines = [
        "# The page: seconds until it is drawn",
        "",
        f"A record with {sizes.samples} probe samples, in Chromium at {WINDOW['width']} × "
        f"{WINDOW['height']}, on {machine()}; load {load:.1f} on {os.cpu_count()} cores when it "
        f"began. Median and worst of {sizes.repeats} openings or turns, of the moves of a slider "
        f"to values not seen before, or of {sizes.moves} moves of the pointer. Browser and server "
        "share the machine; a browser that opened the page before keeps the code that draws "
        "figures. The empty page is Streamlit with one Plotly figure, under the same settings; "
        "frames are counted while a map is dragged or zoomed without a pause, beside a bare WebGL "
        "scatter of as many points. Of frames the worst is the least.",
        "",
        "| what | median | worst | aim, or scale |",
        "|---|---:|---:|---|",
    ]
    for name, form, values, aim in rows:
        if not values:
            lines.append(f"| {name} | – | – | {aim} |")
            continue
        worst = min(values) if "frames" in name else max(values)
        lines.append(f"| {name} | {statistics.median(values):{form}} | {worst:{form}} | {aim} |")
    return lines


def main() -> None:
    usual = Sizes()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--samples", type=int, default=usual.samples, help="100 or more: a slider of k needs room"
    )
    parser.add_argument("--points", type=int, default=usual.points)
    parser.add_argument("--repeats", type=int, default=usual.repeats)
    parser.add_argument("--moves", type=int, default=usual.moves)
    parser.add_argument("--lasting", type=float, default=usual.lasting)
    parser.add_argument("--pages", nargs="+", choices=tuple(PAGES), default=usual.pages)
    parser.add_argument("--report", type=Path, default=REPORT)
    given = vars(parser.parse_args())
    place, load = given.pop("report"), os.getloadavg()[0]
    sizes = Sizes(**{**given, "pages": tuple(given["pages"])})
    lines = report(measure(sizes), sizes, load)
    write_opening(lines, place)
    print("\n".join(lines))
    print(f"The report is {place}.")


if __name__ == "__main__":
    main()
