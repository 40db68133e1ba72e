"""``execute`` replaces an executed notebook only by one that ran to its end."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from pkdot.__main__ import main
from tests.support.fault_matrix import fault_row
from tests.support.processes import all_gone, descendants, started, until

pytestmark = pytest.mark.skipif(
    find_spec("papermill") is None,
    reason="papermill is not installed; pip install pkdot[notebooks]",
)


def notebook(path: Path, *cells: str) -> Path:
    content = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"tags": ["parameters"]} if number == 0 else {},
                "outputs": [],
                "source": source,
                "id": f"cell{number}",
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.slow
def test_a_failing_notebook_leaves_the_executed_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "out" / "done.ipynb"
    good = notebook(tmp_path / "good.ipynb", "k = 1", "print('k is', k)")
    assert main(["execute", str(good), str(dest), "-p", "k", "7"]) == 0
    before = dest.read_text()
    assert "k is 7" in before
    bad = notebook(tmp_path / "bad.ipynb", "k = 1", "1 / 0")
    capfd.readouterr()
    with fault_row("failing notebook", "the executed one of before") as row:
        status = main(["execute", str(bad), str(dest)])
        told = "done-failed.ipynb shows where" in capfd.readouterr().err
        row.count(status == 1 and told and dest.read_text() == before)
    assert "ZeroDivisionError" in dest.with_stem("done-failed").read_text()
    names = sorted(file.name for file in dest.parent.iterdir())
    assert names == ["done-failed.ipynb", "done.ipynb"]


def test_a_notebook_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    assert main(["execute", str(tmp_path / "x.ipynb"), str(tmp_path / "y.ipynb")]) == 2


@pytest.mark.slow
def test_a_killed_execution_leaves_no_process(tmp_path: Path) -> None:
    """Neither papermill nor the kernel, nor what the notebook started in the kit's workers."""
    source = notebook(
        tmp_path / "long.ipynb",
        "k = 1",
        "import os, pathlib, time\nfrom pkdot.worker_pool import unordered\n"
        f"pathlib.Path({str(tmp_path / 'began')!r}).write_text(str(os.getpid()))\n"
        "list(unordered(time.sleep, [(60,), (60,)], 2))",
    )
    words = ["-m", "pkdot", "execute", str(source), str(tmp_path / "done.ipynb")]
    with fault_row("kill −9", "an execution of a notebook") as row, started(*words) as process:
        until(lambda: (tmp_path / "began").exists() or process.poll() is not None)
        until(lambda: len(descendants(process.pid)) >= 4)
        left = descendants(process.pid)
        process.kill()
        process.wait()
        row.count(all_gone(left) and not (tmp_path / "done.ipynb").exists())
    assert list(tmp_path.glob(".executing-*"))
    assert main(["execute", str(notebook(tmp_path / "short.ipynb", "k = 1")), words[-1]]) == 0
    assert not list(tmp_path.glob(".executing-*"))


@pytest.mark.slow
def test_an_execution_that_is_told_to_end_takes_its_kernel_along(tmp_path: Path) -> None:
    began = tmp_path / "began"
    source = notebook(
        tmp_path / "long.ipynb",
        "k = 1",
        f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(60)",
    )
    words = ["-m", "pkdot", "execute", str(source), str(tmp_path / "done.ipynb")]
    with fault_row("signal", "an execution of a notebook") as row, started(*words) as process:
        until(lambda: began.exists() or process.poll() is not None)
        left = descendants(process.pid)
        process.terminate()
        _, said = process.communicate(timeout=60)
        told = "pkdot: interrupted;" in said
        row.count(process.returncode == 143 and told and all_gone(left))
        assert not list(tmp_path.glob(".executing-*"))
