"""Every notebook is executed, by papermill, as people do; and one number in it is checked."""

import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

import pkdot

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
QUICK = {
    "n_seeds": 2,
    "jobs": 1,
    "epochs": 2,
    "n_labelled": 60,
    "n_unlabelled": 120,
}

pytestmark = pytest.mark.slow


def execute(name: str, folder: Path, **parameters: Any) -> Any:
    target = folder / name
    papermill.execute_notebook(
        NOTEBOOKS / name, target, parameters, kernel_name="python3", progress_bar=False
    )
    return nbformat.read(target, as_version=4)


def printed(notebook: Any) -> str:
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_digits_runs_from_data_to_table(tmp_path: Path) -> None:
    notebook = execute("run_digits.ipynb", tmp_path, runs_dir=str(tmp_path / "runs"), **QUICK)
    told = printed(notebook)
    blind = re.search(r"shuffled: divergence (\S+),\s+\S+.*differ by (\d\.\d+)", told, re.DOTALL)
    assert blind is not None
    assert abs(float(blind[1])) < 1e-5
    assert float(blind[2]) > 0.01
    (folder,) = (tmp_path / "runs").iterdir()
    record = pkdot.open_record(folder)
    score = 100 * record.scores["student accuracy"]
    assert f"The student is right on {score:.1f} % of the test images." in told
    for arm in ("logistic regression", "soft labels", "PKDOT", "soft labels + PKDOT"):
        assert re.search(rf"^{re.escape(arm)}: [+-]\d+\.\d points", told, re.MULTILINE), arm
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert len(figures) == 11
    for figure in figures:
        layout = figure["data"]["application/vnd.plotly.v1+json"]["layout"]
        assert layout["title"]["text"]


def test_digits_runs_with_a_sum_of_methods_and_one_seed(tmp_path: Path) -> None:
    told = printed(
        execute("run_digits.ipynb", tmp_path, method="kd+pkdot", **{**QUICK, "n_seeds": 1})
    )
    assert "One seed has no interval" in told


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"sede": 1}, "did you mean 'seed'"),
        ({"k": 500}, "batch of more than 500 samples"),
    ],
)
def test_misuse_stops_before_any_work(tmp_path: Path, parameters: dict, sentence: str) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(papermill.PapermillExecutionError, match=sentence):
        execute("run_digits.ipynb", tmp_path, runs_dir=str(runs), **parameters)
    assert not runs.exists()
