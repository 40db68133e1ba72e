"""Every script of examples/ runs, prints one result, and writes to a temporary folder only."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import pkdot

FOLDER = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
# What keeps a script short, and the result that it prints.
QUICK = {
    "compare_two_methods": (["--seeds", "2", "--epochs", "2"], r"points, .+ over 2 seeds"),
    "draw_a_plan": ([], r"% of the mass stays with its own sample"),
    "loss_in_a_loop": ([], r"alone \d\d\.\d%, with PKDOTLoss \d\d\.\d%"),
    "own_networks": (["--epochs", "3"], r"^Right: teacher \d\d\.\d%, student \d\d\.\d%$"),
    "write_and_open_a_record": ([], r"^finished: the loss fell"),
    "your_own_distiller": (["--epochs", "2"], r"^kd\+centred: the student is right on"),
}


def run(name: str, *words: str, folder: Path) -> str:
    """Run a script in an empty folder; gives what it printed."""
    (folder / "here").mkdir()
    (folder / "temporary").mkdir()
    answer = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), *words],
        cwd=folder / "here",
        env={**os.environ, "TMPDIR": str(folder / "temporary"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_it_prints_one_result(name: str, tmp_path: Path) -> None:
    words, result = QUICK[name]
    printed = run(name, *words, folder=tmp_path)
    assert re.search(result, printed), printed
    assert len(printed.splitlines()) == 1
    assert not list((tmp_path / "here").iterdir()), "an example writes to a temporary folder"
    written = tmp_path / "temporary"
    for record in written.glob("pkdot-*/*/run.json"):
        assert pkdot.open_record(record.parent).status == "finished"
    for page in written.glob("pkdot-*/*.html"):
        assert "plotly" in page.read_text(encoding="utf-8")
    kept = {path.name for path in written.glob("pkdot-*/*")}
    assert len(kept) > 0 or name == "loss_in_a_loop"


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_short_and_says_how_to_run_it(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 40
    told = ast.get_docstring(ast.parse(source)) or ""
    assert len(told.splitlines()) == 2
    assert f"python examples/{name}.py" in told


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "loss_in_a_loop"])
def test_it_has_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    assert stop.value.code == 0
    assert "usage" in capsys.readouterr().out
