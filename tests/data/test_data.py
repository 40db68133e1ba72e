import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from pkdot.data import DigitsSettings, Split, load_corpus
from pkdot.data.batches import Batches
from pkdot.errors import ConfigError, DataError


def test_the_coarse_view_is_block_means_plus_noise() -> None:
    images = load_digits().images / 16
    clean = load_corpus(DigitsSettings(noise=0.0), 0).modalities["coarse"]
    by_hand = images[5, 2:4, 4:6].mean()
    assert clean[5].reshape(4, 4)[1, 2] == pytest.approx(by_hand)
    noisy = load_corpus(DigitsSettings(noise=0.2), 0).modalities["coarse"]
    assert (noisy - clean).std() == pytest.approx(0.2, rel=0.02)
    assert (noisy - clean).mean() == pytest.approx(0, abs=0.005)


def test_parts_have_their_sizes_and_do_not_meet() -> None:
    corpus = load_corpus(DigitsSettings(n_labelled=100, n_unlabelled=900, n_validation=60), 3)
    split = corpus.split
    sizes = [len(p) for p in (split.labelled, split.unlabelled, split.validation, split.test)]
    assert sizes == [100, 900, 60, 1797 - 1060]
    every = np.concatenate([split.train, split.validation, split.test])
    assert sorted(every) == list(range(1797))
    assert np.bincount(corpus.targets[split.labelled]).tolist() == [10] * 10


def test_a_seed_gives_one_corpus_and_another_seed_another() -> None:
    one, same, other = (load_corpus(DigitsSettings(), seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert np.array_equal(one.modalities["coarse"], same.modalities["coarse"])
    assert not np.array_equal(one.split.labelled, other.split.labelled)


def test_wrong_labels_reach_training_and_never_the_truth() -> None:
    corpus = load_corpus(DigitsSettings(label_noise=0.3), 0)
    assert np.array_equal(corpus.targets, load_digits().target)
    assert (corpus.given_targets != corpus.targets).mean() == pytest.approx(0.3, abs=0.03)
    assert np.array_equal(load_corpus(DigitsSettings(), 0).given_targets, corpus.targets)


def test_refuses_more_images_than_there_are() -> None:
    with pytest.raises(DataError, match="1797 digits"):
        load_corpus(DigitsSettings(n_labelled=400, n_unlabelled=1400), 0)
    with pytest.raises(ConfigError, match="label_noise"):
        DigitsSettings(label_noise=1.5)


def test_a_corpus_refuses_labels_out_of_range() -> None:
    corpus = load_corpus(DigitsSettings(), 0)
    with pytest.raises(DataError, match="from 0 to 9"):
        dataclasses.replace(corpus, targets=corpus.targets + 1)


def indices(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_a_split_refuses_overlap_emptiness_and_shared_subjects() -> None:
    good = Split(indices(0, 1), indices(2), indices(3), indices(4, 5))
    good.check(6)
    with pytest.raises(DataError, match="disjoint"):
        dataclasses.replace(good, test=indices(1, 5)).check(6)
    with pytest.raises(DataError, match="test part of the split is empty"):
        dataclasses.replace(good, test=indices()).check(6)
    with pytest.raises(DataError, match=r"outside 0\.\.4"):
        good.check(5)
    subjects = np.array(["a", "a", "b", "c", "d", "b"])
    with pytest.raises(DataError, match="'b' stands in training and test both"):
        good.check(6, subjects)


def test_every_batch_holds_labelled_and_unlabelled_samples_once() -> None:
    batches = Batches(np.arange(10), np.arange(10, 60), 16, 0.25, seed=0)
    seen = []
    for batch in batches:
        assert len(batch) == len(set(batch)) == 16
        assert (batch[:4] < 10).all()
        assert (batch[4:] >= 10).all()
        seen += list(batch[4:])
    assert len(batches) == 50 // 12
    assert len(seen) == len(set(seen)), "an epoch repeats no sample of the larger stream"


@given(st.integers(0, 30), st.integers(1, 30), st.booleans(), st.integers(0, 20))
def test_batches_go_on_from_a_state(drawn: int, more: int, balanced: bool, unlabelled: int) -> None:
    classes = np.arange(11) % 3 if balanced else None

    def batches() -> Batches:
        others = np.arange(11, 11 + unlabelled)
        return Batches(np.arange(11), others, 8, 0.5, seed=1, classes=classes)

    one, two = batches(), batches()
    for _ in range(drawn):
        one.draw()
    two.draw()
    two.set_state(json.loads(json.dumps(one.get_state())))
    for _ in range(more):
        assert one.draw().tolist() == two.draw().tolist()
    assert one.get_state() == two.get_state()


def test_batches_shrink_to_few_samples_and_follow_their_seed() -> None:
    assert [len(b) for b in Batches(np.arange(7), np.arange(0), 32, 0.5, seed=0)] == [7]
    orders = [
        np.concatenate(list(Batches(np.arange(40), np.arange(0), 8, 0.5, seed))).tolist()
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert len(list(Batches(np.arange(7), np.arange(0), 32, 0.5, seed=0, least=4))) == 4
    few = next(iter(Batches(np.arange(4), np.arange(4, 9), 32, 0.5, seed=0)))
    assert sorted(few) == list(range(9))
