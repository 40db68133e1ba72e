"""One modality alone: a backbone, or a linear layer on features, trained and scored."""

from collections.abc import Generator

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..networks.backbones import BackboneSettings, Unimodal
from .context import StageContext, visible_labels
from .loop import EpochReport, Losses, Metrics, StageTask, fit, own_share
from .metrics import classification_metrics

CHUNK = 64  # samples that a backbone encodes at a time


def train_unimodal(
    context: StageContext, modality: str, network: Unimodal, backbones: BackboneSettings
) -> Generator[EpochReport, None, None]:
    """Train on labelled samples by cross-entropy, with early stopping on the inner split.

    Args:
        context: of the experiment; its corpus holds what the network reads.
        modality: also the stage's name.
        network: trained in place.
        backbones: epochs, patience, batch size, learning rate and weight decay.
    """
    corpus, training = context.corpus, context.training
    names = ("epochs", "patience", "batch_size", "learning_rate", "weight_decay")
    changes = {name: getattr(backbones, name) for name in names}
    settings = training.model_copy(update=changes | {"schedule": "one_cycle"})
    labels = torch.as_tensor(visible_labels(corpus))
    inner = context.selection
    truth = torch.as_tensor(corpus.given_labels[inner])

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, _ = own_share(context.fabric, batch)
        logits, _ = module(corpus.batch(modality, share).to(context.device))
        target = labels[share].to(logits.device)
        return {"loss": functional.cross_entropy(logits.float(), target)}, None

    def validate(module: nn.Module) -> Metrics:
        logits = unimodal_logits(module, corpus, modality, inner)
        return {"validation": classification_metrics(logits, truth, corpus.ordinal)}

    labelled = corpus.split.labelled
    seed = context.seed_of(f"backbone {modality}")
    batches = Batches(labelled, labelled[:0], settings.batch_size, 1.0, seed, settings.min_batches)
    task = StageTask(modality, network, batches, losses, validate, settings.selection)
    yield from fit(context.fabric, task, settings)


@torch.no_grad()
def unimodal_logits(
    network: nn.Module, corpus: Corpus, modality: str, indices: IndexArray
) -> Tensor:
    """Logits (n, C) of a :class:`Unimodal` in eval mode for n samples, float32 on the CPU."""
    device = next(network.parameters()).device
    network.eval()
    chunks = [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
    parts = [network(corpus.batch(modality, part).to(device))[0].float().cpu() for part in chunks]
    return torch.cat(parts)


def unimodal_scores(network: Unimodal, corpus: Corpus, modality: str) -> tuple[Metrics, Tensor]:
    """Metrics on validation and test (the latter against the truth), and test logits (n, C)."""
    metrics = {}
    for part, labels in (("validation", corpus.given_labels), ("test", corpus.labels)):
        indices = getattr(corpus.split, part)
        truth = torch.as_tensor(labels[indices])
        logits = unimodal_logits(network, corpus, modality, indices)
        metrics[part] = classification_metrics(logits, truth, corpus.ordinal)
    return metrics, logits
