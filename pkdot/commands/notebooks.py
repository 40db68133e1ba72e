"""``notebooks``: lay the kit's notebooks down in a folder, to be run and changed there."""

import argparse
from pathlib import Path

from .shipped import lay_down, shipped_folder

HELP = "copy the kit's notebooks into a folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, help="folder to copy to; it is made where absent")
    parser.add_argument("--force", action="store_true", help="replace notebooks that were changed")


def run(arguments: argparse.Namespace) -> int:
    source = shipped_folder("notebooks")
    wanted = {file.relative_to(source): file.read_bytes() for file in source.rglob("*.ipynb")}
    dest: Path = arguments.dest
    lay_down(wanted, dest, force=arguments.force)
    print(f"{len(wanted)} notebooks are in {dest}; open them with: jupyter lab {dest}")
    return 0
