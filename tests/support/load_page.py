"""Put the page under load and write a section of reports/benchmarks/app.md; part of ``make bench``.

Visitors are WebSocket clients on this machine that speak Streamlit's protocol, not browsers. Each
turns to another page, or moves a slider, then reads for some seconds, as a person does.
"""

import argparse
import asyncio
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if __package__ is None or __package__ == "":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.app_report import REPORT, machine, write_section
from tests.support.chromium import page_process
from tests.support.page_client import PAGES, Visitor, run_apart

TITLE = "Many visitors at once"
READING = (10.0, 20.0)
"""Seconds that a visitor reads between two acts, drawn evenly."""

MOVES = 0.25
"""Share of acts that move a slider; the others turn to another page."""

AIM_SECONDS, AIM_GROWTH = 3.0, 0.10


@dataclass(frozen=True)
class Load:
    """What a server under load showed.

    Attributes:
        sessions: visitors at once.
        seconds: of load, after a first round: each visitor saw every page and moved a slider of it.
        turns, moves: seconds each, over all visitors.
        errors: one sentence each, of the first round also.
        first, last: megabytes of resident memory after the first round, and at the end.
        elsewhere: addresses besides loopback at which the port answered.
    """

    sessions: int
    seconds: float
    turns: list[float]
    moves: list[float]
    errors: list[str]
    first: float
    last: float
    elsewhere: list[str]

    @property
    def growth(self) -> float:
        """Memory at the end over that after the first round, less 1."""
        return self.last / self.first - 1


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def answers_elsewhere(port: int) -> list[str]:
    """This machine's addresses besides loopback at which a port can be reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
        except OSError:
            return []
        here = probe.getsockname()[0]
    with socket.socket() as attempt:
        attempt.settimeout(2)
        return [here] if attempt.connect_ex((here, port)) == 0 else []


def load(sessions: int, seconds: float, runs: Path, reading: tuple[float, float] = READING) -> Load:
    """Serve the page with the example record to some visitors at once.

    Args:
        sessions: visitors.
        seconds: of load, after the first round.
        runs: a folder of records; the example stands beside them.
        reading: seconds between two acts, the least and the most.
    """
    with page_process(runs, runs.parent) as (address, pid):
        visitors = [Visitor(address) for _ in range(sessions)]
        first = run_apart(_all(visitors, seconds, reading, pid))
        last = resident(pid)
        elsewhere = answers_elsewhere(int(address.rsplit(":", 1)[1]))
    return Load(
        sessions,
        seconds,
        [t for visitor in visitors for t in visitor.turns],
        [t for visitor in visitors for t in visitor.moves],
        [e for visitor in visitors for e in visitor.errors],
        first,
        last,
        elsewhere,
    )


async def _all(
    visitors: list[Visitor], seconds: float, reading: tuple[float, float], pid: int
) -> float:
    """Both rounds; megabytes after the first."""
    spread = reading[1] * len(PAGES)
    await asyncio.gather(*(_first_round(v, i, spread) for i, v in enumerate(visitors)))
    for visitor in visitors:
        visitor.turns.clear()
        visitor.moves.clear()
    first = resident(pid)
    end = time.monotonic() + seconds
    await asyncio.gather(*(_visit(v, i, end, reading) for i, v in enumerate(visitors)))
    for visitor in visitors:
        visitor.close()
    return first


async def _first_round(visitor: Visitor, seed: int, spread: float) -> None:
    """Every page once, and one slider of each, at moments of one's own."""
    chance = random.Random(f"first {seed}")
    pause = spread / (2 * len(PAGES))
    await asyncio.sleep(chance.uniform(0, pause))
    await visitor.open()
    for page in PAGES[1:]:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)
        await visitor.turn(page)
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)
        await visitor.move(chance)


async def _visit(visitor: Visitor, seed: int, end: float, reading: tuple[float, float]) -> None:
    chance = random.Random(seed)
    page = PAGES[-1]
    await asyncio.sleep(chance.uniform(0, reading[1]))
    while time.monotonic() < end:
        if chance.random() < MOVES:
            await visitor.move(chance)
        else:
            page = chance.choice([other for other in PAGES if other != page])
            await visitor.turn(page)
        await asyncio.sleep(chance.uniform(*reading))


def section(found: Load, busy: float) -> list[str]:
    """Lines of the report."""
    turns, moves = found.turns, found.moves or [float("nan")]
    return [
        f"{found.sessions} sessions on the example record for {found.seconds:.0f} s, after a first "
        f"round in which each saw every page and moved a slider of it; {machine()}; load "
        f"{busy:.1f} on {os.cpu_count()} cores when it began. Sessions are WebSocket clients that "
        "speak Streamlit's protocol and share the machine with the server; nothing is drawn. Each "
        f"acts, then reads for {READING[0]:.0f} to {READING[1]:.0f} s; a quarter of acts move a "
        "slider to any place. "
        "Made by `python tests/support/load_page.py`.",
        "",
        "| what | n | median | 95th percentile | worst | aim |",
        "|---|---:|---:|---:|---:|---|",
        *(
            f"| {what} | {len(values)} | {statistics.median(values):.2f} s | "
            f"{percentile(values, 0.95):.2f} s | {max(values):.2f} s | {aim} |"
            for what, values, aim in (
                ("another page", turns, f"95th percentile under {AIM_SECONDS:.0f} s"),
                ("a slider moved", moves, "–"),
            )
        ),
        "",
        "| what | measured | aim |",
        "|---|---:|---|",
        f"| errors | {len(found.errors)} | 0 |",
        f"| memory of the server after the first round | {found.first:.0f} MB | – |",
        f"| memory at the end | {found.last:.0f} MB ({found.growth:+.1%}) | within "
        f"{AIM_GROWTH:.0%} |",
        f"| addresses besides loopback that answer | {len(found.elsewhere)} | 0 |",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--report", type=Path, default=REPORT)
    arguments = parser.parse_args()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        found = load(arguments.sessions, arguments.seconds, Path(scratch) / "runs")
    lines = section(found, busy)
    print("\n".join([*lines, "", *found.errors[:10]]))
    write_section(TITLE, lines, arguments.report)
    print(f"The report is {arguments.report}.")
    missed = (
        found.errors
        or found.elsewhere
        or abs(found.growth) > AIM_GROWTH
        or percentile(found.turns, 0.95) >= AIM_SECONDS
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
