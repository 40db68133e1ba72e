"""T-Nets: hallucinate privileged features from the prevalent ones."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .named_modules import NamedModules


class TNet(nn.Module):
    """An encoder-decoder from the prevalent features to one privileged feature.

    The narrow waist passes on only what the prevalent modalities can say about the privileged one.
    The output is linear: under a squared error it then tends to the mean privileged feature given
    the prevalent ones, without a unit that can die.

    Args:
        feature_dim: length F of the privileged feature.
        in_features: length of the prevalent features together; F by default.

    Source: the T-Net of PKDOT, arXiv 2401.15489 (512 to 128 and back); the released script ends
    it in a sigmoid and leaves it untrained.
    """

    def __init__(self, feature_dim: int, in_features: int | None = None) -> None:
        super().__init__()
        self.feature_dim, self.in_features = feature_dim, in_features or feature_dim
        half, quarter = max(feature_dim // 2, 1), max(feature_dim // 4, 1)
        self.layers = nn.Sequential(
            nn.Linear(self.in_features, half),
            nn.ReLU(),
            nn.Linear(half, quarter),
            nn.ReLU(),
            nn.Linear(quarter, half),
            nn.ReLU(),
            nn.Linear(half, feature_dim),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a hallucinated feature."""
        return (self.feature_dim,)

    def fresh(self) -> "TNet":
        """Another one of the same size with newly drawn weights."""
        return TNet(self.feature_dim, self.in_features)

    def forward(self, prevalent: Tensor) -> Tensor:
        """Prevalent features (B, F') -> hallucinated privileged features (B, F)."""
        return self.layers(prevalent)


class TokenTNet(nn.Module):
    """The same between token sequences, for a fusion that attends.

    Every place of the privileged map has a learnt query that attends to the prevalent tokens; the
    answer goes through a :class:`TNet`, the same for all places.

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

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a hallucinated feature."""
        return (self.places, self.feature_dim)

    def fresh(self) -> "TokenTNet":
        """Another one of the same size with newly drawn weights."""
        return TokenTNet(self.places, self.feature_dim, self.heads)

    def forward(self, prevalent: Tensor) -> Tensor:
        """Prevalent tokens (B, S, F) -> hallucinated privileged tokens (B, T, F)."""
        # shape and not len, which an exporter would take for a constant
        queries = self.queries.expand(prevalent.shape[0], -1, -1)
        answers, _ = self.attention(queries, prevalent, prevalent, need_weights=False)
        return self.decode(queries + answers)


AnyTNet = TNet | TokenTNet


class TNets(NamedModules):
    """All T-Nets of a corpus as one module: privileged modality -> T-Net; may be empty."""

    def fresh(self) -> "TNets":
        """The same T-Nets with newly drawn weights."""
        return TNets({name: tnet.fresh() for name, tnet in self.items()})  # type: ignore[operator]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Privileged modality -> shape of its hallucinated feature, (F,) or (T, F)."""
        return {name: tnet.shape for name, tnet in self.items()}  # type: ignore[misc]

    def forward(self, prevalent: Tensor) -> dict[str, Tensor]:
        """Prevalent features, (B, F) or (B, S, F) -> privileged modality -> hallucinated features.

        Each is (B, F), or (B, T, F) with the T places of that modality.
        """
        return {name: tnet(prevalent) for name, tnet in self.items()}


def joined(features: Sequence[Tensor]) -> Tensor:
    """Features of several modalities as one: vectors behind one another, tokens side by side."""
    if len(features) == 1:
        return features[0]
    return torch.cat(list(features), dim=-1 if features[0].ndim == 2 else 1)


def build_tnet(shape: tuple[int, ...], heads: int, prevalent: int = 1) -> AnyTNet:
    """The T-Net for privileged features of this shape: (F,) or (T, F).

    Args:
        shape: of the privileged feature; prevalent ones have the same width F.
        heads: of an attention over tokens.
        prevalent: number of prevalent modalities.
    """
    if len(shape) == 1:
        return TNet(shape[0], prevalent * shape[0])
    return TokenTNet(shape[0], shape[1], heads)


def build_tnets(shapes: Mapping[str, tuple[int, ...]], heads: int, prevalent: int = 1) -> TNets:
    """One T-Net for each privileged modality; arguments as for :func:`build_tnet`."""
    return TNets({name: build_tnet(shape, heads, prevalent) for name, shape in shapes.items()})
