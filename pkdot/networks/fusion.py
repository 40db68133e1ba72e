"""Fusion: the features of several modalities -> one joint vector a sample, or a frame.

:data:`FUSIONS` and :data:`FRAME_FUSIONS` list those that a config can choose; the ones that attend
are in ``attention`` and ``frame_fusion``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .attention import GatedTransformerFusion, JointCrossAttentionFusion
from .frame_fusion import (
    GatedTransformerOverFrames,
    JointCrossAttentionOverFrames,
    JointTransformerFusion,
)
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
"""Features of B samples, or of B frames each by itself -> (B, D)."""

FRAME_FUSIONS: dict[Fusion, type[nn.Module]] = {
    "gated_transformer": GatedTransformerOverFrames,
    "joint_cross_attention": JointCrossAttentionOverFrames,
    "joint_transformer": JointTransformerFusion,
}
"""Features of B windows of L frames, (B, L, F) each -> (B, L, D)."""


def build_fusion(n_modalities: int, settings: NetworkSettings) -> nn.Module:
    """The fusion that the settings name, for so many modalities."""
    kinds = FRAME_FUSIONS if settings.reads_frames else FUSIONS
    return kinds[settings.fusion](n_modalities, settings)
