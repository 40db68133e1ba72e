"""NaN and infinity anywhere: one sentence that names the sample, and nothing learnt from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pkdot.data import Corpus, load_corpus
from pkdot.data.numbers import check_numbers
from pkdot.errors import DataError
from pkdot.experiments.cell_batches import run_cells
from pkdot.experiments.experiment import run_experiment
from pkdot.experiments.sweep import Arm
from tests.support.fault_matrix import fault_row
from tests.support.small_config import small_config


def broken(corpus: Corpus, modality: str, sample: int, wrong: float) -> Corpus:
    """A corpus with one wrong number in what one modality shows of one sample."""
    seen = np.array(corpus.modalities[modality])
    seen[sample].reshape(-1)[-1] = wrong
    return replace(corpus, modalities={**corpus.modalities, modality: seen})


@pytest.mark.parametrize("part", ["labelled", "unlabelled", "validation", "test"])
def test_one_wrong_number_in_one_sample(part: str, tmp_path: Path) -> None:
    config = small_config()
    corpus = load_corpus(config.data, 0)
    sample = int(getattr(corpus.split, part)[0])
    with fault_row("NaN or infinity", f"one number of a sample, {part}") as row:
        for modality in ("coarse", "full"):
            for wrong in (np.nan, np.inf, -np.inf):
                with pytest.raises(DataError) as told:
                    run_experiment(
                        config,
                        broken(corpus, modality, sample, wrong),
                        runs_dir=tmp_path,
                        progress=False,
                    )
                row.count(
                    str(corpus.ids[sample]) in str(told.value) and not list(tmp_path.iterdir())
                )


def test_what_nobody_reads_may_be_anything(tmp_path: Path) -> None:
    """A sample that lacks the modality, or stands in no part of the split."""
    config = small_config(method="none", training__epochs=1)
    corpus = load_corpus(config.data, 0)
    parts = [corpus.split.train, corpus.split.validation, corpus.split.test]
    test = replace(corpus.split, test=corpus.split.test[1:])
    assert sum(map(len, parts)) == len(corpus)
    left_out = broken(corpus, "coarse", int(corpus.split.test[0]), np.nan)
    check_numbers(replace(left_out, split=test))
    lacking = np.ones(len(corpus), dtype=bool)
    lacking[corpus.split.test[0]] = False
    check_numbers(replace(left_out, present={"coarse": lacking}))


@pytest.mark.slow
def test_a_student_that_diverges_spoils_none_that_trains_beside_it(tmp_path: Path) -> None:
    base = small_config(method="kd")
    arms = [Arm(str(w), str(w), {"options.kd.weight": w}) for w in (1.0, 1e38, 2.0)]
    with fault_row("NaN or infinity", "one of several students that train at once") as row:
        done = run_cells([(base, arm) for arm in arms], tmp_path / "all", tolerant=True)
        own, wild, other = (cell or {} for cell in done.cells)
        alone = run_cells([(base, arms[0]), (base, arms[2])], tmp_path / "two").cells
        scores = [own["cross_entropy"], other["cross_entropy"]]
        right = [(cell or {})["cross_entropy"] for cell in alone]
        row.count("became" in wild.get("failed", "") and np.allclose(scores, right, rtol=1e-3))
