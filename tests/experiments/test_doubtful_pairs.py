"""Wrong pairs of a corpus are found, said, and left out; right ones stay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pkdot import run_experiment
from pkdot.data import Corpus, load_corpus
from pkdot.experiments.config import ExperimentConfig
from pkdot.experiments.doubtful_pairs import FACT, pair_doubt, without_doubtful_pairs
from pkdot.experiments.experiment import drain, encode_corpus, make_fabric
from tests.support.small_config import small_config
from tests.support.small_corpora import windows_corpus
from tests.support.wrong_pairs import with_wrong_pairs

CONFIG = ExperimentConfig(data={"name": "breast_cancer", "label_fraction": 0.3})


@pytest.fixture(scope="module")
def right() -> Corpus:
    return load_corpus(CONFIG.data, 0, progress=False)


def test_right_pairs_stay_and_the_estimate_is_kept(right: Corpus) -> None:
    doubt = pair_doubt(right)
    assert doubt is not None
    assert not doubt.likely
    kept = without_doubtful_pairs(right)
    assert kept.split is right.split
    fact = kept.facts[FACT]
    assert fact["share"] > 0.95
    assert fact["interval"][0] <= fact["share"] <= fact["interval"][1] == 1.0
    assert {"note", "left out"}.isdisjoint(fact)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_wrong_pairs_are_left_out(right: Corpus, share: float) -> None:
    corpus, wrong = with_wrong_pairs(right, share)
    found = without_doubtful_pairs(corpus)
    assert 1 - found.facts[FACT]["share"] == pytest.approx(share, abs=0.07)
    before, after = corpus.split.unlabelled, found.split.unlabelled
    assert wrong[after].mean() < 0.3 * wrong[before].mean()
    assert (~wrong[after]).sum() > 0.9 * (~wrong[before]).sum(), "right ones stay"
    assert found.facts[FACT]["left out"] == len(before) - len(after)
    for part in ("labelled", "validation", "test"):
        assert np.array_equal(getattr(found.split, part), getattr(corpus.split, part))


def test_no_target_is_read(right: Corpus) -> None:
    corpus, _ = with_wrong_pairs(right, 0.5)
    hidden = replace(corpus, targets=1 - corpus.targets, given_targets=1 - corpus.given_targets)
    kept = [without_doubtful_pairs(c).split.unlabelled for c in (corpus, hidden)]
    assert np.array_equal(*kept)


def test_where_there_is_nothing_to_tell(right: Corpus) -> None:
    split = right.split
    none_doubtful = replace(split, unlabelled=split.unlabelled[:5])
    absent = np.ones(len(right), dtype=bool)
    absent[split.unlabelled] = False
    spoiled, _ = with_wrong_pairs(right, 0.5)
    apart = replace(split, unlabelled=split.unlabelled[5:], teacher_only=split.unlabelled[:5])
    unpaired = replace(spoiled, split=apart)
    assert without_doubtful_pairs(unpaired) is unpaired, "its doubtful pairs are read apart anyway"
    for corpus in (
        replace(right, privileged=()),
        replace(right, split=none_doubtful),
        replace(right, present={"worst": absent}),
        replace(right, kinds={**right.kinds, "means": "signal"}),
    ):
        assert pair_doubt(corpus) is None
        assert without_doubtful_pairs(corpus) is corpus


def test_windows_and_tokens_are_read_by_their_means(right: Corpus) -> None:
    found = pair_doubt(right)
    assert found is not None
    around = np.array([[1.0], [-1.0]], dtype=np.float32)  # tokens whose mean is the vector
    views = {n: np.asarray(x)[:, None] + around for n, x in right.modalities.items()}
    tokens = replace(right, modalities=views, kinds=dict.fromkeys(views, "tokens"))
    again = pair_doubt(tokens)
    assert again is not None
    assert again.found.share == pytest.approx(found.found.share, abs=1e-3)
    assert pair_doubt(windows_corpus()) is None, "windows of a few videos"


@pytest.mark.parametrize("what", ["leave_out", "keep"])
def test_every_stage_sees_the_pairs_that_are_kept(right: Corpus, what: str) -> None:
    corpus, _ = with_wrong_pairs(right, 0.5)
    config = CONFIG.changed({"training.doubtful_pairs": what}).for_corpus(corpus)
    stage = drain(encode_corpus(config, corpus, make_fabric(config)))
    fact = stage.corpus.facts[FACT]
    sizes = [len(c.split.unlabelled) for c in (corpus, stage.corpus)]
    if what == "keep":
        assert sizes[0] == sizes[1]
        assert "training.doubtful_pairs=leave_out" in fact["note"]
    else:
        assert sizes[0] - sizes[1] == fact["left out"] > 50
        assert "check how the recordings were paired" in fact["note"]


@pytest.mark.slow
def test_a_run_says_what_it_found(tmp_path: Path, right: Corpus, capfd) -> None:
    corpus, _ = with_wrong_pairs(right, 0.5)
    config = small_config(data__name="breast_cancer", training__epochs=1)
    record = run_experiment(config, corpus, runs_dir=tmp_path)
    fact = record.facts[FACT]
    assert 0.4 < fact["share"] < 0.6
    assert fact["note"] in capfd.readouterr().err
    assert record.facts["data"]["unlabelled"] == len(corpus.split.unlabelled)


def test_the_default_is_no_part_of_a_hash() -> None:
    keep = CONFIG.changed({"training.doubtful_pairs": "keep"})
    assert keep.hash != CONFIG.hash
    assert "doubtful_pairs" not in CONFIG.on_record()["training"]
    assert keep.changed({"training.doubtful_pairs": "leave_out"}).hash == CONFIG.hash
