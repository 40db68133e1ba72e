"""One modality alone: a backbone, or a linear layer on features, trained and scored."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor, nn

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..networks.backbones import BackboneSettings, Unimodal
from .context import StageContext, present_only, visible_targets
from .loop import EpochReport, Losses, Metrics, StageSpec, fit, gather_batch, own_share

CHUNK = 64  # samples that a backbone encodes at a time


def train_unimodal(
    context: StageContext, modality: str, network: Unimodal, backbones: BackboneSettings
) -> Generator[EpochReport, None, None]:
    """Train on labelled samples by the task loss, with early stopping on the inner split.

    Samples that lack the modality are left out.

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
    targets = visible_targets(corpus)
    inner = present_only(corpus, modality, context.selection)

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(context.fabric, batch)
        own, _ = module(corpus.batch(modality, share).to(context.device))
        outputs = gather_batch(context.fabric, own)
        return {"loss": corpus.task.loss(outputs, targets[gathered].to(outputs.device))}, None

    def validate(module: nn.Module) -> Metrics:
        outputs = unimodal_outputs(module, corpus, modality, inner)
        return {"validation": corpus.task.scores(outputs, corpus.given_targets[inner])}

    labelled = present_only(corpus, modality, corpus.split.labelled)
    seed = context.seed_of(f"backbone {modality}")
    batches = Batches(labelled, labelled[:0], settings.batch_size, 1.0, seed, settings.min_batches)
    spec = StageSpec(
        modality,
        network,
        batches,
        losses,
        validate,
        lambda values: corpus.task.badness(values, settings.selection),
        corpus.task.progress,
        corpus.ids.__getitem__,
        key=f"{'head' if network.backbone is None else 'backbone'} of {modality}",
    )
    yield from fit(context.fabric, spec, settings, context.checkpoints)


@torch.no_grad()
def unimodal_outputs(
    network: nn.Module, corpus: Corpus, modality: str, indices: IndexArray
) -> Tensor:
    """Outputs (n, W) of a :class:`Unimodal` in eval mode for n samples, float32 on the CPU."""
    device = next(network.parameters()).device
    network.eval()
    chunks = [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
    parts = [network(corpus.batch(modality, part).to(device))[0].float().cpu() for part in chunks]
    return torch.cat(parts)


def unimodal_scores(network: Unimodal, corpus: Corpus, modality: str) -> tuple[Metrics, Tensor]:
    """Metrics on validation and test (the latter against the truth), and test outputs (n, W).

    Metrics leave out samples that lack the modality; the outputs for them are NaN.
    """
    metrics = {}
    for part, targets in (("validation", corpus.given_targets), ("test", corpus.targets)):
        indices = getattr(corpus.split, part)
        outputs = unimodal_outputs(network, corpus, modality, indices)
        rows = np.isin(indices, present_only(corpus, modality, indices))
        metrics[part] = corpus.task.scores(outputs[rows], targets[indices[rows]])
        outputs[torch.as_tensor(~rows)] = torch.nan
    return metrics, outputs
