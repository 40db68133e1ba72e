"""A referee for changes that must change no number: everything users see, as text files.

    python tests/support/referee.py run OUT          # run small experiments, write what they say
    python tests/support/referee.py run OUT --steps pages
    python tests/support/referee.py compare A B      # what differs between two such folders

Only the command line, the page and the notebooks are asked, so that modules may move freely.
Paths, times and versions are blotted out; numbers keep all their digits.
"""

import argparse
import difflib
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
STEPS = ("commands", "experiments", "example", "pages", "grids", "notebooks")
PAGES = ("runs", "similarity", "anchors", "transport", "maps", "samples")

SMALL = [
    "--set", "data.n_labelled=60", "--set", "data.n_unlabelled=120",
    "--set", "training.epochs=6", "--set", "probe_size=60",
]  # fmt: skip
CLIPS = [
    "--preset", "default", "--set", "data.simulated_subjects=6", "--set",
    "data.simulated_windows=3", "--set", "training.epochs=4", "--set", "training.batch_size=16",
]  # fmt: skip

EXPERIMENTS = {
    **{f"digits-{m}": ["run", "--method", m, *SMALL]
       for m in ("none", "kd", "rkd", "pkdot", "pkdot_dist", "kd+pkdot_identity")},
    "digits-released": ["run", "--method", "pkdot", *SMALL,
                        "--set", "options.pkdot.policy=per_sample", "--set", "options.pkdot.k=20",
                        "--set", "options.pkdot.blur=0.1"],
    **{f"clips-fold{fold}": ["run", *CLIPS, "--set", f"data.fold={fold}"] for fold in (0, 1)},
    "clips-paper": ["run", *CLIPS, "--preset", "paper", "--set", "options.pkdot.k=8"],
}  # fmt: skip

COMMANDS = {
    "help": ["--help"],
    **{f"help-{name}": [name, "--help"]
       for name in ("run", "sweep", "runs", "example", "check", "simulate", "bench", "evidence")},
    "methods": ["run", "--methods"],
    "settings": ["run", "--settings"],
    "settings-paper": ["run", "--settings", "--preset", "paper"],
    "settings-released": ["run", "--settings", "--preset", "released", "--profile", "full"],
    "bad-setting": ["run", "--set", "network.droput=0.1"],
    "bad-value": ["run", "--set", "training.epochs=0"],
    "bad-seed": ["run", "--set", "seed=true"],
    "bad-method": ["run", "--method", "pkdt"],
    "bad-k": ["run", "--set", "options.pkdot.k=500", "--set", "options.pkdot.policy=shared"],
    "bad-options": ["run", "--method", "kd", "--set", "options.pkdot.k=5"],
    "bad-preset": ["run", "--preset", "papr"],
    "bad-runs": ["runs", "--runs", "nowhere"],
    "bad-check": ["check", "biovid", "nowhere"],
    "bad-evidence": ["evidence", "--regimes", "fwe"],
    "bad-people": ["evidence", "--regimes", "few", "--people", "3"],
    "bad-seeds": ["evidence", "--seeds", "1"],
    "bad-engine": ["sweep", "--engine", "ray", *SMALL],
}  # fmt: skip

SWEEP = ["sweep", "--seeds", "2", "--jobs", "1", "--quiet", *SMALL]
EVIDENCE = [
    "evidence", "--quick", "--quiet", "--methods", "kd", "pkdot", "rows",
    "--regimes", "few", "all", "wrong", "--seeds", "2",
]  # fmt: skip
NOTEBOOKS: dict[str, dict[str, Any]] = {
    "run_digits": {"n_seeds": 2, "jobs": 1, "epochs": 4, "n_labelled": 60, "n_unlabelled": 120},
    "run_biovid": {"simulated_subjects": 6, "simulated_windows": 3, "jobs": 1, "k": 8,
                   "epochs": 2},
    "compare_methods": {"methods": "kd, sp", "settings": 1, "epochs": 2, "n_labelled": 60,
                        "n_unlabelled": 120, "n_seeds": 2, "jobs": 1},
    "ablate": {"studies": "rows, warm_up", "epochs": 2, "n_labelled": 60, "n_unlabelled": 120,
               "n_seeds": 2, "jobs": 1},
}  # fmt: skip

BLOTS = (
    (re.compile(r"\b\d{8}-\d{6}(?=-)"), "<TIME>"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|seconds|minutes|min|ms)\b"), "<SECONDS>"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "<HASH>"),
    (re.compile(r"\b\d\d [A-Z][a-z]{2} \d{4}, \d\d\\?:\d\d UTC"), "<TIME>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:T[\d:+]+)?"), "<TIME>"),
    (re.compile(r"^.*\d%\|.*\n", re.MULTILINE), ""),  # progress bars
    (re.compile(r"0x[0-9a-f]+"), "<ADDRESS>"),
    (re.compile(r"\| [\d.]+ \|$", re.MULTILINE), "| <LAST> |"),  # seconds, in the reports' tables
)
"""What differs from run to run."""


