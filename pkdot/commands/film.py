"""``film``: draw three short films of the method, from the example record."""

import argparse
from pathlib import Path

from ..errors import ConfigError

HELP = "draw three short films: the plan forms, anchors move, the student's map turns"
NAMES = ("plan", "anchors", "maps")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, metavar="DEST", help="folder of the films")
    parser.add_argument("--only", choices=NAMES, help="one film instead of all")
    parser.add_argument("--theme", choices=("light", "dark"), help="one theme instead of both")
    parser.add_argument("--mp4", action="store_true", help="write MP4 files beside the WebP ones")


def run(arguments: argparse.Namespace) -> int:
    from ..course.film import FILMS
    from ..course.film.video import write_film
    from ..record import open_record
    from ..record.location import example_directory

    dest = arguments.dest
    if dest.exists() and not dest.is_dir():
        raise ConfigError(f"{dest} is a file; give a folder.")
    record = open_record(example_directory())
    kinds = (".webp", ".mp4") if arguments.mp4 else (".webp",)
    for film in FILMS:
        if arguments.only not in (None, film.name):
            continue
        for theme in (arguments.theme,) if arguments.theme else ("light", "dark"):
            shots = list(film.shots(record, theme))
            for kind in kinds:
                path = dest / f"{film.name}-{theme}{kind}"
                write_film(shots, path)
                print(f"{path}: {path.stat().st_size // 1000} kB. {film.about}")
    return 0
