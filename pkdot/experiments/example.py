"""The small example that a fresh clone comes with: a record of digits, and its control."""

import shutil
import tempfile
from pathlib import Path

from ..atomic_files import disk_errors, rename_folder
from ..errors import ConfigError
from ..record import Recorder, RunRecord, open_record
from ..record.control import control_config
from ..record.location import PACKAGE, control_directory, example_directory
from .config import ExperimentConfig
from .experiment import run_experiment

LARGEST = 500_000
"""Bytes of both records together."""


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


def make_example(
    folder: Path | None = None, *, config: ExperimentConfig | None = None, progress: bool = True
) -> Path:
    """Run the example and its control, and put their records into folders that they replace.

    The record goes without its weights. The control is the same student, data and seed without a
    teacher; of its record only what a comparison reads is kept: metrics, answers and facts.

    Args:
        folder: of the record, ``reports/example`` of the checkout by default; its control lies
            beside it, see :func:`~pkdot.record.location.control_directory`.
        config: of the run; :func:`example_config` by default.
        progress: whether to draw progress bars.

    Raises:
        ConfigError: if no checkout is found, a folder holds something else, or the records are
            larger than a repository should carry.
    """
    target = folder or example_directory()
    if folder is None and target.is_relative_to(PACKAGE):
        raise ConfigError("Give a folder: the example's own place is in a checkout of the kit.")
    targets = (target, control_directory(target))
    for each in targets:
        if each.exists() and not (each / "run.json").is_file():
            raise ConfigError(f"{each} is no record; give another folder.")
    config = config or example_config()
    with tempfile.TemporaryDirectory() as scratch:
        run = run_experiment(config, progress=progress, runs_dir=scratch)
        shutil.rmtree(run.path / "checkpoints", ignore_errors=True)
        changes = {**control_config(run), "maps": ()}
        alone = run_experiment(ExperimentConfig.of(changes), progress=progress, runs_dir=scratch)
        made = (run, _scores_and_answers(alone, Path(scratch) / "control"))
        size = sum(f.stat().st_size for r in made for f in r.path.rglob("*") if f.is_file())
        if size > LARGEST:
            raise ConfigError(
                f"The example has {size} bytes; keep it under {LARGEST}: fewer samples."
            )
        for record, place in zip(made, targets, strict=True):
            _replace(record, place)
    return open_record(target).path


def _scores_and_answers(record: RunRecord, runs: Path) -> RunRecord:
    """A record of the same run without embeddings, batches, pictures and weights."""
    with Recorder(
        record.name, runs_dir=runs, run_id=record.run_id, corpus=record.corpus,
        method=record.method, seed=record.seed, simulated=record.simulated, task=record.task,
        config=record.config, facts=record.facts,
    ) as recorder:  # fmt: skip
        for row in record.metrics.itertuples(index=False):
            recorder.log_metrics(row.stage, row.epoch, row.split, {row.name: row.value})
        recorder.log_predictions(record.predictions)
        recorder.finish(record.best_epoch)
    return open_record(recorder.path)


def _replace(record: RunRecord, target: Path) -> None:
    """Put a copy of a record into a folder, which may hold an older one."""
    beside = target.with_name(f".{target.name}.{record.run_id}")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(record.path, beside)
            shutil.rmtree(target, ignore_errors=True)
            rename_folder(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
