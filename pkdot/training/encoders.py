"""The stage before the teacher: backbones learn alone, are frozen, and encode every sample once.

Each raw modality (clips, signals) gets a backbone with a head of its own, which learns from the
labelled training samples and stops early on the inner split; a pretrained one stays as it is, and
only its head learns. Then the features of every sample are computed once, and the corpus of clips
and signals is a corpus of features: teacher, T-Nets and student never run a frozen network again.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..data.corpus import Corpus, Samples
from ..data.features import Form, GroupNormalised, cache_folder, with_features
from ..networks.backbones import (
    KINETICS,
    BackboneSettings,
    Unimodal,
    build_backbone,
    is_raw,
    starts_frozen,
    weights_hash,
)
from .checkpoint_cache import cached_training, training_key
from .context import StageContext
from .encoding import encode
from .loop import EpochReport, Metrics
from .unimodal import train_unimodal, unimodal_scores


@dataclass(frozen=True)
class EncoderStage:
    """The result of the stage.

    Attributes:
        corpus: the same samples, raw modalities replaced by features: (N, F), or (N, T, F) where
            tokens were asked for; normalised as the settings say.
        backbones: modality -> frozen backbone, in eval mode, on the training device.
        trained: modalities whose backbone learned for this task; the others came with their
            weights.
        cached: those of them whose training was in the cache.
        scores: modality -> metrics of one linear layer on its features, by split.
        test_outputs: modality -> (n, W) outputs of that layer for the test samples.
    """

    corpus: Corpus
    backbones: dict[str, nn.Module]
    trained: tuple[str, ...]
    cached: tuple[str, ...]
    scores: dict[str, Metrics]
    test_outputs: dict[str, Tensor]


def raw_modalities(corpus: Corpus) -> list[str]:
    """The modalities that need a backbone, the prevalent one first."""
    return [name for name in corpus.names if is_raw(corpus.shape(name))]


def encoder_stage(
    context: StageContext,
    backbones: BackboneSettings,
    form: Form = "pooled",
    folder: Path | None = None,
) -> Generator[EpochReport, None, EncoderStage]:
    """Train or load a backbone for each raw modality, and encode every sample once.

    Reports carry the modality's name as their stage. A corpus of vectors passes unchanged.

    Args:
        context: of the experiment; its corpus holds clips and signals.
        backbones: which networks, and how they learn.
        form: one vector a sample, or tokens for a fusion that attends.
        folder: where trained backbones and features are kept; in memory only when left out.

    Raises:
        DataError: for pretrained weights that are missing, damaged or another network's.
        RecordError: if a file cannot be written.
    """
    encoded: dict[str, _Encoded] = {}
    for name in raw_modalities(context.corpus):
        encoded[name] = yield from _encoded(context, name, backbones, form, folder)
    return EncoderStage(
        with_features(context.corpus, {name: e.features for name, e in encoded.items()}),
        {name: e.backbone for name, e in encoded.items()},
        tuple(name for name, e in encoded.items() if e.trained),
        tuple(name for name, e in encoded.items() if e.cached),
        {name: e.scores for name, e in encoded.items()},
        {name: e.test_outputs for name, e in encoded.items()},
    )


@dataclass(frozen=True)
class _Encoded:
    """The attributes of :class:`EncoderStage` for one modality."""

    features: Samples
    backbone: nn.Module
    trained: bool
    cached: bool
    scores: Metrics
    test_outputs: Tensor


def _encoded(
    context: StageContext,
    name: str,
    backbones: BackboneSettings,
    form: Form,
    folder: Path | None,
) -> Generator[EpochReport, None, _Encoded]:
    corpus = context.corpus
    shape = corpus.shape(name)
    torch.manual_seed(context.seed_of(f"backbone {name}"))
    pretrained = backbones.video_weights == KINETICS and len(shape) == 4
    backbone = build_backbone(shape, backbones, cache_folder() if pretrained else None)
    trained, cached = not starts_frozen(shape, backbones), False
    width = int(backbone.feature_dim)  # type: ignore[arg-type]
    if trained:
        single = Unimodal(backbone, width, corpus.task.output_width, backbones.dropout)
        single = single.to(context.device)
        cached = yield from cached_training(
            training_key(name, _training_facts(context, name, single, backbones)),
            single,
            train_unimodal(context, name, single, backbones),
            None if folder is None else folder / "backbones",
        )
    backbone = backbone.to(context.device).requires_grad_(False).eval()
    features: Samples = encode(
        corpus, name, backbone, form, side=backbones.token_side, folder=folder
    )
    if backbones.normalisation == "subject":
        features = GroupNormalised(features, corpus.groups)
    on_features = replace(context, corpus=with_features(corpus, {name: features}))
    torch.manual_seed(context.seed_of(f"head {name}"))
    head = Unimodal(None, width, corpus.task.output_width, backbones.dropout).to(context.device)
    learning = train_unimodal(on_features, name, head, backbones)
    if trained:
        for _ in learning:  # the stage's curves are those of the backbone
            pass
    else:
        yield from learning
    scores, test_outputs = unimodal_scores(head, on_features.corpus, name)
    return _Encoded(features, backbone, trained, cached, scores, test_outputs)


def _training_facts(
    context: StageContext, modality: str, network: Unimodal, backbones: BackboneSettings
) -> dict[str, Any]:
    """All that the result of a backbone's training depends on."""
    fabric, corpus, training = context.fabric, context.corpus, context.training
    labelled, inner = corpus.split.labelled, context.selection
    return {
        "samples": corpus.source(modality),
        "labelled": [labelled.tolist(), corpus.given_targets[labelled].tolist()],
        "inner": [inner.tolist(), corpus.given_targets[inner].tolist()],
        "task": corpus.task.model_dump(mode="json"),
        "first weights": weights_hash(network),
        "backbones": backbones.model_dump(mode="json"),
        "training": [training.min_batches, training.selection],
        "seed": context.seed,
        "machine": [
            fabric.device.type,
            fabric.world_size,
            str(fabric.strategy.precision.precision),
        ],
    }
