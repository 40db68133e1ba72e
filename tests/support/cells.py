"""Where cells lie, for tests that damage, count or make them."""

from pathlib import Path

from pkdot.experiments.cells import Arm, cell_cache, cell_key
from pkdot.experiments.config import ExperimentConfig


def cell_file(folder: Path, base: ExperimentConfig, arm: Arm) -> Path:
    """The file of an arm's cell in a folder of cells."""
    return cell_cache(folder).file(cell_key(base, arm))
