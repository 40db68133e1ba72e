"""The stage before the teacher: backbones learn alone, are frozen, and encode every sample once.

Each raw modality (clips, signals) gets a backbone with a head of its own, which learns from the
labelled training samples and stops early on the inner split; a pretrained one stays as it is, and
only its head learns. Then the features of every sample are computed once, and the corpus of clips
and signals is a corpus of features: teacher, T-Net and student never run a frozen network again.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray, Samples
from ..data.features import (
    Form,
    SubjectNormalised,
    cache_folder,
    feature_key,
    kept_features,
    with_features,
)
from ..errors import InputError
from ..networks.backbones import (
    KINETICS,
    BackboneSettings,
    Unimodal,
    build_backbone,
    is_raw,
    starts_frozen,
    weights_hash,
)
from ..networks.tokens import coarse_tokens
from .checkpoint_cache import kept_training, training_key
from .loop import (
    BatchSnapshot,
    EpochReport,
    Metrics,
    TrainingSettings,
    fit,
    own_share,
    selection_indices,
    stage_seed,
    visible_labels,
)
from .metrics import classification_metrics

_CHUNK = 64  # samples that a backbone encodes at a time


@dataclass(frozen=True)
class EncoderStage:
    """What the stage leaves behind.

    Attributes:
        corpus: the same samples, raw modalities replaced by features: (N, F), or (N, T, F) where
            tokens were asked for; normalised as the settings say.
        backbones: modality -> frozen backbone, in eval mode, on the training device.
        trained: modalities whose backbone learned for this task; the others came with their
            weights.
        found: those of them whose training was in the cache.
        scores: modality -> metrics of one linear layer on these features, by split: what the
            modality says alone.
        test_logits: modality -> (n, C) logits of that layer for the test samples.
    """

    corpus: Corpus
    backbones: dict[str, nn.Module]
    trained: tuple[str, ...]
    found: tuple[str, ...]
    scores: dict[str, Metrics]
    test_logits: dict[str, Tensor]


def raw_modalities(corpus: Corpus) -> list[str]:
    """The modalities that need a backbone, the prevalent one first."""
    names = (corpus.prevalent, *corpus.privileged)
    return [name for name in names if is_raw(corpus.shape(name))]


def encoder_stage(
    fabric: Fabric,
    corpus: Corpus,
    backbones: BackboneSettings,
    training: TrainingSettings,
    seed: int,
    form: Form = "pooled",
    folder: Path | None = None,
) -> Generator[EpochReport, None, EncoderStage]:
    """Train or load a backbone for each raw modality, and encode every sample once.

    Reports carry the modality's name as their stage. A corpus of vectors passes unchanged.

    Args:
        fabric: where to train.
        corpus: clips and signals.
        backbones: which networks, and how they learn.
        training: of the experiment; says which part of the split selects.
        seed: of weights and batches.
        form: one vector a sample, or tokens for a fusion that attends.
        folder: where trained backbones and features are kept; in memory only when left out.
    """
    features: dict[str, Samples] = {}
    ready: dict[str, nn.Module] = {}
    trained: list[str] = []
    found: list[str] = []
    scores: dict[str, Metrics] = {}
    test_logits: dict[str, Tensor] = {}
    for name in raw_modalities(corpus):
        shape = corpus.shape(name)
        torch.manual_seed(stage_seed(seed, f"backbone {name}"))
        pretrained = backbones.video_weights == KINETICS and len(shape) == 4
        backbone = build_backbone(shape, backbones, cache_folder() if pretrained else None)
        frozen = starts_frozen(shape, backbones)
        width = int(backbone.feature_dim)  # type: ignore[arg-type]
        if not frozen:
            single = Unimodal(backbone, width, corpus.n_classes, backbones.dropout)
            single = single.to(fabric.device)
            again = yield from kept_training(
                _training_key(fabric, corpus, name, single, backbones, training, seed),
                single,
                train_unimodal(fabric, corpus, name, single, backbones, training, seed),
                None if folder is None else folder / "backbones",
            )
            trained.append(name)
            if again:
                found.append(name)
        backbone = backbone.to(fabric.device).requires_grad_(False).eval()
        computed = encode(corpus, name, backbone, form, backbones.token_side, folder)
        by_subject = backbones.normalisation == "subject"
        features[name] = SubjectNormalised(computed, corpus.subjects) if by_subject else computed
        encoded = with_features(corpus, {name: features[name]})
        torch.manual_seed(stage_seed(seed, f"head {name}"))
        head = Unimodal(None, width, corpus.n_classes, backbones.dropout).to(fabric.device)
        learning = train_unimodal(fabric, encoded, name, head, backbones, training, seed)
        if frozen:
            yield from learning
        else:
            for _ in learning:  # the stage's curves are those of the backbone
                pass
        scores[name], test_logits[name] = _scores(head, encoded, name, fabric.device)
        ready[name] = backbone
    encoded = with_features(corpus, features)
    return EncoderStage(encoded, ready, tuple(trained), tuple(found), scores, test_logits)


def _training_key(
    fabric: Fabric,
    corpus: Corpus,
    modality: str,
    network: Unimodal,
    backbones: BackboneSettings,
    training: TrainingSettings,
    seed: int,
) -> str:
    """Names a backbone's training by all that its result depends on."""
    labelled, inner = corpus.split.labelled, selection_indices(corpus, training)
    told = {
        "samples": corpus.source(modality),
        "labelled": [labelled.tolist(), corpus.given_labels[labelled].tolist()],
        "inner": [inner.tolist(), corpus.given_labels[inner].tolist()],
        "ordinal": corpus.ordinal,
        "first weights": weights_hash(network),
        "backbones": backbones.model_dump(mode="json"),
        "training": [training.min_batches, training.selection],
        "seed": seed,
        "machine": [
            fabric.device.type,
            fabric.world_size,
            str(fabric.strategy.precision.precision),
        ],
    }
    return training_key(modality, told)


