"""``simulate``: write a simulated corpus in the files that real ones have."""

import argparse
from pathlib import Path

HELP = "write a simulated corpus in the files that real ones have"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "corpus",
        choices=["biovid", "affwild2", "own"],
        help="own: one small data set as a table, a folder and an .npz",
    )
    parser.add_argument("dest", type=Path, help="folder to write to; an interrupted one goes on")
    parser.add_argument(
        "--subjects", type=int, default=20, help="biovid, own: simulated people (20)"
    )
    parser.add_argument("--classes", nargs="+", default=["BL1", "PA4"], help="biovid: (BL1 PA4)")
    parser.add_argument(
        "--windows",
        type=int,
        default=10,
        help="biovid: of each class and person; own: samples of each person (10)",
    )
    parser.add_argument("--videos", type=int, default=24, help="affwild2: simulated videos (24)")
    parser.add_argument("--frames", type=int, default=400, help="affwild2: of each video (400)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    if arguments.corpus == "own":
        return _own(arguments)
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


def _own(arguments: argparse.Namespace) -> int:
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.simulate.own import write_examples

    found = write_examples(
        arguments.dest,
        people=arguments.subjects,
        samples=arguments.windows,
        seed=arguments.seed,
        progress=not arguments.quiet,
    )
    print(f"One simulated data set in three forms: {found.table}, {found.folder}, {found.arrays}.")
    print(
        f"Read it with: python -m pkdot check own {found.table} --prevalent face "
        f"--privileged skin,voice --target mood --group person"
    )
    return 0
