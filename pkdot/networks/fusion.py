"""Fusion: the features of several modalities -> one joint vector a sample.

:data:`FUSIONS` names those that a config can choose; the ones that attend are in ``attention``.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from .attention import GatedTransformerFusion, JointCrossAttentionFusion
from .tokens import pool

Fusion = Literal["concat", "gated_transformer", "joint_cross_attention"]


class ConcatFusion(nn.Module):
    """Concatenate the features, then one hidden layer and one linear map.

    Args:
        n_modalities: how many features are fused.
        feature_dim: their length F.
        embedding_dim: length D of the joint vector.
        hidden: width of the hidden layer.
        dropout: probability that a hidden unit is dropped in training.
    """

    def __init__(
        self, n_modalities: int, feature_dim: int, embedding_dim: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_modalities * feature_dim, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, embedding_dim),
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features, each (B, F), in a fixed order -> joint vectors (B, D); tokens are averaged."""
        return self.layers(torch.cat([pool(x) for x in features], dim=-1))


def attends(fusion: Fusion) -> bool:
    """Whether a fusion reads tokens (B, T, F) rather than vectors (B, F)."""
    return fusion != "concat"


def build_fusion(
    fusion: Fusion,
    n_modalities: int,
    feature_dim: int,
    embedding_dim: int,
    hidden: int,
    dropout: float,
    heads: int,
) -> nn.Module:
    """The fusion of that name; sizes as in the classes themselves."""
    sizes = (n_modalities, feature_dim, embedding_dim, hidden, dropout)
    if fusion == "gated_transformer":
        return GatedTransformerFusion(*sizes, heads)
    if fusion == "joint_cross_attention":
        return JointCrossAttentionFusion(*sizes)
    return ConcatFusion(*sizes)