def train_unimodal(
    fabric: Fabric,
    corpus: Corpus,
    modality: str,
    network: Unimodal,
    backbones: BackboneSettings,
    training: TrainingSettings,
    seed: int,
) -> Generator[EpochReport, None, None]:
    """One modality alone: labelled samples, cross-entropy, early stopping on the inner split."""
    own_seed = stage_seed(seed, f"backbone {modality}")
    settings = training.model_copy(
        update={
            name: getattr(backbones, name)
            for name in ("epochs", "patience", "batch_size", "learning_rate", "weight_decay")
        }
        | {"schedule": "one_cycle"}
    )
    labels = torch.as_tensor(visible_labels(corpus))
    inner = selection_indices(corpus, training)
    truth = torch.as_tensor(corpus.given_labels[inner])

    def losses(
        module: nn.Module, batch: IndexArray
    ) -> tuple[dict[str, Tensor], BatchSnapshot | None]:
        mine, _ = own_share(fabric, batch)
        logits, _ = module(corpus.batch(modality, mine).to(fabric.device))
        return {
            "loss": functional.cross_entropy(logits.float(), labels[mine].to(logits.device))
        }, None

    def validate(module: nn.Module) -> Metrics:
        logits = _logits(module, corpus, modality, inner, fabric.device)
        return {"validation": classification_metrics(logits, truth, corpus.ordinal)}

    labelled = corpus.split.labelled
    batches = Batches(
        labelled, labelled[:0], settings.batch_size, 1.0, own_seed, settings.min_batches
    )
    yield from fit(
        fabric, modality, network, batches, losses, validate, settings.selection, settings
    )


@torch.no_grad()
def _logits(
    network: nn.Module, corpus: Corpus, modality: str, indices: IndexArray, device: torch.device
) -> Tensor:
    network.eval()
    chunks = [indices[i : i + _CHUNK] for i in range(0, len(indices), _CHUNK)]
    parts = [network(corpus.batch(modality, part).to(device))[0].float().cpu() for part in chunks]
    return torch.cat(parts)


def _scores(
    network: Unimodal, corpus: Corpus, modality: str, device: torch.device
) -> tuple[Metrics, Tensor]:
    """Metrics on validation and test (the latter against the truth), and test logits (n, C)."""
    found = {}
    for part, labels in (("validation", corpus.given_labels), ("test", corpus.labels)):
        indices = getattr(corpus.split, part)
        truth = torch.as_tensor(labels[indices])
        logits = _logits(network, corpus, modality, indices, device)
        found[part] = classification_metrics(logits, truth, corpus.ordinal)
    return found, logits


def encode(
    corpus: Corpus,
    modality: str,
    backbone: nn.Module,
    form: Form = "pooled",
    side: int = 3,
    folder: Path | None = None,
) -> np.ndarray:
    """Features of every sample of a modality by a frozen backbone: computed once, then kept.

    Args:
        corpus: N samples.
        modality: raw, as the backbone takes it.
        backbone: gives :class:`~pkdot.networks.tokens.Encoded`; it must be in eval mode.
        form: ``pooled`` gives (N, F), ``tokens`` (N, T, F).
        side: tokens along each side of a clip's map at most.
        folder: where features are kept; in memory only when left out.

    Raises:
        InputError: if the backbone is in training mode; its features would change from call to
            call.
    """
    samples = EncodedOnDemand(corpus, modality, backbone, form, side)

    def compute() -> Iterator[np.ndarray]:
        for start in range(0, len(corpus), _CHUNK):
            yield samples[np.arange(start, min(start + _CHUNK, len(corpus)))].numpy()

    key = feature_key(corpus, modality, weights_hash(backbone), form, side)
    return kept_features(key, len(corpus), compute, None if folder is None else folder / "features")


class EncodedOnDemand:
    """Features (n, F) or tokens (n, T, F), computed each time that they are asked for.

    Put in the place of a modality, it keeps the frozen backbone in the training loop: the same
    numbers as :func:`encode`, at the price of running the backbone in every epoch.
    """

    def __init__(
        self, corpus: Corpus, modality: str, backbone: nn.Module, form: Form, side: int = 3
    ) -> None:
        if backbone.training:
            raise InputError("A frozen backbone encodes in eval mode; call backbone.eval() first.")
        self._corpus, self._modality = corpus, modality
        self._backbone, self._form, self._side = backbone, form, side
        self._device = next(backbone.parameters()).device

    def __len__(self) -> int:
        return len(self._corpus)

    @torch.no_grad()
    def __getitem__(self, index: IndexArray) -> Tensor:
        encoded = self._backbone(self._corpus.batch(self._modality, index).to(self._device))
        if self._form == "tokens":
            return coarse_tokens(encoded, self._side).float().cpu()
        return encoded.pooled.float().cpu()
