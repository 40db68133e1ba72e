"""Wrong and missing pairs: as many as asked for, and nothing else is touched."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pkdot.data import Corpus, DigitsSettings, PairingSettings, apply_pairing, load_corpus
from pkdot.data.batches import Batches
from pkdot.data.corpus import Split
from pkdot.errors import ConfigError, DataError
from tests.support.small_corpora import PARTS, N, small_corpus, windows_corpus
from tests.support.unpaired import unpaired_corpus

EVERYBODY = np.arange(N)


def paired(corpus: Corpus | None = None, seed: int = 0, **settings: Any) -> Corpus:
    return apply_pairing(corpus or small_corpus(), PairingSettings(**settings), seed)


def classes_corpus(counts: dict[str, int]) -> Corpus:
    """Parts of the split with so many samples of each of three classes."""
    corpus = small_corpus()
    parts, targets, at = {}, np.full(N, 0), 0
    for part, count in counts.items():
        parts[part] = np.arange(at, at + 3 * count)
        targets[parts[part]] = np.arange(3 * count) % 3
        at += 3 * count
    split = Split(**parts)
    task = corpus.task.model_copy(update={"classes": ("a", "b", "c")})
    return replace(corpus, targets=targets, given_targets=targets, split=split, task=task)


def test_default_settings_give_the_very_corpus_back() -> None:
    corpus = small_corpus()
    assert paired(corpus) is corpus
    assert paired(corpus, teacher_share=0.3, teacher_tail=2.0) is corpus, "nothing is unpaired"


def test_wrong_pairs_exchange_privileged_recordings_of_samples_without_label() -> None:
    before, after = small_corpus(), paired(wrong=0.5)
    face, eda = (after.batch(name, EVERYBODY) for name in ("face", "eda"))
    assert (face == before.batch("face", EVERYBODY)).all()
    moved = np.flatnonzero((eda != before.batch("eda", EVERYBODY)).any(1))
    assert set(moved) <= set(PARTS.unlabelled)
    assert len(moved) == 15
    rows = before.batch("eda", EVERYBODY)[PARTS.unlabelled]
    assert (eda[PARTS.unlabelled].sort(0).values == rows.sort(0).values).all(), "none is lost"
    assert after.split is not before.split
    assert all(
        (getattr(after.split, part) == getattr(PARTS, part)).all()
        for part in ("labelled", "unlabelled", "validation", "test")
    )
    assert (after.targets == before.targets).all()
    assert after.facts["pairing"]["wrong_pairs"] == 15
    everyone = paired(wrong=1.0).batch("eda", EVERYBODY)
    kept = (everyone == before.batch("eda", EVERYBODY)).all(1)
    assert not kept[PARTS.unlabelled].any(), "nobody keeps his own"


def test_wrong_pairs_are_read_on_demand() -> None:
    read = []

    class Noted:
        def __len__(self) -> int:
            return N

        def __getitem__(self, index: Any) -> Any:
            read.append(np.asarray(index))
            return np.zeros((len(read[-1]), 4), dtype=np.float32)

    corpus = small_corpus()
    whole = replace(corpus, modalities={**corpus.modalities, "eda": Noted()})
    after = paired(whole, wrong=1.0)
    assert not read
    after.batch("eda", PARTS.unlabelled[:3])
    assert [len(index) for index in read] == [3]
    assert not set(read[0]) & set(PARTS.unlabelled[:1])


def test_caches_meet_no_other_samples_under_one_name() -> None:
    before, half, other = small_corpus(), paired(wrong=0.5), paired(wrong=0.5, seed=1)
    assert len({c.fingerprint for c in (before, half, other, unpaired_corpus())}) == 4
    assert len({c.source("eda") for c in (before, half, other)}) == 3
    assert half.source("face") == before.source("face") == unpaired_corpus().source("face")
    assert unpaired_corpus().source("eda") == before.source("eda"), "samples as they were served"
    assert paired(wrong=0.5).fingerprint == half.fingerprint


def test_unpaired_recordings_belong_to_one_side_each() -> None:
    corpus = unpaired_corpus(teacher_share=0.4)
    split = corpus.split
    assert (len(split.unlabelled), len(split.teacher_only)) == (18, 12)
    assert set(split.unlabelled) | set(split.teacher_only) == set(PARTS.unlabelled)
    assert set(np.flatnonzero(~corpus.present["eda"])) == set(split.unlabelled)
    assert set(np.flatnonzero(~corpus.present["face"])) == set(split.teacher_only)
    assert corpus.complete[split.labelled].all()
    assert corpus.complete[split.test].all()
    assert not corpus.complete[np.concatenate([split.unlabelled, split.teacher_only])].any()
    some = unpaired_corpus(unpaired=0.5)
    assert some.complete[some.split.unlabelled].sum() == 15, "half of the pairs are doubtful"
    facts = some.facts["pairing"]
    assert [facts[k] for k in ("trusted_pairs", "doubtful_pairs")] == [40, 15]
    assert facts["student_only"] + facts["teacher_only"] == 15


def test_draws_do_not_depend_on_one_another() -> None:
    plain = unpaired_corpus(unpaired=0.5)
    both = unpaired_corpus(unpaired=0.5, wrong=0.5)
    assert (plain.split.teacher_only == both.split.teacher_only).all()
    tailed, other = (unpaired_corpus(tail=2.0, unpaired=u) for u in (0.4, 1.0))
    assert (tailed.split.test == other.split.test).all()
    assert (tailed.split.validation == other.split.validation).all()


def test_a_tail_is_a_geometric_series() -> None:
    corpus = classes_corpus({"labelled": 4, "unlabelled": 16, "validation": 8, "test": 12})
    split = paired(corpus, tail=4.0).split

    def counts(indices: np.ndarray) -> list[int]:
        return np.bincount(corpus.targets[indices], minlength=3).tolist()

    assert sorted(counts(split.unlabelled)) == [4, 8, 16]
    assert sorted(counts(split.validation)) == [2, 4, 8]
    assert sorted(counts(split.test)) == [3, 6, 12]
    assert counts(split.labelled) == [4, 4, 4]
    order = np.argsort(counts(split.unlabelled))
    assert (order == np.argsort(counts(split.test))).all(), "one order of classes throughout"
    turned = paired(corpus, tail=4.0, teacher_tail=0.25, unpaired=1.0).split
    found = counts(turned.teacher_only)
    assert found[order[0]] >= found[order[1]] >= found[order[2]]
    assert found[order[0]] > found[order[2]]
    even = paired(corpus, tail=4.0, teacher_tail=1.0, unpaired=1.0)
    assert len(set(counts(even.split.teacher_only))) == 1
    shares = even.facts["pairing"]["class_shares"]
    assert list(shares["teacher_only"].values()) == [0.3333] * 3
    assert sorted(shares["test"].values()) == [0.1429, 0.2857, 0.5714]


def test_groups_stay_on_their_side() -> None:
    corpus = unpaired_corpus()
    corpus.split.check(N, corpus.groups)
    mixed = corpus.groups.copy()
    mixed[corpus.split.teacher_only[0]] = corpus.groups[corpus.split.test[0]]
    with pytest.raises(DataError, match="training and test both"):
        corpus.split.check(N, mixed)
    with pytest.raises(DataError, match="two parts"):
        replace(PARTS, teacher_only=PARTS.test[:1]).check(N)


@pytest.mark.parametrize(
    ("corpus", "settings", "sentence"),
    [
        (windows_corpus, {"wrong": 0.5}, "windows of frames"),
        (lambda: small_corpus("regression"), {"tail": 2.0}, "the task is 'regression'"),
        (lambda: small_corpus(privileged=()), {"wrong": 0.5}, "no privileged modality"),
        (small_corpus, {"wrong": 0.02}, "takes two to exchange"),
        (small_corpus, {"unpaired": 0.03}, "each side needs one"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    corpus: Any, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        paired(corpus(), **settings)
    assert "\n" not in str(caught.value)


def test_every_trusted_pair_must_be_one() -> None:
    lacking = np.ones(N, dtype=bool)
    lacking[3] = False
    with pytest.raises(DataError, match="1 labelled training samples lack a modality"):
        paired(small_corpus(present={"eda": lacking}), unpaired=1.0)
    paired(small_corpus(present={"eda": lacking}), wrong=1.0)
    with pytest.raises(ConfigError, match="no pair without label is left"):
        PairingSettings(wrong=0.5, unpaired=1.0)


def test_any_corpus_can_be_taken_apart() -> None:
    corpus = load_corpus(DigitsSettings(n_unlabelled=100), 0)
    found = apply_pairing(corpus, PairingSettings(unpaired=0.8, tail=3.0), 0)
    assert found.is_unpaired
    assert found.media.keys() == corpus.media.keys()
    assert found.facts["source"] == corpus.facts["source"]


def unpaired_batches(others: int = 30, seed: int = 3) -> Batches:
    labelled, unlabelled = np.arange(20), np.arange(20, 60)
    return Batches(labelled, unlabelled, 16, 0.25, seed, teacher_only=np.arange(60, 60 + others))


def test_a_batch_holds_trusted_pairs_and_what_each_side_has_alone() -> None:
    batches = unpaired_batches()
    assert (batches.trusted, batches.sizes) == (4, (4, 12, 12))
    for drawn in batches:
        student, teacher = batches.of_student(drawn), batches.of_teacher(drawn)
        assert (student[:4] == teacher[:4]).all()
        assert (student[:4] < 20).all()
        assert ((student[4:] >= 20) & (student[4:] < 60)).all()
        assert (teacher[4:] >= 60).all()
        assert len(set(teacher)) == len(teacher) == 16
    several = np.stack(list(unpaired_batches()))
    assert unpaired_batches().of_teacher(several).shape == (len(several), 16)
    few = unpaired_batches(others=5)
    assert few.sizes == (4, 12, 5)


def test_the_students_batches_do_not_depend_on_the_teachers() -> None:
    batches, alone = unpaired_batches(), unpaired_batches(others=0)
    for drawn, plain in zip(batches, alone, strict=True):
        assert (batches.of_student(drawn) == plain).all()
        assert alone.of_teacher(plain) is plain
    assert alone.trusted is None


def test_unpaired_batches_go_on_where_they_were() -> None:
    batches, again = unpaired_batches(), unpaired_batches(seed=4)
    for _ in range(5):
        batches.draw()
    again.set_state(batches.get_state())
    for _ in range(9):
        assert (again.draw() == batches.draw()).all()
