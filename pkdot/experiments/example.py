"""The small example record that a fresh clone comes with: digits, one seed, few samples."""

import shutil
import tempfile
from pathlib import Path

from ..atomic_files import disk_errors, rename_folder
from ..errors import ConfigError
from ..record import RunRecord, open_record
from .config import ExperimentConfig
from .experiment import run_experiment

LARGEST = 500_000


def example_config() -> ExperimentConfig:
    """Small enough for a repository, real enough to learn from."""
    return ExperimentConfig(
        method="kd+pkdot",
        network={"feature_dim": 16, "embedding_dim": 16, "hidden": 128},
        options={"pkdot": {"k": 20}},
        training={"batch_size": 64},
        probe_size=100,
        snapshot_growth=2,
        maps=("pca", "umap"),
    )


def make_example(folder: Path | None = None, *, progress: bool = True) -> Path:
    """Run the example and put its record, without weights, into a folder that it replaces.

    Args:
        folder: ``reports/example`` of the checkout by default.
        progress: whether to draw progress bars.

    Raises:
        ConfigError: if no checkout is found, or the folder holds something else.
    """
    target = folder or Path(__file__).parents[1] / "reports" / "example"
    if folder is None and not (target.parents[1] / "pyproject.toml").is_file():
        raise ConfigError("Give a folder: the example's own place is in a checkout of the kit.")
    if target.exists() and not (target / "run.json").is_file():
        raise ConfigError(f"{target} is no record; give another folder.")
    with tempfile.TemporaryDirectory() as scratch:
        record = run_experiment(example_config(), progress=progress, runs_dir=scratch)
        _thin(record)
        beside = target.with_name(f".{target.name}.{record.run_id}")
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copytree(record.path, beside)
                shutil.rmtree(target, ignore_errors=True)
                rename_folder(beside, target)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if size > LARGEST:
        raise ConfigError(f"The example has {size} bytes; keep it under {LARGEST}: fewer samples.")
    return open_record(target).path


def _thin(record: RunRecord) -> None:
    """Drop weights, which no repository should carry."""
    shutil.rmtree(record.path / "checkpoints", ignore_errors=True)
