"""Recorder in anyone's loop: values and labels, with gaps, come back as they went in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import pkdot
from pkdot.errors import InputError
from pkdot.record import targets_of
from pkdot.record.listing import summarise
from pkdot.record.target_columns import target_columns
from pkdot.tasks import KINDS, Regression
from tests.tasks.examples import N, problem

IDS = [f"s{i}" for i in range(N)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_records_its_task(tmp_path: Path, kind: str) -> None:
    found = problem(kind)
    outputs, targets = torch.as_tensor(found.outputs), torch.as_tensor(found.targets)
    z = torch.randn(N, 4, generator=torch.Generator().manual_seed(0))
    probe = pkdot.Probe(IDS, None, targets)
    with pkdot.Recorder("a loop", runs_dir=tmp_path, task=found.task, probe=probe) as recorder:
        scores = found.task.scores(outputs, targets)
        for who in ("teacher", "student"):
            recorder.log_metrics(who, 0, "test", scores)
        batch = pkdot.record.Batch(IDS[:9], targets[:9], z[:9], z[:9])
        recorder.log_embeddings(0, teacher=z, student=z[:, :2], batch=batch)
        columns = {"sample_id": IDS, "subject": "", "split": "test"}
        recorded = found.task.recorded(outputs)
        answers = {f"student_{j}": column for j, column in enumerate(recorded.T)}
        table = pd.DataFrame({**columns, **target_columns(found.targets), **answers})
        recorder.log_predictions(table)
    record = pkdot.open_record(recorder.path)
    assert record.task == found.task
    np.testing.assert_array_equal(targets_of(record.probe), found.targets)
    np.testing.assert_array_equal(targets_of(record.predictions), found.targets)
    np.testing.assert_allclose(record.batch(0).targets, found.targets[:9], rtol=1e-6)
    assert summarise(record.path).primary("student") == pytest.approx(
        scores[found.task.primary.name]
    )


def test_targets_of_another_task_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    task = Regression(targets=("valence", "arousal"))
    with pytest.raises(InputError, match="valence, arousal must have shape"):
        pkdot.Recorder(
            "a loop", runs_dir=tmp_path / "runs", task=task,
            probe=pkdot.Probe(IDS, None, np.zeros((N, 3))),
        )  # fmt: skip
    assert not (tmp_path / "runs").exists()
