"""Fusion: the features of several modalities -> one joint vector a sample."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


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
        """Features, each (B, F), in a fixed order -> joint vectors (B, D)."""
        return self.layers(torch.cat(list(features), dim=-1))
