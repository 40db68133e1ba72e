"""Trainable encoders of teacher and student: vectors or tokens -> features of one width.

Raw samples come here as features of a frozen backbone (:mod:`pkdot.training.encoders`).
"""

import torch
from torch import Tensor, nn

from ..errors import InputError
from .settings import NetworkSettings


class VectorEncoder(nn.Module):
    """A multilayer perceptron for modalities that are vectors.

    The input is standardised by the mean and deviation of the training samples, which are kept in
    the state dict, never learned and never read from other samples.

    Args:
        in_features: length of a sample's vector.
        feature_dim: length F of the feature.
        hidden: width of the hidden layer.
        dropout: probability that a hidden unit is dropped in training.
        input_noise: standard deviation of Gaussian noise added to the standardised input in
            training, a regulariser for few labels.
        floor: least deviation of an entry, as a share of the overall one. It holds for entries of
            one unit: one that hardly varies in training (a pixel in the corner) would be blown up
            where it varies later. Columns of a unit each have none.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        in_features: int,
        feature_dim: int,
        hidden: int,
        dropout: float,
        input_noise: float = 0.0,
        floor: float = 0.1,
    ) -> None:
        super().__init__()
        self.input_noise, self.floor = input_noise, floor
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("deviation", torch.ones(in_features))
        self.layers = nn.Sequential(
            nn.Linear(in_features, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, feature_dim),
            nn.BatchNorm1d(feature_dim),
            nn.ReLU(),
        )

    def standardise_by(self, samples: Tensor) -> None:
        """Take mean and deviation from training samples (N, in_features)."""
        deviation = samples.std(0, unbiased=False)
        overall = deviation.square().mean().sqrt()
        floor = self.floor * overall if overall > 0 else torch.ones(())
        if not self.floor:
            deviation = torch.where(deviation > 0, deviation, 1.0)
        self.mean.copy_(samples.mean(0))
        self.deviation.copy_(deviation.clamp_min(floor))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (B, in_features) -> features (B, F)."""
        x = (x - self.mean) / self.deviation
        if self.training and self.input_noise:
            x = x + self.input_noise * torch.randn_like(x)
        return self.layers(x)


class TokenEncoder(nn.Module):
    """A linear map and a layer norm at every place, with a learnt mark of the place added.

    The input is standardised per channel by the mean and deviation of the training samples over
    all places. The mark tells an attention where, and when, a token stands.

    Args:
        places: T, tokens of a sample.
        in_features: their width.
        feature_dim: width F of the result.
        dropout: probability that an entry is dropped in training.
        input_noise: standard deviation of Gaussian noise added to the standardised input in
            training.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        places: int,
        in_features: int,
        feature_dim: int,
        dropout: float,
        input_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_noise = input_noise
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("deviation", torch.ones(in_features))
        self.linear = nn.Linear(in_features, feature_dim)
        self.norm = nn.LayerNorm(feature_dim)
        self.place = nn.Parameter(0.02 * torch.randn(places, feature_dim))
        self.dropout = nn.Dropout(dropout)

    def standardise_by(self, samples: Tensor) -> None:
        """Take mean and deviation of each channel from training samples (N, T, in_features)."""
        deviation = samples.std((0, 1), unbiased=False)
        overall = deviation.square().mean().sqrt()
        floor = 0.1 * overall if overall > 0 else torch.ones(())
        self.mean.copy_(samples.mean((0, 1)))
        self.deviation.copy_(deviation.clamp_min(floor))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, in_features) -> tokens (B, T, F)."""
        x = (x - self.mean) / self.deviation
        if self.training and self.input_noise:
            x = x + self.input_noise * torch.randn_like(x)
        return self.dropout(self.norm(self.linear(x)) + self.place)


def build_encoder(
    shape: tuple[int, ...], settings: NetworkSettings, kind: str = ""
) -> VectorEncoder | TokenEncoder:
    """The encoder for samples of this shape: vectors or columns (D,), or tokens (T, D).

    Args:
        shape: of a sample.
        settings: sizes.
        kind: :data:`pkdot.data.corpus.Kind`; told by the shape where it is empty.

    Raises:
        InputError: for a shape that no encoder takes.
    """
    s = settings
    if len(shape) == 1:
        floor = 0.0 if kind == "columns" else 0.1
        return VectorEncoder(shape[0], s.feature_dim, s.hidden, s.dropout, s.input_noise, floor)
    if len(shape) == 2 and (kind in ("tokens", "frames") or (not kind and shape[0] > 1)):
        return TokenEncoder(*shape, s.feature_dim, s.dropout, s.input_noise)
    raise InputError(
        f"No encoder takes samples of shape {shape}; vectors (D,) and tokens (T, D) are "
        f"understood, and clips, pictures, signals and sounds go through a backbone first."
    )
