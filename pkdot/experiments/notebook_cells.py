"""One cell of a grid of notebooks: a notebook executed with its parameters, kept with its scores.

papermill runs it in a process of its own, so that nothing of a notebook stays in a worker.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from ..atomic_files import disk_errors, move, scratch_folder, write_json
from ..digests import file_digest
from ..errors import ConfigError, WorkerError
from ..keyed_cache import KeyedCache, short_hash
from ..record import list_records, open_record
from ..worker_pool import tied_module
from .cells import read_cell
from .teacher_cache import library_versions

RUNS = "runs_dir"
"""The parameter by which the kit's notebooks are told where their run record goes."""


def notebook_parameters(notebook: Path) -> set[str]:
    """Names that the cell tagged ``parameters`` of a notebook declares or sets.

    Raises:
        ConfigError: for a file that is no notebook, or has no such cell.
    """
    import ast

    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        cells = [c for c in content["cells"] if "parameters" in c["metadata"].get("tags", ())]
        source = "".join(cells[0]["source"]) if cells else ""
        tree = ast.parse(source)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
        raise ConfigError(f"{notebook} cannot be read as a notebook: {error}.") from None
    if not cells:
        raise ConfigError(f"{notebook} has no cell with the tag 'parameters' to set values in.")
    names = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def notebook_key(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Names a cell by the notebook's content, its parameters and the versions."""
    facts = {"notebook": file_digest(notebook), "parameters": dict(parameters)}
    return f"{notebook.stem}-{short_hash({**facts, 'versions': library_versions()})}"


def notebook_cache(folder: Path) -> KeyedCache[dict[str, Any]]:
    """Finished cells, by :func:`notebook_key`."""
    return KeyedCache(folder / "notebooks", ".json", read_cell, write_json)


def run_notebook(
    notebook: Path, parameters: Mapping[str, Any], folder: Path, takes_runs: bool
) -> dict[str, Any]:
    """The cell of a notebook: from its file, or executed now.

    Args:
        notebook: whose code is run; it is trusted as any program.
        parameters: plain values by name.
        folder: of cells; executed notebooks lie in ``notebooks`` below it, and records in
            ``records``.
        takes_runs: whether the notebook is told where its record goes.

    Returns:
        ``executed`` (the notebook), ``elapsed`` (seconds), and of its last record, if it kept one,
        ``record`` and every score.

    Raises:
        WorkerError: if the notebook fails, with the last line of what it said.
    """
    key = notebook_key(notebook, parameters)
    return notebook_cache(folder).find_or_compute(
        key, lambda: _executed(notebook, parameters, folder, takes_runs, key)
    )


def _executed(
    notebook: Path, parameters: Mapping[str, Any], folder: Path, takes_runs: bool, key: str
) -> dict[str, Any]:
    began, runs = perf_counter(), folder / "records" / key
    given = {**parameters, **({RUNS: str(runs.absolute())} if takes_runs else {})}
    target = folder / "notebooks" / f"{key}.ipynb"
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    words = ["--kernel", "python3", "--language", "python", "--no-progress-bar"]
    words += ["-y", json.dumps(given)]
    command = tied_module("papermill")
    with scratch_folder(target.parent, ".executing-") as aside:
        executed = aside / target.name
        done = subprocess.run(
            [*command, str(notebook), str(executed), *words],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if executed.is_file():
            move(executed, target if done.returncode == 0 else target.with_stem(f"{key}-failed"))
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise WorkerError(
            f"{notebook.name} failed: {said[-1][:300] if said else 'without a word'}; "
            f"{target.with_stem(f'{key}-failed').name} in {target.parent} shows where."
        )
    cell = {"executed": str(target), **_recorded(runs)}
    cell["elapsed"] = round(perf_counter() - began, 3)
    return cell


def _recorded(runs: Path) -> dict[str, Any]:
    finished = [found for found in list_records(runs) if found.status == "finished"]
    if not finished:
        return {}
    record = open_record(finished[0].path)
    return {"record": str(record.path), **record.scores}
