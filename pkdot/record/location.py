"""The folder where run records live."""

import os
from pathlib import Path


def runs_directory() -> Path:
    """The folder where run records live; it need not exist yet.

    ``PKDOT_RUNS`` where that is set; else ``reports/runs`` of the checkout that the working
    directory lies in; else ``pkdot-runs`` in the working directory. Notebooks, command line and
    page all ask here, and so agree.
    """
    chosen = os.environ.get("PKDOT_RUNS", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    checkout = checkout_directory()
    return Path.cwd() / "pkdot-runs" if checkout is None else checkout / "reports" / "runs"


def checkout_directory() -> Path | None:
    """The kit's checkout that the working directory lies in; None outside of one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pkdot" / "_version.py").is_file() and (folder / "pyproject.toml").is_file():
            return folder
    return None
