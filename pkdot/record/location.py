"""Where run records live, and where the example record and its control lie."""

import os
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def runs_directory() -> Path:
    """The folder where run records live; it need not exist yet.

    ``PKDOT_RUNS`` where that is set; else ``reports/runs`` of the checkout that the working
    directory lies in; else ``pkdot-runs`` in the working directory. Notebooks, command line and
    page all ask here, and so agree.
    """
    chosen = os.environ.get("PKDOT_RUNS", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pkdot" / "_version.py").is_file() and (folder / "pyproject.toml").is_file():
            return folder / "reports" / "runs"
    return here / "pkdot-runs"


def example_directory() -> Path:
    """The folder of the example record: of the checkout, else of the installed package."""
    checkout = PACKAGE.parent / "reports" / "example"
    return checkout if (PACKAGE.parent / "pyproject.toml").is_file() else PACKAGE / "_example"


def control_directory(example: Path) -> Path:
    """The folder of the example's control, beside it: the same student without a teacher."""
    return example.with_name(f"{example.name}-control")
