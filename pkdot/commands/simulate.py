"""``simulate``: write a simulated corpus in a database's own files."""

import argparse
from pathlib import Path

HELP = "write a simulated corpus in a database's own files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid", "affwild2"])
    parser.add_argument("dest", type=Path, help="folder to write to; an interrupted one goes on")
    parser.add_argument("--subjects", type=int, default=20, help="BioVid: simulated people (20)")
    parser.add_argument("--classes", nargs="+", default=["BL1", "PA4"], help="BioVid: (BL1 PA4)")
    parser.add_argument(
        "--windows", type=int, default=10, help="BioVid: of each class and person (10)"
    )
    parser.add_argument("--videos", type=int, default=24, help="Aff-Wild2: simulated videos (24)")
    parser.add_argument("--frames", type=int, default=400, help="Aff-Wild2: of each video (400)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    path = _affwild2(arguments) if arguments.corpus == "affwild2" else _biovid(arguments)
    print(
        f"The simulated corpus is {path}; read it with: "
        f"python -m pkdot check {arguments.corpus} {path}"
    )
    return 0


def _biovid(arguments: argparse.Namespace) -> Path:
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.simulate.biovid import simulate

    return simulate(
        arguments.dest,
        subjects=arguments.subjects,
        classes=arguments.classes,
        windows=arguments.windows,
        seed=arguments.seed,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )


def _affwild2(arguments: argparse.Namespace) -> Path:
    from ..data.affwild2 import require_libraries

    require_libraries()
    from ..data.simulate.affwild2 import simulate

    return simulate(
        arguments.dest,
        videos=arguments.videos,
        frames=arguments.frames,
        seed=arguments.seed,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )
