"""T-Net: hallucinate the privileged feature from the prevalent one."""

import torch
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
        self.feature_dim = feature_dim
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

    def fresh(self) -> "TNet":
        """Another one of the same size, with weights of its own."""
        return TNet(self.feature_dim)

    def forward(self, prevalent: Tensor) -> Tensor:
        """Prevalent features (B, F) -> hallucinated privileged features (B, F)."""
        return self.layers(prevalent)


class TokenTNet(nn.Module):
    """The same between token sequences, for a fusion that attends.

    Every place of the privileged map has a learnt query that looks at the prevalent tokens; what
    it finds goes through a :class:`TNet`, the same for all places.

    Args:
        places: T, number of privileged tokens.
        feature_dim: width F of the tokens of both.
        heads: of the attention; must divide F.
    """

    def __init__(self, places: int, feature_dim: int, heads: int) -> None:
        super().__init__()
        self.places, self.feature_dim, self.heads = places, feature_dim, heads
        self.queries = nn.Parameter(torch.randn(places, feature_dim))
        self.attention = nn.MultiheadAttention(feature_dim, heads, batch_first=True)
        self.decode = TNet(feature_dim)

    def fresh(self) -> "TokenTNet":
        """Another one of the same size, with weights of its own."""
        return TokenTNet(self.places, self.feature_dim, self.heads)

    def forward(self, prevalent: Tensor) -> Tensor:
        """Prevalent tokens (B, S, F) -> hallucinated privileged tokens (B, T, F)."""
        queries = self.queries.expand(len(prevalent), -1, -1)
        found, _ = self.attention(queries, prevalent, prevalent, need_weights=False)
        return self.decode(queries + found)


AnyTNet = TNet | TokenTNet


def build_tnet(privileged: tuple[int, ...], heads: int) -> AnyTNet:
    """The T-Net for privileged features of this shape: (F,) or (T, F)."""
    if len(privileged) == 1:
        return TNet(privileged[0])
    return TokenTNet(privileged[0], privileged[1], heads)
