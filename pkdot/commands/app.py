"""``app``: open the dashboard."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ..errors import ConfigError
from .shipped import shipped_folder

HELP = "open the page that shows what students learnt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="?", help="folder of records (the usual one)")
    parser.add_argument("--port", type=int, help="of the page (8501, or the next that is free)")
    parser.add_argument(
        "--address", default="127.0.0.1", help="to listen on (127.0.0.1: this machine only)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(arguments: argparse.Namespace) -> int:
    if not find_spec("streamlit"):
        raise ConfigError("The page needs streamlit: pip install 'pkdot[app]'.")
    if arguments.runs is not None:
        if not arguments.runs.is_dir():
            raise ConfigError(
                f"There is no folder {arguments.runs}; give the folder that holds the run records."
            )
        os.environ["PKDOT_RUNS"] = str(arguments.runs.absolute())
    page = shipped_folder("app") / "explore.py"
    command = [sys.executable, "-m", "streamlit", "run", str(page)]
    command += ["--server.address", arguments.address]
    command += ["--server.port", str(arguments.port)] if arguments.port is not None else []
    command += ["--server.headless", "true"] if arguments.no_browser else []
    sys.stdout.flush()
    # In the place of this process, so that Ctrl-C and a kill reach the server itself.
    os.execv(sys.executable, command)
