"""What a privileged modality adds, on problems whose answer is known."""

from collections.abc import Callable

import numpy as np
import pytest

from pkdot.analysis.added_information import (
    PlainRows,
    Probe,
    plain_score,
    probe_information,
)
from pkdot.errors import InputError
from pkdot.tasks import Classification, Multilabel, Regression

N = 160
TASK = Classification(classes=("calm", "pain"))
Show = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def seen(noise: float) -> Show:
    """The class with noise, two numbers a sample."""
    return lambda side, rng: side[:, None] + noise * rng.standard_normal((len(side), 2))


def rows(show: Show, labels: np.ndarray, seed: int, of: np.ndarray | None = None) -> PlainRows:
    targets = labels if of is None else of
    inputs = show(2.0 * labels - 1, np.random.default_rng(seed))
    return PlainRows(inputs, targets, np.array([f"s{i // 4}" for i in range(len(labels))]))


def probe(prevalent: Show, privileged: Show) -> Probe:
    labels = [np.random.default_rng(seed).integers(0, 2, N) for seed in (0, 1)]
    fit, held = (
        (rows(prevalent, own, 2 + i), rows(privileged, own, 4 + i)) for i, own in enumerate(labels)
    )
    return probe_information(TASK, fit, held)


def test_noise_adds_nothing() -> None:
    found = probe(seen(1.5), lambda side, rng: rng.standard_normal((len(side), 2)))
    assert found.prevalent > 0.7
    assert found.privileged == pytest.approx(0.5, abs=0.1)
    assert found.adds == pytest.approx(0, abs=0.05)


def test_independent_evidence_adds_to_either_side() -> None:
    found = probe(seen(1.8), seen(1.8))
    assert found.adds > 0.03
    assert found.complements > 0.03


def test_a_modality_that_tells_all_adds_all_that_lacks_and_complements_nothing() -> None:
    found = probe(seen(1.8), lambda side, rng: np.stack([side, side], axis=1))
    assert found.both == found.privileged == 1
    assert found.adds == pytest.approx(1 - found.prevalent)
    assert found.complements == 0


def test_two_halves_of_an_answer_are_worth_nothing_alone() -> None:
    """Exclusive or: each side is at chance, both together are sure."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (2, N, 2))
    fit, held = (
        tuple(
            PlainRows(2.0 * own[:, [side]] - 1, own[:, 0] ^ own[:, 1], np.arange(N).astype(str))
            for side in (0, 1)
        )
        for own in bits
    )
    found = probe_information(TASK, (fit[0], fit[1]), (held[0], held[1]))
    assert found.prevalent == pytest.approx(0.5, abs=0.12)
    assert found.both == 1


@pytest.mark.slow
def test_the_choice_of_a_model_does_not_flatter_its_score() -> None:
    """Of 40 models on 24 samples with random answers the best would be right on 65 % and more."""
    scores = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        fit, held = (
            PlainRows(rng.standard_normal((n, 3)), rng.integers(0, 2, n), np.arange(n).astype(str))
            for n in (40, 24)
        )
        scores.append(plain_score(TASK, fit, held))
    assert np.mean(scores) == pytest.approx(0.5, abs=0.06)


@pytest.mark.slow
def test_more_labels_are_worth_what_they_bring() -> None:
    labels = np.random.default_rng(0).integers(0, 2, N)
    show = seen(2.5)
    few = PlainRows(*(values[:8] for values in vars(rows(show, labels, 1)).values()))
    held = rows(show, labels[::-1].copy(), 2)
    found = probe_information(TASK, (few, few), (held, held), rows(show, labels, 1))
    assert found.room == found.all_labels - found.prevalent
    assert found.all_labels == plain_score(TASK, rows(show, labels, 1), held)
    assert np.isnan(probe_information(TASK, (few, few), (held, held)).room)


def test_missing_targets_are_left_out() -> None:
    labels = np.random.default_rng(0).integers(0, 2, N)
    whole, held = rows(seen(1.0), labels, 1), rows(seen(1.0), labels, 2)
    hidden = labels.copy()
    hidden[N // 2 :] = -1
    half = PlainRows(*(values[: N // 2] for values in vars(whole).values()))
    assert plain_score(TASK, PlainRows(whole.inputs, hidden, whole.groups), held) == plain_score(
        TASK, half, held
    )


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_other_tasks_have_their_own_score(task: str) -> None:
    labels = np.random.default_rng(0).integers(0, 2, N)
    values = labels[:, None] + 0.1 * np.random.default_rng(1).standard_normal((N, 1))
    of = values if task == "regression" else np.stack([labels, 1 - labels], 1)
    learnt = (
        Regression(targets=("pain",)) if task == "regression" else Multilabel(labels=("a", "b"))
    )
    learnt = learnt.fitted(of)
    sharp, dull = (
        plain_score(learnt, rows(seen(noise), labels, 1, of), rows(seen(noise), labels, 2, of))
        for noise in (0.1, 3.0)
    )
    assert 0 < dull < sharp - 0.1
    assert sharp > 0.9


def test_what_cannot_be_probed_is_refused() -> None:
    labels = np.arange(N) % 2
    good = rows(seen(1.0), labels, 0)
    alike = PlainRows(good.inputs, np.zeros(N, int), good.groups)
    with pytest.raises(InputError, match="two different targets"):
        plain_score(TASK, alike, good)
    lonely = PlainRows(good.inputs, good.targets, np.full(N, "s0"))
    with pytest.raises(InputError, match="two or more are needed"):
        plain_score(TASK, good, lonely)
    short = PlainRows(good.inputs[:9], good.targets[:9], good.groups[:9])
    with pytest.raises(InputError, match="same samples"):
        probe_information(TASK, (good, short), (good, good))
