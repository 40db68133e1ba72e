"""``summary``: write the method on one page, to print."""

import argparse
from pathlib import Path

HELP = "write the method on one A4 page, with four samples worked out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, help="a .pdf, .svg or .png file")


def run(arguments: argparse.Namespace) -> int:
    from ..course.summary_page import write_summary

    write_summary(arguments.dest)
    print(f"The page is {arguments.dest}.")
    return 0
