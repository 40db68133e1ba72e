"""The student of a record as a module: the same answers, and sentences where there are none."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import pkdot
from pkdot.data import Corpus, load_corpus
from pkdot.errors import ConfigError, DataError, InputError, RecordError
from pkdot.networks.video import R3D18
from tests.experiments.student.conftest import told
from tests.support.example_records import write_record
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus


def of_test(corpus: Corpus) -> dict[str, Any]:
    return {name: corpus.batch(name, corpus.split.test) for name in corpus.prevalent}


def test_its_answers_are_those_of_the_record(digits_run: pkdot.RunRecord) -> None:
    student = pkdot.load_student(digits_run.path)
    corpus = load_corpus(small_config().data, 0)
    answer = student(of_test(corpus))
    np.testing.assert_allclose(answer.outputs, told(digits_run), atol=1e-6)
    assert student.prevalent == ("coarse",)
    assert student.task == digits_run.task
    assert not student.training
    rows = digits_run.probe["sample_id"].tolist()
    where = {name: i for i, name in enumerate(corpus.ids)}
    probe = student({"coarse": corpus.modalities["coarse"][[where[name] for name in rows]]})
    logged = digits_run.embeddings(digits_run.best_epoch or 0).student
    np.testing.assert_allclose(probe.embedding, logged, atol=1e-6)


def test_preprocessing_and_groups_come_along(
    signal_run: pkdot.RunRecord, signal_corpus: Corpus
) -> None:
    student = pkdot.load_student(signal_run)
    assert student.needs_groups
    groups = signal_corpus.groups[signal_corpus.split.test].tolist()
    answer = student(of_test(signal_corpus), groups)
    np.testing.assert_allclose(answer.outputs, told(signal_run), atol=1e-5)
    one = student(of_test(signal_corpus))
    assert not np.allclose(one.outputs, answer.outputs, atol=1e-3), "three people are not one"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sound", "picture", "clip", "signal"])
@pytest.mark.parametrize("fusion", ["concat", "gated_transformer"])
def test_every_kind_of_sample_and_fusion_comes_back(kind: str, fusion: str, tmp_path: Path) -> None:
    shape = {"sound": (1, 800), "picture": (3, 16, 16), "clip": (3, 4, 16, 16), "signal": (1, 64)}
    shapes = {"view": shape[kind], "other": (3, 16, 16)}
    corpus = small_corpus("ordinal", shapes, ("view",), kinds={"view": kind, "other": "picture"})
    config = small_config(backbones__epochs=1, training__epochs=1, keep_features=False)
    changes = {"network.fusion": fusion, "backbones.sound_rate": 1000.0}
    record = pkdot.run_experiment(
        config.changed(changes), corpus, progress=False, runs_dir=tmp_path
    )
    student = pkdot.load_student(record)
    groups = corpus.groups[corpus.split.test].tolist()
    np.testing.assert_allclose(student(of_test(corpus), groups).outputs, told(record), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("fine_tune", [False, True])
def test_public_weights_are_found_again_or_kept(fine_tune: bool, tmp_path: Path) -> None:
    """Frozen ones stay in their file, which must be the same; fine-tuned ones are in the record."""
    torch.manual_seed(0)
    file = tmp_path / "r3d.pth"
    torch.save(R3D18(4).state_dict(), file)
    corpus = small_corpus("ordinal", {"clip": (3, 2, 8, 8), "eda": (4,)}, ("clip",))
    changes = {
        "backbones.video": "r3d18",
        "backbones.video_weights": str(file),
        "backbones.fine_tune": fine_tune,
        "training.min_batches": 1,
        "backbones.normalisation": "none",
    }
    config = small_config(backbones__epochs=1, training__epochs=1, keep_features=False)
    config = config.changed(changes)
    record = pkdot.run_experiment(config, corpus, progress=False, runs_dir=tmp_path / "runs")
    if fine_tune:
        file.unlink()
    answer = pkdot.load_student(record)(of_test(corpus))
    np.testing.assert_allclose(answer.outputs, told(record), atol=1e-5)
    if fine_tune:
        return
    torch.save(R3D18(4).state_dict(), file)
    with pytest.raises(RecordError, match="are not those that it was trained on"):
        pkdot.load_student(record)
    file.unlink()
    with pytest.raises(DataError, match="no weights at"):
        pkdot.load_student(record)


def test_windows_of_frames_come_back(tmp_path: Path) -> None:
    corpus = windows_corpus()
    record = pkdot.run_experiment(
        small_config(training__epochs=1), corpus, progress=False, runs_dir=tmp_path
    )
    outputs = pkdot.load_student(record)(of_test(corpus)).outputs.numpy()
    frames = corpus.frame_names(corpus.split.test)
    table = record.predictions.query("split == 'test'").set_index("sample_id")
    for name in np.unique(frames)[::7]:
        mean = outputs[frames == name].mean(0)
        np.testing.assert_allclose(
            mean, table.loc[name, ["student_0", "student_1"]].astype(float), atol=1e-5
        )


class Own(nn.Module):
    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.layer = nn.Linear(5, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_a_module_of_ones_own_is_given_again(tmp_path: Path) -> None:
    corpus = small_corpus()
    config = small_config(training__epochs=1)
    record = pkdot.run_experiment(config, corpus, student=Own(), progress=False, runs_dir=tmp_path)
    with pytest.raises(ConfigError, match=r"test_loaded\.Own of your own.*network="):
        pkdot.load_student(record)
    answer = pkdot.load_student(record, Own())(of_test(corpus))
    np.testing.assert_allclose(answer.outputs, told(record), atol=1e-6)
    with pytest.raises(RecordError, match="do not fit"):
        pkdot.load_student(record, Own(7))


def test_wrong_samples_are_refused_in_a_sentence(digits_run: pkdot.RunRecord) -> None:
    student = pkdot.load_student(digits_run)
    with pytest.raises(ConfigError, match="kit's own"):
        pkdot.load_student(digits_run, Own())
    with pytest.raises(InputError, match="'coarse' is absent; given are full"):
        student({"full": np.zeros((2, 64))})
    with pytest.raises(InputError, match=r"shape \(2, 8\).*vector as \(B, 16\)"):
        student({"coarse": np.zeros((2, 8))})
    with pytest.raises(InputError, match="NaN"):
        student({"coarse": np.full((2, 16), np.nan)})
    with pytest.raises(InputError, match="3 groups for 2 samples"):
        student({"coarse": np.zeros((2, 16))}, ["a", "b", "c"])


def test_records_without_a_student_say_so(digits_run: pkdot.RunRecord, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="does not say how its student reads"):
        pkdot.load_student(write_record(tmp_path, run_id="loop").path)
    unfinished = write_record(tmp_path, run_id="open", finish=False)
    with pytest.raises(RecordError, match="no trained student"):
        pkdot.load_student(unfinished.path)
    copy = Path(shutil.copytree(digits_run.path, tmp_path / "copy"))
    weights = copy / "checkpoints" / "student.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    with pytest.raises(RecordError, match="weights 'student' cannot be read"):
        pkdot.load_student(copy)
    weights.unlink()
    with pytest.raises(RecordError, match="no weights 'student'"):
        pkdot.load_student(copy)
    manifest = json.loads((copy / "run.json").read_text())
    manifest["facts"]["student"]["form"] = "soup"
    (copy / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RecordError, match=r"damaged.*'form'"):
        pkdot.load_student(copy)


@pytest.mark.parametrize("kind", ["classification", "ordinal", "regression", "multilabel"])
def test_a_card_says_what_matters(kind: str, tmp_path: Path) -> None:
    config = small_config(training__epochs=1)
    record = pkdot.run_experiment(config, small_corpus(kind), progress=False, runs_dir=tmp_path)
    card = pkdot.load_student(record).card
    for words in (
        "simulated: yes",
        "Privileged, in training only: eda",
        "Licence of the data: none is needed, as a simulator made them",
        "Not for clinical use",
        "bootstrap over 3 groups",
        record.task.primary.text(record.scores[f"student {record.task.primary.name}"]),
    ):
        assert words in card
