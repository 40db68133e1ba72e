"""``bench``: time and memory of the kit beside its peers, a page each."""

import argparse
from importlib import import_module
from pathlib import Path

from ..errors import ConfigError

HELP = "measure time and memory beside the peers, write a page each"

_QUICK = {
    "transport": ["--quick", "--seconds", "0.05"],
    "features": ["--clips", "4", "--epochs", "2", "--pixels", "48"],
    "shift": [],
    "training": ["--people", "6", "--members", "3", "--repeats", "1"],
    "scaling": ["--quick"],
    "gpu": ["--quick"],
}
"""Page, a module of ``pkdot.benchmarks`` -> what makes it small."""

PAGES = [name for name in _QUICK if name != "gpu"]
"""What is measured where no page is named; ``gpu`` stands for itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pages",
        nargs="*",
        metavar="PAGE",
        help=f"out of {', '.join(_QUICK)}; {', '.join(PAGES)} if none is named",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument(
        "--device", default="cpu", help="cuda fills the page gpu, in eight minutes at most (cpu)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where the pages go (reports/benchmarks)"
    )


def run(arguments: argparse.Namespace) -> int:
    unknown = [name for name in arguments.pages if name not in _QUICK]
    if unknown:
        raise ConfigError(f"There is no page {unknown[0]!r}; choose among {', '.join(_QUICK)}.")
    on_cpu = arguments.device == "cpu"
    pages = arguments.pages or (PAGES if on_cpu else ["gpu"])
    if not on_cpu and pages != ["gpu"]:
        raise ConfigError(
            f"Only the page gpu is measured on a device such as {arguments.device!r}; "
            "leave the pages out, or the device."
        )
    folder = arguments.out or Path("reports/benchmarks")
    for page in pages:
        given = ["--report", str(folder / f"{page}.md")]
        given += ["--device", arguments.device] if page == "gpu" else []
        given += _QUICK[page] if arguments.quick else []
        status: int = import_module(f"pkdot.benchmarks.{page}").main(given)
        if status:
            return status
    return 0
