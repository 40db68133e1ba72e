"""Encoders: one modality's samples -> one feature vector a sample."""

import torch
from torch import Tensor, nn

from ..errors import InputError


class VectorEncoder(nn.Module):
    """A multilayer perceptron for modalities that are vectors.

    The input is standardised with the mean and deviation of the training samples, which are kept
    in the state dict, never learned and never read from other samples.

    Args:
        in_features: length of a sample's vector.
        feature_dim: length F of the feature.
        hidden: width of the hidden layer.
        dropout: probability that a hidden unit is dropped in training.
        input_noise: standard deviation of Gaussian noise added to the standardised input in
            training, a regulariser for few labels.
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
    ) -> None:
        super().__init__()
        self.input_noise = input_noise
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
        """Take mean and deviation from training samples (N, in_features).

        An entry that hardly varies in training (a pixel in the corner) would be blown up when it
        does vary later: no deviation is taken to be under a tenth of the overall one.
        """
        deviation = samples.std(0, unbiased=False)
        overall = deviation.square().mean().sqrt()
        floor = 0.1 * overall if overall > 0 else torch.ones(())
        self.mean.copy_(samples.mean(0))
        self.deviation.copy_(deviation.clamp_min(floor))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (B, in_features) -> features (B, F)."""
        x = (x - self.mean) / self.deviation
        if self.training and self.input_noise:
            x = x + self.input_noise * torch.randn_like(x)
        return self.layers(x)


def build_encoder(
    shape: tuple[int, ...], feature_dim: int, hidden: int, dropout: float, input_noise: float
) -> VectorEncoder:
    """The encoder that fits samples of this shape.

    Raises:
        InputError: for a shape that no encoder takes.
    """
    if len(shape) == 1:
        return VectorEncoder(shape[0], feature_dim, hidden, dropout, input_noise)
    raise InputError(f"No encoder takes samples of shape {shape}; vectors (D,) are understood.")
