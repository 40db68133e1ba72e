"""Windows through every fusion and temporal part: one step, whole runs, loaded and exported."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import pkdot
from pkdot.errors import ConfigError
from pkdot.experiments.experiment import drain, make_fabric, train_networks, train_teacher_stage
from pkdot.experiments.student.export import export_student
from pkdot.networks.settings import NetworkSettings
from pkdot.training.stages import TeacherStage
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus

OVER_FRAMES = ["concat", "gated_transformer", "joint_cross_attention", "joint_transformer"]
TEMPORAL = ["none", "tcn", "gru"]


def config(fusion: str, temporal: str, **changes: Any) -> pkdot.ExperimentConfig:
    given = {
        "network.fusion": fusion,
        "network.attends_over": "frames",
        "network.temporal": temporal,
        "training.epochs": 1,
        "training.min_batches": 1,
    }
    return small_config().changed({**given, **changes})


@pytest.mark.parametrize("temporal", TEMPORAL)
@pytest.mark.parametrize("fusion", OVER_FRAMES)
def test_every_fusion_and_temporal_part_learns(fusion: str, temporal: str) -> None:
    """Teacher, T-Net and student: a vector a frame from each, and every weight of them moves."""
    chosen, corpus = config(fusion, temporal), windows_corpus()
    fabric, starts = make_fabric(chosen), {}
    seen: dict[str, Any] = {}

    def watch(report: Any) -> None:
        state = {n: p.detach().clone() for n, p in report.network.named_parameters()}
        (starts if report.epoch == 0 else seen)[report.stage] = state

    shared = drain(train_teacher_stage(chosen, corpus, fabric), watch)
    assert isinstance(shared, TeacherStage)
    trained = drain(train_networks(chosen, corpus, fabric, shared), watch)
    for output in (shared.targets.output, trained.output):
        assert output.outputs.shape == (len(corpus), 6, 2)
        assert output.embedding.shape == (len(corpus), 6, 8)
        assert output.features["eda"].shape == (len(corpus), 6, 8)
        assert output.outputs.isfinite().all()
    for stage in ("teacher", "tnet", "student"):
        still = [n for n, value in seen[stage].items() if torch.equal(value, starts[stage][n])]
        assert not still, f"{stage}: {still} did not learn"


@pytest.mark.parametrize("temporal", ["tcn", "gru"])
def test_targets_of_masked_frames_are_never_read(temporal: str) -> None:
    """A frame without target gives no gradient of its own, and serves as its neighbours' past."""
    corpus = windows_corpus()
    masked = corpus.targets.copy()
    masked[:, 2] = np.nan
    chosen = config("joint_cross_attention", temporal)
    torch.manual_seed(0)
    shared = drain(train_teacher_stage(chosen, windows_corpus(targets=masked,
                   given_targets=masked), make_fabric(chosen)))  # fmt: skip
    teacher = shared.teacher.requires_grad_(True)
    samples = {n: torch.as_tensor(corpus.modalities[n][:4]).requires_grad_() for n in corpus.names}
    outputs = teacher(samples).outputs
    outputs.retain_grad()
    corpus.task.loss(outputs, torch.as_tensor(masked[:4]).float()).backward()
    assert not outputs.grad[:, 2].any()
    assert outputs.grad[:, 3].any()
    face = samples["face"].grad
    assert face is not None
    assert face[:, 2].any()


def test_the_places_of_a_frame_are_not_its_window() -> None:
    chosen = config("gated_transformer", "none", **{"network.attends_over": "places"})
    with pytest.raises(ConfigError, match=r"one vector a frame; set network\.attends_over"):
        pkdot.run_experiment(chosen, windows_corpus(), progress=False)
    with pytest.raises(ConfigError, match=r"network\.temporal is 'tcn', and a sample of small"):
        pkdot.run_experiment(config("concat", "tcn"), small_corpus(), progress=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fusion", "temporal"),
    [
        ("concat", "tcn"),
        ("gated_transformer", "gru"),
        ("joint_cross_attention", "none"),
        pytest.param("joint_transformer", "tcn", marks=pytest.mark.full),
    ],
)
def test_a_run_comes_back_as_a_student_and_as_a_file(
    fusion: str, temporal: str, tmp_path: Path
) -> None:
    corpus = windows_corpus()
    run = pkdot.run_experiment(config(fusion, temporal), corpus, progress=False, runs_dir=tmp_path)
    student, test = pkdot.load_student(run), corpus.split.test
    face = corpus.modalities["face"][test]
    outputs, frames = student({"face": face}).outputs.numpy(), corpus.frame_names(test)
    table = run.predictions.query("split == 'test'").set_index("sample_id")
    for name in np.unique(frames)[::7]:
        expected = table.loc[name, ["student_0", "student_1"]].astype(float)
        np.testing.assert_allclose(outputs[frames == name].mean(0), expected, atol=1e-5)
    if temporal == "gru":
        with pytest.raises(ConfigError, match=r"temporal=gru.*any length.*temporal=tcn"):
            export_student(student, {"face": face}, tmp_path / "student.pt2")
        assert not (tmp_path / "student.pt2").exists()
        return
    exported = export_student(student, {"face": face}, tmp_path / "student.pt2")
    assert exported.difference < 1e-5
    longer = np.concatenate([face[:2]] * 2, axis=1)
    program = torch.export.load(tmp_path / "student.pt2").module()
    found = program(torch.as_tensor(longer))[0].numpy()
    np.testing.assert_allclose(found, student({"face": longer}).outputs.numpy(), atol=1e-5)
    if fusion == "concat" and find_spec("onnxruntime"):
        written = export_student(student, {"face": face}, tmp_path / "student.onnx", "onnx")
        assert written.difference < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("temporal", ["tcn", "gru"])
def test_two_runs_are_one(temporal: str, tmp_path: Path) -> None:
    chosen = config("joint_transformer", temporal)
    one, two = (
        pkdot.run_experiment(chosen, windows_corpus(), progress=False, runs_dir=tmp_path / name)
        for name in "ab"
    )
    pd.testing.assert_frame_equal(one.metrics, two.metrics, check_exact=True)


def test_settings_say_what_a_fusion_reads() -> None:
    assert not NetworkSettings(attends_over="frames").reads_frames
    assert NetworkSettings(fusion="gated_transformer").reads_places
    over = NetworkSettings(fusion="gated_transformer", attends_over="frames")
    assert over.reads_frames
    assert not over.reads_places
