"""A real Chromium for the browser tests and the screenshots, and a server of the page for it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "app" / "explore.py"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class NoChromium(Exception):
    """Why none could be started, in the words of the last attempt."""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """One that is there, else Playwright's own download, else the system's package (as root)."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoChromium("Playwright is not installed; pip install playwright") from None
    problem = ""
    with sync_playwright() as playwright:
        for prepare in (_there, _playwrights_own, _system_package):
            try:
                opened = playwright.chromium.launch(executable_path=prepare(), args=_ARGUMENTS)
            except (Error, OSError, subprocess.SubprocessError) as error:
                problem = f"no Chromium could be started ({str(error).splitlines()[0]})"
                continue
            yield opened
            opened.close()
            return
    raise NoChromium(problem)


def _there() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def _playwrights_own() -> None:
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _system_package() -> str | None:
    if os.geteuid() != 0:
        raise OSError("only root may install packages")
    _run("apt-get", "update")
    _run("apt-get", "install", "-y", "chromium")
    return shutil.which("chromium")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@contextmanager
def serve_page(runs: Path, cwd: Path, script: Path = PAGE) -> Iterator[str]:
    """The page's address on loopback; the server stops with the block."""
    with page_process(runs, cwd, script) as (address, _):
        yield address


@contextmanager
def page_process(runs: Path, cwd: Path, script: Path = PAGE) -> Iterator[tuple[str, int]]:
    """The page's address on loopback and the server's process id; it stops with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script),
         "--server.port", str(port), "--server.headless", "true"],
        cwd=cwd,
        env={**os.environ, "PKDOT_RUNS": str(runs), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("The server of the page ended by itself.") from None
                time.sleep(0.25)
        else:
            raise RuntimeError("The server of the page did not come up within a minute.")
        yield address, process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_idle(page: Any, pause: int = 300) -> None:
    """Wait until the server has drawn the page, and so many milliseconds for what follows."""
    for _ in range(2):  # a figure or a fragment may ask the server once more
        page.wait_for_selector("[data-testid=stStatusWidget]", state="detached")
        page.wait_for_timeout(pause)
