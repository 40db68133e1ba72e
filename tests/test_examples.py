"""Every script of examples/ runs, prints one result, and writes to a temporary folder only."""

import ast
import os
import re
import runpy
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import pkdot
from tests.support.forked import forked

FOLDER = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
# What keeps a script short, and the result that it prints.
QUICK = {
    "compare_two_methods": (["--seeds", "2", "--epochs", "2"], r"points, .+ over 2 seeds"),
    "draw_a_plan": ([], r"% of the mass stays with its own sample"),
    "loss_in_a_loop": ([], r"alone \d\d\.\d%, with PKDOTLoss \d\d\.\d%"),
    "own_networks": (["--epochs", "3"], r"^Right: teacher \d\d\.\d%, student \d\d\.\d%$"),
    "record_any_task": (["--labels"], r"^mean average precision of the student: 0\.\d+"),
    "write_and_open_a_record": ([], r"^finished: the loss fell"),
    "your_own_distiller": (["--epochs", "2"], r"^kd\+centred: the student is right on"),
}


def as_typed(name: str, words: list[str], folder: str, printed: str) -> None:
    """What a process does that runs a script in an empty folder."""
    os.chdir(Path(folder) / "here")
    os.environ["TMPDIR"] = tempfile.tempdir = str(Path(folder) / "temporary")
    script = FOLDER / f"{name}.py"
    sys.argv = [str(script), *words]
    with Path(printed).open("w", encoding="utf-8") as out, redirect_stdout(out):
        runpy.run_path(str(script), run_name="__main__")


def run(name: str, *words: str, folder: Path) -> str:
    """Run a script in an empty folder; gives what it printed."""
    (folder / "here").mkdir()
    (folder / "temporary").mkdir()
    printed = folder / "printed"
    process = forked(as_typed, name, list(words), str(folder), str(printed))
    process.join(120)
    assert process.exitcode == 0
    return printed.read_text(encoding="utf-8")


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
