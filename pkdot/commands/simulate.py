"""``simulate``: write a simulated corpus in a database's own files."""

import argparse
from pathlib import Path

HELP = "write a simulated corpus in a database's own files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid"])
    parser.add_argument("dest", type=Path, help="folder to write to; an interrupted one goes on")
    parser.add_argument("--subjects", type=int, default=20, help="simulated people (20)")
    parser.add_argument("--classes", nargs="+", default=["BL1", "PA4"], help="(BL1 PA4)")
    parser.add_argument("--windows", type=int, default=10, help="of each class and person (10)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.simulate.biovid import simulate

    path = simulate(
        arguments.dest,
        subjects=arguments.subjects,
        classes=arguments.classes,
        windows=arguments.windows,
        seed=arguments.seed,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )
    print(f"The simulated corpus is {path}; read it with: python -m pkdot check biovid {path}")
    return 0
