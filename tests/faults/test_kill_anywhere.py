"""kill −9 at random moments of a training and of a preparation: what is left opens, and the next
run has the right numbers."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.data.biovid.index import read_index
from pkdot.data.biovid.prepare import Prepared, prepare
from pkdot.data.biovid.settings import DEFAULT_OPTIONS, VideoOptions
from pkdot.data.features import kept_features
from pkdot.experiments.experiment import run_experiment
from pkdot.record import RunRecord, list_records, open_record
from tests.support.fault_matrix import fault_row, times
from tests.support.forked import killed_at_random
from tests.support.small_config import small_config

pytestmark = [pytest.mark.slow, pytest.mark.full]
TRIES = times(3, 20)


def train(runs: str) -> None:
    run_experiment(small_config(), runs_dir=runs, progress=False)


def is_beginning(record: RunRecord, whole: RunRecord) -> bool:
    """Whether what a killed run left is what the whole run had at that moment."""
    metrics, known = record.metrics, whole.metrics
    same = metrics.empty or metrics.equals(known.head(len(metrics)))
    epochs = [epoch for epoch in record.epochs if epoch in whole.epochs]
    pairs = ((record.embeddings(epoch), whole.embeddings(epoch)) for epoch in epochs)
    equal = all(
        np.array_equal(a.student, b.student) and np.array_equal(a.teacher, b.teacher)
        for a, b in pairs
    )
    return same and equal and epochs == record.epochs and record.changed_files() == []


def test_a_training_killed_anywhere_leaves_a_record_that_opens(tmp_path: Path) -> None:
    with fault_row("kill −9", "a training, at random moments") as row:
        for number in killed_at_random(TRIES, train, lambda n: (str(tmp_path / str(n)),)):
            if number == 0:
                (whole,) = (open_record(s.path) for s in list_records(tmp_path / "0"))
                continue
            left = list_records(tmp_path / str(number))
            right = len(left) <= 1
            for summary in left:
                record = open_record(summary.path)
                right &= record.status in ("stopped", "finished") and is_beginning(record, whole)
            again = run_experiment(small_config(), runs_dir=tmp_path / str(number), progress=False)
            right &= again.predictions.equals(whole.predictions)
            right &= len(list_records(tmp_path / str(number))) == len(left) + 1
            row.count(right)


VIDEO = VideoOptions(frames=4, size=32)


def prepare_all(root: str, cache: str) -> tuple[Prepared, Prepared]:
    index = read_index(Path(root))
    return (
        prepare(index, "video", VIDEO, cache=Path(cache), progress=False),
        prepare(index, "eda", DEFAULT_OPTIONS["eda"], cache=Path(cache), progress=False),
    )


def test_a_preparation_killed_anywhere_goes_on(biovid_root: Path, tmp_path: Path) -> None:
    root = str(biovid_root)
    with fault_row("kill −9", "BioVid's preparation, at random moments") as row:
        for number in killed_at_random(
            TRIES, prepare_all, lambda n: (root, str(tmp_path / str(n)))
        ):
            found = prepare_all(root, str(tmp_path / str(number)))
            if number == 0:
                whole = found
                continue
            right = True
            for again, known in zip(found, whole, strict=True):
                right &= np.array_equal(again.data, known.data)
                right &= np.array_equal(again.usable, known.usable)
                pd.testing.assert_frame_equal(again.facts, known.facts)
            row.count(right)


def features() -> Iterator[np.ndarray]:
    for number in range(40):
        time.sleep(0.005)
        yield np.random.default_rng(number).normal(size=(50, 64)).astype(np.float32)


def keep(folder: str) -> np.ndarray:
    return kept_features("key", 2000, features, Path(folder))


def test_features_killed_anywhere_are_whole_or_absent(tmp_path: Path) -> None:
    known = np.concatenate(list(features()))
    with fault_row("kill −9", "features written to the cache, at random moments") as row:
        for number in killed_at_random(TRIES, keep, lambda n: (str(tmp_path / str(n)),)):
            file = tmp_path / str(number) / "key.npy"
            whole = not file.exists() or np.array_equal(np.load(file), known)
            row.count(whole and np.array_equal(keep(str(tmp_path / str(number))), known))
