"""T-Net: hallucinate the privileged feature from the prevalent one."""

from torch import Tensor, nn


class TNet(nn.Module):
    """An encoder-decoder from the prevalent feature to one privileged feature.

    The narrow waist makes it pass on only what the prevalent modality can say about the
    privileged one. The output is linear: under a squared error it then tends to the mean
    privileged feature given the prevalent one, without a unit that can die.

    Args:
        feature_dim: length F of both features.

    Source: the T-Net of PKDOT, arXiv 2401.15489 (512 to 128 and back); the released script ends
    it in a sigmoid and leaves it untrained.
    """

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        half, quarter = max(feature_dim // 2, 1), max(feature_dim // 4, 1)
        self.layers = nn.Sequential(
            nn.Linear(feature_dim, half),
            nn.ReLU(),
            nn.Linear(half, quarter),
            nn.ReLU(),
            nn.Linear(quarter, half),
            nn.ReLU(),
            nn.Linear(half, feature_dim),
        )

    def forward(self, prevalent: Tensor) -> Tensor:
        """Prevalent features (B, F) -> hallucinated privileged features (B, F)."""
        return self.layers(prevalent)
