"""Fusion: the features of several modalities -> one joint vector a sample.

:data:`FUSIONS` lists those that a config can choose; the ones that attend are in ``attention``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .attention import GatedTransformerFusion, JointCrossAttentionFusion
from .settings import Fusion, NetworkSettings
from .tokens import pool


class ConcatFusion(nn.Module):
    """The features one behind the other, then a hidden layer and a linear map.

    Args:
        n_modalities: how many features are fused.
        settings: sizes; ``heads`` is not read.
    """

    def __init__(self, n_modalities: int, settings: NetworkSettings) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_modalities * settings.feature_dim, settings.hidden),
            nn.BatchNorm1d(settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, settings.embedding_dim),
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features, each (B, F), in a fixed order -> joint vectors (B, D); tokens are averaged."""
        return self.layers(torch.cat([pool(x) for x in features], dim=-1))


FUSIONS: dict[Fusion, type[nn.Module]] = {
    "concat": ConcatFusion,
    "gated_transformer": GatedTransformerFusion,
    "joint_cross_attention": JointCrossAttentionFusion,
}


def attends(fusion: Fusion) -> bool:
    """Whether a fusion reads tokens (B, T, F) rather than vectors (B, F)."""
    return fusion != "concat"


def build_fusion(n_modalities: int, settings: NetworkSettings) -> nn.Module:
    """The fusion that the settings name, for so many modalities."""
    return FUSIONS[settings.fusion](n_modalities, settings)