def blotted(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in BLOTS:
        text = pattern.sub(instead, text)
    return text


class Referee:
    """Runs everything once in a folder of its own, and writes what was seen into another."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.scratch = out / "scratch"
        self.environment = {
            **os.environ,
            "PKDOT_RUNS": str(self.scratch / "runs"),
            "PKDOT_CACHE": str(self.scratch / "cache"),
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "COLUMNS": "100",
            "PYTHONPATH": str(ROOT),
        }

    def blot(self, text: str) -> str:
        """The text without paths, times and hashes."""
        return blotted(text.replace(str(self.scratch), "<SCRATCH>").replace(str(ROOT), "<ROOT>"))

    def keep(self, name: str, text: str) -> None:
        target = self.out / "seen" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.blot(text).rstrip() + "\n", encoding="utf-8")

    def call(self, name: str, arguments: list[str]) -> None:
        """Run one command; keep exit status, output and complaints."""
        print(f"  {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "pkdot", *arguments],
            env=self.environment, cwd=self.scratch, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.keep(
            f"commands/{name}.txt",
            f"exit {done.returncode}\n-- output\n{done.stdout}\n-- complaints\n{done.stderr}",
        )

    def commands(self) -> None:
        for name, arguments in COMMANDS.items():
            self.call(name, arguments)

    def experiments(self) -> None:
        for name, arguments in EXPERIMENTS.items():
            runs = self.scratch / "each" / name
            self.call(name, [*arguments, "--quiet", "--runs", str(runs)])
            for record in runs.iterdir():
                self.keep(f"records/{name}.txt", describe_record(record))

    def grids(self) -> None:
        cells = self.scratch / "cells.csv"
        self.call("sweep", [*SWEEP, "--folder", str(self.scratch / "sweep"), "--csv", str(cells)])
        self.keep("tables/sweep.csv", cells.read_text())
        self.keep("tables/sweep-cells.txt", describe_cells(self.scratch / "sweep"))
        folder = self.scratch / "evidence"
        self.call("evidence", [*EVIDENCE, "--folder", str(folder)])
        self.keep("tables/evidence-cells.txt", describe_cells(folder / "cells"))
        for file in sorted(folder.rglob("*.md")) + sorted(folder.rglob("*.csv")):
            self.keep(f"tables/evidence/{file.relative_to(folder)}", without_seconds(file))
        for file in sorted((folder / "choices").glob("*.json")):
            self.keep(f"tables/evidence/choices/{file.name}", file.read_text())

    def example(self) -> None:
        folder = self.scratch / "runs" / "from-example"
        self.call("example", ["example", str(folder), "--quiet"])
        self.keep("records/example.txt", describe_record(folder))
        clips = self.scratch / "clips"
        self.call("clips", ["run", *CLIPS, "--set", "data.fold=0", "--quiet", "--runs", str(clips)])
        next(clips.iterdir()).rename(self.scratch / "runs" / "from-clips")
        self.call("runs", ["runs"])

    def pages(self) -> None:
        """Every page on both records, in a process of its own."""
        if not (self.scratch / "runs" / "from-clips").is_dir():
            self.example()
        subprocess.run(
            [sys.executable, __file__, "pages", str(self.out)],
            env=self.environment, cwd=self.scratch, check=True,
        )  # fmt: skip

    def notebooks(self) -> None:
        import nbformat
        import papermill

        os.environ.update(self.environment)
        for name, parameters in NOTEBOOKS.items():
            print(f"  {name}.ipynb", flush=True)
            target = self.scratch / f"{name}.ipynb"
            if "folder" in (ROOT / "notebooks" / f"{name}.ipynb").read_text().split("jobs: int")[1]:
                parameters = {**parameters, "folder": str(self.scratch / f"kept-{name}")}
            if name == "run_biovid":
                parameters.pop("folder", None)
            if name == "run_digits":
                parameters.pop("folder", None)
            papermill.execute_notebook(
                ROOT / "notebooks" / f"{name}.ipynb", target, parameters,
                kernel_name="python3", progress_bar=False, cwd=str(self.scratch),
            )  # fmt: skip
            told = [text for cell in nbformat.read(target, 4).cells for text in outputs(cell)]
            self.keep(f"notebooks/{name}.txt", "\n".join(told))


def outputs(cell: Any) -> Iterator[str]:
    """What a cell shows: its text, tables, and the contents of its figures."""
    if cell.cell_type == "markdown":
        yield cell.source
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "application/vnd.plotly.v1+json" in data:
            yield figure_text(data["application/vnd.plotly.v1+json"])
        elif "image/png" in data:
            yield f"a picture, {hashlib.sha256(data['image/png'].encode()).hexdigest()[:12]}"
        elif output.get("name") != "stderr":
            yield output.get("text", "") or data.get("text/plain", "")


def figure_text(figure: Any) -> str:
    """A plotly figure with all its numbers, one line a trace; the template is left out."""
    layout = {k: v for k, v in figure["layout"].items() if k != "template"}
    lines = [json.dumps(trace, sort_keys=True, ensure_ascii=False) for trace in figure["data"]]
    return "\n".join([json.dumps(layout, sort_keys=True, ensure_ascii=False), *lines])


def describe_record(path: Path) -> str:
    """Every file of a record: settings, tables with all digits, digests of arrays."""
    import pandas as pd
    from safetensors.numpy import load_file

    lines = []
    for file in sorted(f for f in path.rglob("*") if f.is_file()):
        lines.append(f"== {file.relative_to(path)}")
        if file.suffix == ".json":
            content = json.loads(file.read_text())
            for name in ("created", "finished", "run_id", "files", "updated"):
                content.pop(name, None)
            for name in ("versions", "hardware", "seconds", "threads", "config_hash"):
                content["facts"].pop(name, None)
            lines.append(json.dumps(content, indent=1, sort_keys=True))
        elif file.suffix == ".parquet":
            lines.append(pd.read_parquet(file).to_csv(index=False))
        elif file.suffix == ".safetensors":
            for name, array in sorted(load_file(file).items()):
                digest = hashlib.sha256(array.tobytes()).hexdigest()[:12]
                lines.append(f"{name} {array.dtype} {array.shape} {digest}")
    return "\n".join(lines)


def describe_cells(folder: Path) -> str:
    """Every cell without its seconds and its name, in an order of their own."""
    rows = []
    for file in folder.glob("*.json"):
        content = json.loads(file.read_text())
        content.pop("seconds", None)
        rows.append(f"{file.name.split('-')[0]} {json.dumps(content, sort_keys=True)}")
    return "\n".join(sorted(rows))


def without_seconds(file: Path) -> str:
    """A table or report without the column that says how long things took."""
    if file.suffix == ".csv":
        import pandas as pd

        return pd.read_csv(file).drop(columns="seconds", errors="ignore").to_csv(index=False)
    return file.read_text()


def see_pages(out: Path) -> None:
    """Open every page on both records, and keep all it shows."""
    from streamlit.testing.v1 import AppTest

    sys.path.insert(0, str(APP))
    referee = Referee(out)
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error",
             "success", "metric", "dataframe", "table", "selectbox", "select_slider", "slider",
             "button", "button_group", "toggle", "plotly_chart", "exception")  # fmt: skip
    for record in ("from-example", "from-clips"):
        for page in PAGES:
            print(f"  page {page} of {record}", flush=True)
            app = AppTest.from_file(str(APP / "explore.py"), default_timeout=300)
            app.query_params["run"] = record
            app.run()
            if page != "runs":
                app.switch_page(f"views/{page}.py").run()
            lines = []
            for kind in kinds:
                for element in app.get(kind):
                    lines.append(f"-- {kind} {getattr(element, 'label', '') or ''}")
                    lines.append(_element(kind, element))
            referee.keep(f"pages/{record}-{page}.txt", "\n".join(lines))


def _element(kind: str, element: Any) -> str:
    if kind == "plotly_chart":
        return figure_text(json.loads(element.proto.spec))
    if kind in ("dataframe", "table"):
        return str(element.value.to_csv(index=False))
    options = getattr(element, "options", None)
    value = getattr(element, "value", "")
    delta = getattr(element, "delta", "")
    return "\n".join(str(x) for x in (value, delta, options) if x not in (None, ""))


def compare(before: Path, after: Path, common: bool = False, context: int = 0) -> int:
    """Print what differs; ``common`` leaves out files that only one side has."""
    names = {
        str(file.relative_to(folder / "seen"))
        for folder in (before, after)
        for file in (folder / "seen").rglob("*")
        if file.is_file()
    }
    if common:
        names = {n for n in names if all((f / "seen" / n).is_file() for f in (before, after))}
    different = 0
    for name in sorted(names):
        texts = [folder / "seen" / name for folder in (before, after)]
        lines = [blotted(t.read_text()).splitlines() if t.is_file() else [] for t in texts]
        if lines[0] == lines[1]:
            continue
        different += 1
        print(f"=== {name}")
        for line in difflib.unified_diff(*lines, lineterm="", n=context):
            print(line[:400])
    print(f"{len(names)} files compared, {different} differ.")
    return min(different, 1)


def main() -> int:
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run everything, or some steps, and keep what is seen")
    run.add_argument("out", type=Path)
    run.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    commands.add_parser("pages").add_argument("out", type=Path)
    pair = commands.add_parser("compare")
    pair.add_argument("before", type=Path)
    pair.add_argument("after", type=Path)
    pair.add_argument("--common", action="store_true", help="only files that both sides have")
    given = top.parse_args()
    if given.command == "compare":
        return compare(given.before, given.after, given.common)
    out = given.out.resolve()
    if given.command == "pages":
        see_pages(out)
        return 0
    if out.exists():
        sys.exit(f"{out} exists; give a new folder.")
    referee = Referee(out)
    (referee.scratch / "runs").mkdir(parents=True)
    for step in STEPS:
        if step in given.steps:
            print(step, flush=True)
            getattr(referee, step)()
    print(f"What was seen is in {out / 'seen'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
