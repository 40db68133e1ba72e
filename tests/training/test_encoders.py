"""The encoder stage: who learns, what is frozen, what is kept, and that caching changes nothing."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pkdot import ExperimentConfig, run_experiment
from pkdot.data import load_corpus
from pkdot.data.features import GroupNormalised, with_features
from pkdot.data.marker import MARKER
from pkdot.errors import ConfigError, DataError, InputError
from pkdot.experiments.experiment import (
    drain,
    encode_corpus,
    make_fabric,
    stage_context,
    train_networks,
)
from pkdot.experiments.sweep import Arm, run_sweep, unimodal_arms
from pkdot.networks.augment import augment_clips
from pkdot.networks.backbones import (
    BackboneSettings,
    Unimodal,
    build_backbone,
    weights_hash,
)
from pkdot.networks.tokens import as_tokens, coarse_tokens
from pkdot.networks.video import R3D18, SmallVideoNet
from pkdot.training import encoders
from pkdot.training.encoders import EncoderStage, encoder_stage
from pkdot.training.encoding import EncodedOnDemand, encode
from tests.support import biovid_files as files
from tests.support.clips import clip_corpus
from tests.support.small_config import small_config

pytestmark = pytest.mark.slow

QUICK = BackboneSettings(feature_dim=8, epochs=2, batch_size=16, normalisation="none")


def config(**changes: Any) -> ExperimentConfig:
    base: dict[str, Any] = {
        "backbones": QUICK.model_dump(),
        "network.heads": 2,
        "keep_features": False,
    }
    return small_config().changed({**base, **{k.replace("__", "."): v for k, v in changes.items()}})


def stage(corpus: Any, settings: BackboneSettings = QUICK, **more: Any) -> EncoderStage:
    chosen = config()
    context = stage_context(chosen, corpus, make_fabric(chosen))
    return drain(encoder_stage(context, settings, **more))


@pytest.fixture(scope="module")
def encoded() -> EncoderStage:
    return stage(clip_corpus(), form="tokens")


def test_a_corpus_of_clips_becomes_one_of_features(encoded: EncoderStage) -> None:
    assert encoded.corpus.shape("video") == (2 * 2 * 2, 8)
    assert encoded.corpus.shape("eda") == (4, 8)
    pooled = stage(clip_corpus()).corpus
    assert pooled.shape("video") == pooled.shape("eda") == (8,)
    all_samples = np.arange(len(pooled))
    for name in ("video", "eda"):
        mean = encoded.corpus.batch(name, all_samples).mean(1)
        torch.testing.assert_close(pooled.batch(name, all_samples), mean, rtol=1e-5, atol=1e-6)


def test_backbones_are_left_frozen(encoded: EncoderStage) -> None:
    assert encoded.trained == ("video", "eda")
    for backbone in encoded.backbones.values():
        assert not backbone.training
        assert not any(p.requires_grad for p in backbone.parameters())


def test_backbones_learn_to_tell_classes_apart() -> None:
    settings = QUICK.model_copy(update={"epochs": 12})
    scores = stage(clip_corpus(192), settings).scores
    assert scores["eda"]["test"]["accuracy"] > 0.8
    assert set(scores) == {"video", "eda"}


def test_only_training_labels_are_read(encoded: EncoderStage) -> None:
    corpus = clip_corpus()
    labels = corpus.targets.copy()
    labels[corpus.split.test] = 1 - labels[corpus.split.test]
    other = stage(dataclasses.replace(corpus, targets=labels, given_targets=labels), form="tokens")
    for name in ("video", "eda"):
        assert weights_hash(other.backbones[name]) == weights_hash(encoded.backbones[name])


@pytest.mark.parametrize("fusion", ["concat", "gated_transformer", "joint_cross_attention"])
def test_cached_features_train_like_the_frozen_backbone_in_the_loop(
    encoded: EncoderStage, fusion: str
) -> None:
    raw = clip_corpus()
    chosen = config(network__fusion=fusion)
    form = "pooled" if fusion == "concat" else "tokens"
    cached = {
        name: encode(raw, name, backbone, form) for name, backbone in encoded.backbones.items()
    }
    lazy = {
        name: EncodedOnDemand(raw, name, backbone, form)
        for name, backbone in encoded.backbones.items()
    }
    one, two = (
        drain(train_networks(chosen, with_features(raw, features), make_fabric(chosen)))
        for features in (cached, lazy)
    )
    torch.testing.assert_close(one.output.outputs, two.output.outputs, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(one.output.embedding, two.output.embedding, rtol=1e-3, atol=1e-4)


def test_nothing_frozen_runs_twice(
    encoded: EncoderStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, backbone = clip_corpus(), encoded.backbones["video"]
    first = np.array(encode(raw, "video", backbone, "tokens", folder=tmp_path))
    monkeypatch.setattr(backbone, "forward", lambda x: pytest.fail("the backbone ran again"))
    assert np.array_equal(encode(raw, "video", backbone, "tokens", folder=tmp_path), first)


def test_a_fine_map_is_averaged_to_few_tokens() -> None:
    feature_map = torch.randn(2, 8, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    few = coarse_tokens(as_tokens(feature_map), 3)
    assert few.shape == (2, 3 * 3 * 3, 8)
    corner = feature_map[:, :, 1, 0:2, 4:6].mean((2, 3))
    torch.testing.assert_close(few[:, 9 + 2], corner)
    whole = as_tokens(feature_map)
    assert coarse_tokens(whole, 6) is whole.tokens
    signal = as_tokens(torch.randn(2, 8, 11))
    assert coarse_tokens(signal, 3) is signal.tokens


def test_other_weights_samples_or_forms_are_other_features(
    encoded: EncoderStage, tmp_path: Path
) -> None:
    backbone = encoded.backbones["video"]
    encode(clip_corpus(), "video", backbone, "tokens", folder=tmp_path)
    encode(clip_corpus(seed=1), "video", backbone, "tokens", folder=tmp_path)
    encode(clip_corpus(), "video", backbone, "pooled", folder=tmp_path)
    torch.manual_seed(1)
    encode(clip_corpus(), "video", SmallVideoNet(8).eval(), "tokens", folder=tmp_path)
    assert len(list((tmp_path / "features").glob("*.npy"))) == 4


def test_a_damaged_file_is_computed_again(encoded: EncoderStage, tmp_path: Path) -> None:
    raw, backbone = clip_corpus(), encoded.backbones["eda"]
    first = np.array(encode(raw, "eda", backbone, "pooled", folder=tmp_path))
    (path,) = (tmp_path / "features").glob("*.npy")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert np.array_equal(encode(raw, "eda", backbone, "pooled", folder=tmp_path), first)


def test_a_backbone_in_training_mode_is_refused() -> None:
    with pytest.raises(InputError, match="eval mode"):
        encode(clip_corpus(), "video", SmallVideoNet(8).train())


def test_clips_are_augmented_in_training_only() -> None:
    class Whole(nn.Module):
        def forward(self, clips: torch.Tensor) -> Any:
            from pkdot.networks.tokens import Encoded

            return Encoded(clips.flatten(1)[:, None], clips.flatten(1))

    clips = torch.randn(6, 3, 2, 14, 14)
    network = Unimodal(Whole(), 3 * 2 * 14 * 14, 2, 0.0, "clip")
    torch.manual_seed(0)
    assert not torch.equal(network.train()(clips)[1], clips.flatten(1))
    assert torch.equal(network.eval()(clips)[1], clips.flatten(1))


def test_variation_moves_mirrors_and_lights_whole_clips() -> None:
    """Undo light and contrast by standardising each colour: a known move or mirror remains."""
    clips = torch.randn(300, 3, 2, 14, 14, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    seen = augment_clips(clips)
    assert seen.shape == clips.shape
    contrast = seen.std((1, 2, 3, 4)) / clips.std((1, 2, 3, 4))
    assert contrast.std() == pytest.approx(0.2, abs=0.05)
    inner = seen[..., 1:-1, 1:-1]
    found = []
    for original, varied in zip(clips, inner, strict=True):
        fits = []
        for mirrored in (False, True):
            source = original.flip(-1) if mirrored else original
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    part = source[..., 1 + down : 13 + down, 1 + right : 13 + right]
                    both = torch.stack([part[0].flatten(), varied[0].flatten()])
                    fits.append((abs(float(torch.corrcoef(both)[0, 1])), mirrored, down, right))
        best = max(fits)
        assert best[0] > 0.999, "every frame is moved alike"
        found.append(best[1:])
    mirrored = sum(which[0] for which in found)
    assert 110 < mirrored < 190
    assert len(set(found)) == 2 * 3 * 3


def test_a_subjects_own_look_is_taken_out_of_its_features() -> None:
    chance = np.random.default_rng(0)
    subjects = np.repeat(["ann", "bob", "cem"], [20, 30, 1])
    rest = {"ann": 3.0, "bob": -5.0, "cem": 8.0}
    features = chance.normal(size=(51, 2, 4)).astype(np.float32)
    features += np.array([rest[name] for name in subjects], dtype=np.float32)[:, None, None]
    seen = GroupNormalised(features, subjects)
    assert len(seen) == 51
    order = chance.permutation(51)
    values = seen[order]
    assert np.allclose(values[np.argsort(order)], seen[np.arange(51)])
    whole = seen[np.arange(51)]
    for name, rows in (("ann", whole[:20]), ("bob", whole[20:50])):
        assert np.allclose(rows.mean(0), 0, atol=1e-5), name
        assert np.allclose(rows.std(0), 1, atol=1e-4), name
    assert np.array_equal(whole[50], np.zeros((2, 4)))


def test_pretrained_r3d18_stays_as_it_was_loaded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(R3D18(4).state_dict(), tmp_path / "r3d.pth")
    settings = BackboneSettings(
        video="r3d18", video_weights=str(tmp_path / "r3d.pth"), epochs=1, batch_size=8
    )
    assert settings.stays_frozen(settings.backbone_of("video", "clip"))
    assert not settings.stays_frozen(settings.backbone_of("eda", "signal"))
    done = stage(clip_corpus(24), settings)
    assert done.trained == ("eda",)
    assert done.corpus.shape("video") == (512,)
    assert "video" in done.scores
    given = torch.load(tmp_path / "r3d.pth", weights_only=True)
    for name, value in done.backbones["video"].state_dict().items():
        assert torch.equal(value, given[name]), name


def test_weights_that_are_missing_or_of_no_use() -> None:
    with pytest.raises(ConfigError, match="pretrained weights"):
        BackboneSettings(video="r3d18")
    with pytest.raises(ConfigError, match="belong to the backbone 'r3d18'"):
        BackboneSettings(video_weights="kinetics")
    absent = BackboneSettings(video="r3d18", video_weights="/absent")
    with pytest.raises(DataError, match="no weights at"):
        build_backbone("r3d18", "clip", (3, 4, 32, 32), absent)
    for kind, shape in (("vector", (64,)), ("signal", (64,)), ("sound", (2, 64)), ("clip", (1, 4))):
        with pytest.raises(InputError, match="No backbone takes"):
            build_backbone("small", kind, shape, QUICK)


def test_vectors_pass_unchanged_and_cannot_be_attended_to() -> None:
    chosen = small_config()
    corpus = load_corpus(chosen.data, 0)
    assert drain(encode_corpus(chosen, corpus, make_fabric(chosen))).corpus.modalities == (
        corpus.modalities
    )
    attending = chosen.changed({"network.fusion": "gated_transformer"})
    with pytest.raises(ConfigError, match="one vector a sample"):
        drain(encode_corpus(attending, corpus, make_fabric(attending)))


def biovid_config(root: Path, **changes: Any) -> ExperimentConfig:
    data = {"name": "biovid", "root": str(root), "video": {"frames": 4, "size": 32}}
    return config(data=data, method="kd", probe_size=4, **changes)


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize(("fusion", "simulated"), [("concat", True), ("gated_transformer", False)])
def test_an_experiment_on_biovid(
    biovid_root: Path, tmp_path: Path, fusion: str, simulated: bool
) -> None:
    root = biovid_root
    if not simulated:  # the same files pass for people's where nothing marks them
        root = files.copy(biovid_root, tmp_path / "recorded")
        (root / MARKER).unlink()
    chosen = biovid_config(root, network__fusion=fusion, keep_features=True)
    record = run_experiment(chosen, progress=False, runs_dir=tmp_path / "runs")
    assert record.simulated == simulated
    media = record.facts["data"]["media"]
    if simulated:
        assert set(record.media()) == {"video", "eda"}
        assert media == "kept: video, eda"
    else:
        assert media == "left out, as pictures of this corpus must not be passed on"
        assert record.media() == {}
        assert not (record.path / "media").exists()
        assert set(record.probe["media"]) == {""}
    stages = list(dict.fromkeys(record.metrics["stage"]))
    assert stages == ["video", "eda", "teacher", "tnet", "student"]
    for name in ("video accuracy", "eda accuracy", "teacher accuracy", "student accuracy"):
        assert 0 <= record.scores[name] <= 1, name
    assert {"backbone-video", "backbone-eda", "student"} <= set(record.checkpoints)
    assert len(list((tmp_path / "cache" / "features").glob("*.npy"))) == 2
    errors = record.facts["tnet_by_group"]["eda"]
    tested = record.predictions.query("split == 'test'")["subject"]
    assert set(errors) == set(tested)


def test_an_ordinal_task_adds_its_measures() -> None:
    corpus = clip_corpus(120, ordinal=True, classes=5)
    scores = stage(corpus).scores["eda"]["test"]
    assert {"mae", "icc", "accuracy"} <= set(scores)
    assert "mae" not in stage(clip_corpus()).scores["eda"]["test"]


@pytest.mark.usefixtures("_own_cache")
def test_a_sweep_has_a_row_for_each_modality_alone(biovid_root: Path, tmp_path: Path) -> None:
    chosen = biovid_config(biovid_root)
    corpus = load_corpus(chosen.data, 0)
    arms = [*unimodal_arms(corpus), Arm("logistic", "logistic regression", role="baseline")]
    cells = run_sweep(chosen, arms, [0], folder=tmp_path / "cells", progress=False)
    assert cells["arm"].tolist() == ["video", "eda", "logistic"]
    assert cells["accuracy"].between(0, 1).all()
    for row in cells.itertuples():
        right, size = np.sum(list(row.by_group.values()), axis=0)
        assert right / size == pytest.approx(row.accuracy), row.arm
    assert unimodal_arms(load_corpus(small_config().data, 0)) == []
    with pytest.raises(ConfigError, match="no backbone for a modality 'ecg'"):
        run_sweep(
            chosen,
            [Arm("ecg", "ecg alone", role="unimodal")],
            [0],
            folder=tmp_path / "cells",
            progress=False,
        )


@pytest.mark.usefixtures("_own_cache")
def test_folds_together_test_every_subject_once(biovid_root: Path, tmp_path: Path) -> None:
    chosen = biovid_config(biovid_root)
    arms = [Arm("logistic", "logistic regression", role="baseline")]
    folder = tmp_path / "cells"
    cells = run_sweep(chosen, arms, [0], folds=range(5), folder=folder, progress=False)
    assert cells["fold"].tolist() == [0, 1, 2, 3, 4]
    tested = [name for counts in cells["by_group"] for name in counts]
    subjects = load_corpus(chosen.data, 0).groups
    assert sorted(tested) == sorted(set(subjects))
    one = run_sweep(chosen, arms, [0], folder=folder, progress=False)
    assert one["accuracy"].tolist() == cells["accuracy"].tolist()[: len(one)], "the same cell"


def test_a_training_that_was_kept_is_found_with_all_its_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_reports: list[Any] = []
    again_reports: list[Any] = []
    chosen = config()

    def run(rows: list[Any], **more: Any) -> EncoderStage:
        context = stage_context(chosen, clip_corpus(**more), make_fabric(chosen))
        stages = encoder_stage(context, QUICK, folder=tmp_path)
        return drain(
            stages, lambda r: rows.append((r.stage, r.epoch, r.metrics, r.best_epoch, r.of))
        )

    first = run(first_reports)
    assert first.cached == ()
    train = encoders.train_unimodal

    def heads_only(context: Any, name: str, network: Unimodal, *more: Any) -> Any:
        if network.backbone is not None:
            pytest.fail(f"the backbone for {name} trained again")
            yield
        yield from train(context, name, network, *more)

    monkeypatch.setattr(encoders, "train_unimodal", heads_only)
    again = run(again_reports)
    assert again.cached == ("video", "eda")
    assert again_reports == first_reports
    assert again.scores == first.scores
    for name in ("video", "eda"):
        assert weights_hash(again.backbones[name]) == weights_hash(first.backbones[name])
    monkeypatch.undo()
    other = run([], seed=1)
    assert other.cached == ()
    kept = sorted((tmp_path / "backbones").glob("video-*.safetensors"))
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(file.read_bytes()[:100])
    assert run([]).cached == ("eda",), "a damaged file is trained again"
