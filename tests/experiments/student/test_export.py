"""A student as a file: it answers as the module does, for any number of samples."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pkdot
from pkdot.__main__ import main
from pkdot.data import Corpus, load_corpus
from pkdot.errors import ConfigError, InputError, RecordError
from pkdot.experiments.student import export as exporting
from pkdot.experiments.student.export import export_student
from pkdot.experiments.student.loaded import load_student
from tests.experiments.student.conftest import told
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus

NEEDS_ONNX = pytest.mark.skipif(
    any(find_spec(name) is None for name in exporting.ONNX), reason="pkdot[onnx] is not installed"
)
FORMS = ["torch", pytest.param("onnx", marks=NEEDS_ONNX)]


def answer(path: Path, *samples: np.ndarray) -> list[np.ndarray]:
    """What the file alone says, read without the kit."""
    if path.suffix == ".pt2":
        module = torch.export.load(str(path)).module()
        return [x.detach().numpy() for x in module(*map(torch.as_tensor, samples))]
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    names = [given.name for given in session.get_inputs()]
    return list(session.run(None, dict(zip(names, samples, strict=True))))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_the_digits_by_the_command(
    form: str, digits_run: pkdot.RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"student{exporting.ENDINGS[form]}"
    command = ["export", str(digits_run.path), "--format", form, "--out", str(out), "--quiet"]
    assert main(command) == 0
    assert "over 20 samples" in capsys.readouterr().out
    corpus = load_corpus(small_config().data, 0)
    samples = corpus.modalities["coarse"][corpus.split.test]
    np.testing.assert_allclose(answer(out, samples)[0], told(digits_run), atol=1e-5)
    np.testing.assert_allclose(answer(out, samples[:1])[0], told(digits_run)[:1], atol=1e-5)
    assert "Not for clinical use" in (tmp_path / "student.card.md").read_text()


CASES: dict[str, Any] = {
    "columns": {"kind": "regression", "kinds": {"face": "columns", "eda": "columns"}},
    "signal": {
        "kind": "multilabel",
        "shapes": {"face": (5,), "ecg": (2, 64), "eda": (4,)},
        "prevalent": ("face", "ecg"),
        "kinds": {"ecg": "signal"},
    },
    "sound": {
        "kind": "ordinal",
        "shapes": {"voice": (1, 400), "eda": (4,)},
        "prevalent": ("voice",),
        "kinds": {"voice": "sound"},
    },
    "picture tokens": {
        "shapes": {"photo": (3, 16, 16), "chart": (3, 16, 16)},
        "prevalent": ("photo",),
    },
}


def checked(form: Any, corpus: Corpus, changes: dict[str, Any], folder: Path) -> None:
    config = small_config(training__epochs=1, backbones__epochs=1, keep_features=False)
    changes = {"backbones.normalisation": "none", **changes}
    record = pkdot.run_experiment(config.changed(changes), corpus, progress=False, runs_dir=folder)
    student = load_student(record)
    samples = {name: corpus.modalities[name][corpus.split.test] for name in corpus.prevalent}
    done = export_student(student, samples, folder / f"file{exporting.ENDINGS[form]}", form)
    assert done.difference <= 1e-5
    found, z = answer(done.path, *(x[:5] for x in samples.values()))
    expected = student({name: x[:5] for name, x in samples.items()})
    np.testing.assert_allclose(found, expected.outputs, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(z, expected.embedding, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "form"),
    [
        ("columns", "torch"),
        ("signal", "torch"),
        ("picture tokens", "torch"),
        pytest.param("signal", "onnx", marks=NEEDS_ONNX),
        pytest.param("sound", "onnx", marks=NEEDS_ONNX),
    ],
)
def test_every_kind_of_sample(case: str, form: str, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"backbones.sound_rate": 1000.0}
    if "tokens" in case:
        changes["network.fusion"] = "gated_transformer"
    checked(form, small_corpus(**CASES[case]), changes, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_windows_of_any_length(form: str, tmp_path: Path) -> None:
    corpus = windows_corpus()
    checked(form, corpus, {}, tmp_path)
    longer = np.concatenate([corpus.modalities["face"][:2]] * 2, axis=1)
    assert answer(next(tmp_path.glob("file.[po]*")), longer)[0].shape == (2, 12, 2)


def test_what_cannot_be_exported_is_refused(
    signal_run: pkdot.RunRecord,
    digits_run: pkdot.RunRecord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "student.pt2"
    assert main(["export", str(signal_run.path), "--out", str(out)]) == 2
    assert "normalisation=none" in capsys.readouterr().err
    run = str(digits_run.path)
    assert main(["export", run, "--out", str(tmp_path), "--quiet"]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["export", run, "--out", str(tmp_path / "a.onnx"), "--quiet"]) == 2
    assert "ends as the format onnx does, not torch" in capsys.readouterr().err
    student = load_student(digits_run)
    with pytest.raises(InputError, match="two samples or more"):
        export_student(student, {"coarse": np.zeros((1, 16))}, out)
    with pytest.raises(ConfigError, match="no format 'tflite'"):
        export_student(student, {"coarse": np.zeros((2, 16))}, out, "tflite")  # type: ignore[arg-type]
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"onnx and onnxscript and onnxruntime: pip install"):
        export_student(student, {"coarse": np.zeros((2, 16))}, out, "onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_differs_is_not_written(
    digits_run: pkdot.RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = load_student(digits_run)
    out = tmp_path / "student.pt2"
    out.write_text("before")

    def shifted(path: Path) -> Any:
        return lambda x: tuple(np.asarray(y) + 1e-3 for y in exporting._Positional(student)(x))

    monkeypatch.setattr(exporting, "_write_torch", lambda network, given: b"program")
    monkeypatch.setattr(exporting, "_read_torch", shifted)
    with pytest.raises(RecordError, match=r"differs from the module by 0\.001"):
        export_student(student, {"coarse": np.zeros((4, 16))}, out)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_data_in_memory_need_recordings_to_check_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small_config(training__epochs=1)
    record = pkdot.run_experiment(config, small_corpus(), progress=False, runs_dir=tmp_path)
    assert main(["export", str(record.path), "--quiet"]) == 2
    assert "given in memory" in capsys.readouterr().err
