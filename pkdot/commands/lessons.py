"""``lessons``: lay the course down in a folder, with blanks where the exercises are."""

import argparse
from pathlib import Path

from ..errors import ConfigError
from .shipped import lay_down, shipped_folder

HELP = "copy the lessons into a folder, with blanks where the exercises are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, help="folder to copy to; it is made where absent")
    parser.add_argument("--solutions", action="store_true", help="leave the solutions in")
    parser.add_argument("--force", action="store_true", help="replace lessons that were changed")


def run(arguments: argparse.Namespace) -> int:
    from ..course.exercise_notebooks import exercise_notebook

    source = shipped_folder("notebooks") / "lessons"
    lessons = sorted(source.glob("*.ipynb"))
    if not lessons:
        raise ConfigError(f"There is no lesson in {source}; install pkdot again.")
    wanted = {
        Path(lesson.name): lesson.read_bytes() if arguments.solutions else exercise_notebook(lesson)
        for lesson in lessons
    }
    lay_down(wanted, arguments.dest, force=arguments.force)
    print(
        f"{len(wanted)} lessons are in {arguments.dest}; begin with: "
        f"jupyter lab {arguments.dest / lessons[0].name}"
    )
    return 0
