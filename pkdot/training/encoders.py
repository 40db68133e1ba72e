"""The stage before the teacher: backbones learn alone, are frozen, and encode every sample once.

Each raw modality (clips, pictures, signals, sounds) gets a backbone with a head of its own, which
learns from the labelled training samples and stops early on the inner split; a pretrained one stays
as it is, and only its head learns. Then the features of every sample are computed once, and the
corpus of raw samples is a corpus of features: teacher, T-Nets and student never run a frozen
network again.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.corpus import Corpus, IndexArray, Samples
from ..data.features import Form, GroupNormalised, cache_folder, groups_repeat, with_features
from ..data.frames import FrameWindows, corpus_of_frames
from ..networks.backbones import (
    KINETICS,
    BackboneSettings,
    Unimodal,
    build_backbone,
    is_raw,
    weights_hash,
)
from ..networks.signal import ChannelScale
from .checkpoint_cache import cached_training, training_key
from .context import StageContext, present_only
from .encoding import encode
from .loop import EpochReport, Metrics
from .unimodal import train_unimodal, unimodal_scores


@dataclass(frozen=True)
class EncodedModality:
    """A raw modality behind its frozen backbone.

    Attributes:
        backbone: frozen, in eval mode, on the training device.
        name: of the backbone, as settings have it.
        kind: of the raw samples.
        shape: of one raw sample, a window where samples are windows.
        features: (N, F), or (N, T, F) where tokens were asked for; normalised as the settings say.
        overall: deviation of the features over all entries and groups, where each group's own mean
            and deviation were taken out; None where they were not.
        trained: whether the backbone learned for this task; else it came with its weights.
        cached: whether its training was in the cache.
        scores: metrics of one linear layer on the features, by split.
        test_outputs: (n, W) outputs of that layer for the test samples.
    """

    backbone: nn.Module
    name: str
    kind: str
    shape: tuple[int, ...]
    features: Samples
    overall: float | None
    trained: bool
    cached: bool
    scores: Metrics
    test_outputs: Tensor


@dataclass(frozen=True)
class EncoderStage:
    """The result of the stage.

    Attributes:
        corpus: the same samples, raw modalities replaced by features.
        encoded: raw modality -> what became of it.
        form: pooled or tokens.
    """

    corpus: Corpus
    encoded: dict[str, EncodedModality]
    form: Form

    @property
    def backbones(self) -> dict[str, nn.Module]:
        """Modality -> frozen backbone."""
        return {name: one.backbone for name, one in self.encoded.items()}

    @property
    def trained(self) -> tuple[str, ...]:
        """Modalities whose backbone learned for this task."""
        return tuple(name for name, one in self.encoded.items() if one.trained)

    @property
    def cached(self) -> tuple[str, ...]:
        """Those of them whose training was in the cache."""
        return tuple(name for name, one in self.encoded.items() if one.cached)

    @property
    def scores(self) -> dict[str, Metrics]:
        """Modality -> metrics of one linear layer on its features, by split."""
        return {name: one.scores for name, one in self.encoded.items()}

    @property
    def test_outputs(self) -> dict[str, Tensor]:
        """Modality -> (n, W) outputs of that layer for the test samples."""
        return {name: one.test_outputs for name, one in self.encoded.items()}


def raw_modalities(corpus: Corpus) -> list[str]:
    """The modalities that need a backbone, the prevalent ones first."""
    return [name for name in corpus.names if is_raw(corpus.kind(name))]


def encoder_stage(
    context: StageContext,
    backbones: BackboneSettings,
    form: Form = "pooled",
    folder: Path | None = None,
    names: Sequence[str] | None = None,
) -> Generator[EpochReport, None, EncoderStage]:
    """Train or load a backbone for each raw modality, and encode every sample once.

    Reports carry the modality's name as their stage. A corpus of vectors passes unchanged.

    Args:
        context: of the experiment; its corpus holds raw samples.
        backbones: which networks, and how they learn.
        form: one vector a sample, or tokens for a fusion that attends.
        folder: where trained backbones and features are kept; in memory only when left out.
        names: modalities to encode if they are raw; all by default.

    Raises:
        DataError: for pretrained weights that are missing, damaged or another network's.
        RecordError: if a file cannot be written.
    """
    corpus = context.corpus
    raw = [name for name in raw_modalities(corpus) if names is None or name in names]
    places = None
    if corpus.is_sequence and raw:  # a backbone reads frames, and each frame once
        frames, places = corpus_of_frames(corpus)
        context = replace(context, corpus=frames)
    encoded: dict[str, EncodedModality] = {}
    for name in raw:
        encoded[name] = yield from _encoded(context, name, backbones, form, folder)
    if places is not None:
        encoded = {name: _of_windows(one, corpus, places) for name, one in encoded.items()}
    features = {name: one.features for name, one in encoded.items()}
    return EncoderStage(with_features(corpus, features), encoded, form)


def _of_windows(frames: EncodedModality, corpus: Corpus, places: IndexArray) -> EncodedModality:
    """What became of frames, as windows over them hold it.

    Args:
        frames: features and outputs of single frames.
        corpus: of the windows.
        places: frames of each window, (N, L).
    """
    tested = np.unique(places[corpus.split.test])
    where = np.searchsorted(tested, places[corpus.split.test])
    return replace(
        frames,
        shape=(places.shape[1], *frames.shape),
        features=FrameWindows(frames.features, places),
        test_outputs=frames.test_outputs[torch.as_tensor(where)],
    )


def _encoded(
    context: StageContext,
    name: str,
    backbones: BackboneSettings,
    form: Form,
    folder: Path | None,
) -> Generator[EpochReport, None, EncodedModality]:
    corpus = context.corpus
    shape, kind = corpus.shape(name), corpus.kind(name)
    torch.manual_seed(context.seed_of(f"backbone {name}"))
    chosen = backbones.backbone_of(name, kind)
    downloads = cache_folder() if backbones.video_weights == KINETICS else None
    backbone = build_backbone(chosen, kind, shape, backbones, downloads)
    _standardise(corpus, name, backbone)
    trained, cached = not backbones.stays_frozen(chosen), False
    width = int(backbone.feature_dim)  # type: ignore[arg-type]
    outputs = corpus.task.output_width
    if trained:
        single = Unimodal(backbone, width, outputs, backbones.dropout, kind)
        single = single.to(context.device)
        cached = yield from cached_training(
            training_key(name, _training_facts(context, name, single, backbones)),
            single,
            train_unimodal(context, name, single, backbones),
            None if folder is None else folder / "backbones",
            context.fabric,
        )
    backbone = backbone.to(context.device).requires_grad_(False).eval()
    features: Samples = encode(
        corpus, name, backbone, form, side=backbones.token_side, folder=folder
    )
    overall = None
    if backbones.normalisation == "group" and groups_repeat(corpus.groups):
        features = GroupNormalised(features, corpus.groups, corpus.present.get(name))
        overall = features.overall
    on_features = replace(context, corpus=with_features(corpus, {name: features}))
    torch.manual_seed(context.seed_of(f"head {name}"))
    head = Unimodal(None, width, outputs, backbones.dropout).to(context.device)
    learning = train_unimodal(on_features, name, head, backbones)
    if trained:
        for _ in learning:  # the stage's curves are those of the backbone
            pass
    else:
        yield from learning
    scores, test_outputs = unimodal_scores(head, on_features.corpus, name)
    return EncodedModality(
        backbone, chosen, kind, shape, features, overall, trained, cached, scores, test_outputs
    )


def _standardise(corpus: Corpus, modality: str, backbone: nn.Module) -> None:
    """Give a backbone whose channels have units of their own their moments in training."""
    scale = getattr(backbone, "scale", None)
    if isinstance(scale, ChannelScale):
        train = present_only(corpus, modality, corpus.split.train)
        # A thousand samples tell a channel's moments; all may not fit memory.
        scale.standardise_by(corpus.batch(modality, train[:: -(-len(train) // 1000)]))


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
