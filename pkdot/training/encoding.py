"""Features of raw samples by a frozen backbone: computed once for all, or on demand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..data.corpus import Corpus, IndexArray
from ..data.features import Form, feature_key, kept_features
from ..errors import InputError
from ..networks.backbones import weights_hash
from ..networks.tokens import coarse_tokens
from .unimodal import CHUNK


class EncodedOnDemand:
    """Features (n, F) or tokens (n, T, F), computed each time that they are read.

    In the place of a modality it keeps the frozen backbone in the training loop: the same numbers
    as :func:`encode`, at the price of running the backbone in every epoch.

    Args:
        corpus: N samples.
        modality: raw, as the backbone takes it.
        backbone: gives :class:`~pkdot.networks.tokens.Encoded`, in eval mode.
        form: ``pooled`` gives (n, F), ``tokens`` (n, T, F).
        side: tokens along each side of a clip's map at most.

    Raises:
        InputError: if the backbone is in training mode, as its features would then change from
            call to call.
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


def encode(
    corpus: Corpus,
    modality: str,
    backbone: nn.Module,
    form: Form = "pooled",
    *,
    side: int = 3,
    folder: Path | None = None,
) -> np.ndarray:
    """Features of every sample of a modality by a frozen backbone, (N, F) or (N, T, F).

    Args:
        corpus: N samples.
        modality: raw, as the backbone takes it.
        backbone: gives :class:`~pkdot.networks.tokens.Encoded`, in eval mode.
        form: ``pooled`` gives (N, F), ``tokens`` (N, T, F).
        side: tokens along each side of a clip's map at most.
        folder: where features are kept and found again; in memory only when left out.

    Raises:
        InputError: as :class:`EncodedOnDemand`.
        RecordError: if the file cannot be written.
    """
    samples = EncodedOnDemand(corpus, modality, backbone, form, side)

    def compute() -> Iterator[np.ndarray]:
        for start in range(0, len(corpus), CHUNK):
            yield samples[np.arange(start, min(start + CHUNK, len(corpus)))].numpy()

    key = feature_key(corpus, modality, weights_hash(backbone), form, side)
    return kept_features(key, len(corpus), compute, None if folder is None else folder / "features")
