"""The tables that scikit-learn bundles, and what holds of a digit, as corpora."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import pkdot
from pkdot.data import CorpusSettings, load_corpus
from pkdot.data.bundled_tables import BreastCancerSettings, DiabetesSettings
from pkdot.data.digits import ATTRIBUTES, DigitsSettings
from tests.support.small_config import small_config


def test_every_column_stands_on_its_side() -> None:
    diabetes = load_corpus(DiabetesSettings(), 0)
    table = load_diabetes(scaled=False)
    parts = [diabetes.modalities[name] for name in ("vitals", "blood")]
    np.testing.assert_allclose(np.hstack(parts), table.data, rtol=1e-6)
    np.testing.assert_array_equal(diabetes.targets[:, 0], table.target)
    cancer = load_corpus(BreastCancerSettings(), 0)
    table = load_breast_cancer()
    for prefix, name in (("mean", "means"), ("error", "errors"), ("worst", "worst")):
        columns = [i for i, text in enumerate(table.feature_names) if prefix in text.split()]
        np.testing.assert_allclose(cancer.modalities[name], table.data[:, columns], rtol=1e-6)
    assert cancer.task.class_names == ("malignant", "benign")


@pytest.mark.parametrize("settings", [DiabetesSettings(), BreastCancerSettings()])
def test_the_test_set_is_that_of_the_fold_and_not_of_the_seed(settings: CorpusSettings) -> None:
    first, second = load_corpus(settings, 0), load_corpus(settings, 1)
    np.testing.assert_array_equal(first.split.test, second.split.test)
    assert set(first.split.validation) != set(second.split.validation)
    assert first.fingerprint != second.fingerprint


def test_folds_cover_every_patient_once() -> None:
    folds = [
        load_corpus(DiabetesSettings(protocol="kfold", n_folds=4, fold=fold), 0)
        for fold in range(4)
    ]
    tests = np.concatenate([corpus.split.test for corpus in folds])
    assert sorted(tests) == list(range(442))


def test_attributes_hold_of_their_digits() -> None:
    digits = load_corpus(DigitsSettings(), 3)
    attributes = load_corpus(DigitsSettings(target="attributes"), 3)
    np.testing.assert_array_equal(digits.split.labelled, attributes.split.labelled)
    for position, holds in enumerate(ATTRIBUTES.values()):
        of = attributes.targets[:, position] == 1
        assert set(digits.targets[of]) == set(holds)
        assert not set(digits.targets[~of]) & set(holds)


def test_the_fingerprint_of_the_digits_is_what_it_was() -> None:
    assert load_corpus(DigitsSettings(), 0).fingerprint == "e8c12305c2ba9859"


def test_whole_numbers_as_targets_can_be_hidden() -> None:
    corpus = load_corpus(DiabetesSettings(label_fraction=0.3), 0)
    numbers = corpus.targets.astype(int)
    whole = replace(corpus, targets=numbers, given_targets=numbers)
    assert whole.targets.dtype == float
    assert not whole.task.has_target(whole.task.hidden(whole.given_targets)).any()


def test_a_corpus_fits_its_task_to_the_training_targets_alone() -> None:
    corpus = load_corpus(DiabetesSettings(label_fraction=0.5), 0)
    known = corpus.targets[corpus.split.labelled]
    np.testing.assert_allclose(corpus.task.plain_targets(known).mean(), 0, atol=1e-9)
    np.testing.assert_allclose(corpus.task.plain_targets(known).std(), 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "primary", "least"),
    [
        ({"data.name": "diabetes"}, "ccc", 0.2),
        ({"data.name": "breast_cancer"}, "accuracy", 0.85),
        ({"data.target": "attributes"}, "mean_average_precision", 0.6),
    ],
)
def test_each_trains_from_its_settings(
    data: dict[str, str], primary: str, least: float, tmp_path: Path
) -> None:
    config = small_config(training__epochs=30).changed(data)
    record = pkdot.run_experiment(config, runs_dir=tmp_path, progress=False)
    assert record.task.primary.name == primary
    assert record.scores[f"teacher {primary}"] > least
