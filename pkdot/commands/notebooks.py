"""``notebooks``: lay the kit's notebooks down in a folder, to be run and changed there."""

import argparse
from pathlib import Path

from ..atomic_files import written_aside
from ..errors import ConfigError
from .shipped import shipped_folder

HELP = "copy the kit's notebooks into a folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, help="folder to copy to; it is made where absent")
    parser.add_argument("--force", action="store_true", help="replace notebooks that were changed")


def run(arguments: argparse.Namespace) -> int:
    source = shipped_folder("notebooks")
    wanted = {file.relative_to(source): file.read_bytes() for file in source.rglob("*.ipynb")}
    dest: Path = arguments.dest
    if dest.exists() and not dest.is_dir():
        raise ConfigError(f"{dest} is a file; give a folder.")
    changed = sorted(
        str(name)
        for name, content in wanted.items()
        if (dest / name).exists() and (dest / name).read_bytes() != content
    )
    if changed and not arguments.force:
        raise ConfigError(
            f"{dest} holds {changed[0]} in another form ({len(changed)} such); choose another "
            f"folder, or give --force to replace them."
        )
    for name, content in sorted(wanted.items()):
        with written_aside(dest / name) as aside:
            aside.write_bytes(content)
    print(f"{len(wanted)} notebooks are in {dest}; open them with: jupyter lab {dest}")
    return 0
