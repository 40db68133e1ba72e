"""``slides``: turn lessons into slides, which open from a folder without a network."""

import argparse
import json
import tempfile
from pathlib import Path

from ..atomic_files import write_text
from ..errors import ConfigError, PkdotError
from .execute import papermill
from .shipped import shipped_folder

HELP = "turn lessons, or notebooks of yours, into slides that work without a network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks",
        nargs="*",
        type=Path,
        metavar="NOTEBOOK",
        help="executed or not; all lessons by default",
    )
    parser.add_argument("dest", type=Path, metavar="DEST", help="folder of the slides")
    parser.add_argument(
        "--short", action="store_true", help="execute lessons with small sizes: scores mean nothing"
    )
    parser.add_argument(
        "--no-execute", action="store_true", help="leave out the figures of what is not executed"
    )


def run(arguments: argparse.Namespace) -> int:
    from ..course.slides import copy_assets, deck_page, find_assets, index_page, read_deck

    dest = arguments.dest
    if dest.exists() and not dest.is_dir():
        raise ConfigError(f"{dest} is a file; give a folder.")
    lessons = arguments.notebooks or sorted(
        (shipped_folder("notebooks") / "lessons").glob("*.ipynb")
    )
    if not lessons:
        raise ConfigError("There is no lesson in this installation; name a notebook.")
    for path in lessons:
        if not path.is_file():
            raise ConfigError(f"There is no notebook {path}.")
    names = [f"{path.stem}.html" for path in lessons]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"Two notebooks would become {min(twice)}; rename one of them.")
    assets = find_assets()
    pages, titles = {}, {}
    for path, name in zip(lessons, names, strict=True):
        with tempfile.TemporaryDirectory(prefix="pkdot-slides-") as folder:
            source = path
            if not arguments.no_execute and not _is_executed(path):
                source = _executed(path, Path(folder), short=arguments.short)
            deck = read_deck(source)
        pages[name], titles[name] = deck_page(deck), deck.title
    copy_assets(assets, dest)
    for name, page in (pages | {"index.html": index_page(titles)}).items():
        write_text(dest / name, page)
    print(f"{len(titles)} decks are in {dest}; open {dest / 'index.html'} in a browser.")
    return 0


def _is_executed(path: Path) -> bool:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return any(cell.get("outputs") for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError):
        return True  # and reading it says what is wrong


def _executed(path: Path, folder: Path, *, short: bool) -> Path:
    target = folder / path.name
    if papermill(path, target, ["-p", "short", "True"] if short else []):
        raise PkdotError(f"{path} failed for the reason above, and has no slides.")
    return target
