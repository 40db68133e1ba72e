"""``runs``: the records of a folder, a line each."""

import argparse
from pathlib import Path

from ..errors import ConfigError, printable

HELP = "list run records"
LONGEST = 100
"""Characters of a name that are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")


def run(arguments: argparse.Namespace) -> int:
    from ..record import list_records, runs_directory

    folder = arguments.runs or runs_directory()
    if arguments.runs and not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}.")
    summaries = list_records(folder)
    if not summaries:
        print(f"There are no records in {folder}; make one with: python -m pkdot run")
        return 0
    names = [printable(summary.run_id)[:LONGEST] for summary in summaries]
    width = max(map(len, names))
    for name, summary in zip(names, summaries, strict=True):
        score = summary.primary("student")
        finished = summary.status == "finished" and score is not None
        text = f"student {summary.task.primary.text(score)}" if finished else summary.sentence
        print(f"{name:{width}}  {summary.status:8}  {printable(text)}")
    return 0
