"""Fusions that attend over tokens: the gated multimodal transformer, and joint cross-attention.

Nothing here mixes the samples of a batch, in training or evaluation.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import InputError
from .settings import NetworkSettings
from .tokens import pool


class AttentionBlock(nn.Module):
    """Attention of queries to keys, then a small network at each place; both add to the queries.

    Pre-norm form: queries and keys are layer-normalised in front of the attention.

    Args:
        dim: F, width of every token.
        heads: of the attention; must divide F.
        hidden: width of the small network.
        dropout: in the attention weights and the small network.

    Source: Vaswani et al., "Attention is all you need", arXiv 1706.03762; pre-norm as in Xiong et
    al., arXiv 2002.04745.
    """

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm_queries = nn.LayerNorm(dim)
        self.norm_keys = nn.LayerNorm(dim)
        # batch_first is the point: with (places, batch, F) taken for (batch, places, F), samples
        # of a batch would attend to one another.
        self.attention = nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True)
        self.feed = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
        )

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Queries (B, T, F) and keys (B, S, F) -> (B, T, F)."""
        normed_queries, normed_keys = self.norm_queries(queries), self.norm_keys(keys)
        attended, _ = self.attention(normed_queries, normed_keys, normed_keys, need_weights=False)
        x = queries + attended
        return x + self.feed(x)


class GatedTransformerFusion(nn.Module):
    """Self-attention within each modality, cross-attention between them, and a gate that mixes.

    1. Each modality's tokens attend to themselves.
    2. Each modality's tokens attend to those of all others; with one modality this step is left
       out.
    3. The tokens of modality m are averaged to h_m (F,), and v_m = tanh(V_m h_m + b_m) (D,).
    4. The gate sets, per entry of the joint vector, the share of each modality: with
       a_m = W_m [h_1; …; h_M] + c_m, g_m = exp(a_m) / Σ_n exp(a_n), and z = Σ_m g_m ∘ v_m. For
       two modalities that is g_1 = sigmoid(a_1 − a_2) and z = g_1 ∘ v_1 + (1 − g_1) ∘ v_2.

    Args:
        n_modalities: M.
        settings: F, D, heads, dropout, and the width of the blocks' small networks.

    Source: the fusion of PKDOT, arXiv 2401.15489; the gate of Arevalo et al., "Gated Multimodal
    Units", arXiv 1702.01992.
    """

    def __init__(self, n_modalities: int, settings: NetworkSettings) -> None:
        super().__init__()
        s = settings

        def blocks() -> nn.ModuleList:
            return nn.ModuleList(
                AttentionBlock(s.feature_dim, s.heads, s.hidden, s.dropout)
                for _ in range(n_modalities)
            )

        self.within = blocks()
        self.between = blocks() if n_modalities > 1 else nn.ModuleList()
        self.values = nn.ModuleList(
            nn.Linear(s.feature_dim, s.embedding_dim) for _ in range(n_modalities)
        )
        self.gates = nn.Linear(n_modalities * s.feature_dim, n_modalities * s.embedding_dim)
        self.dropout = nn.Dropout(s.dropout)

    def attended(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Steps 1 and 2: tokens of each modality, (B, T_m, F) -> the same shapes."""
        check_tokens(features, len(self.within))
        tokens = [block(x, x) for block, x in zip(self.within, features, strict=True)]
        if len(tokens) > 1:
            others = [torch.cat(tokens[:m] + tokens[m + 1 :], dim=1) for m in range(len(tokens))]
            triples = zip(self.between, tokens, others, strict=True)
            tokens = [block(x, rest) for block, x, rest in triples]
        return tokens

    def summaries(self, features: Sequence[Tensor]) -> Tensor:
        """Steps 1 to 3 up to h: tokens of each modality, (B, T_m, F) -> (B, M, F)."""
        return torch.stack([x.mean(1) for x in self.attended(features)], dim=1)

    def gate(self, summaries: Tensor) -> Tensor:
        """Summaries (B, M, F) -> the share of each modality in each entry, (B, M, D)."""
        scores = self.gates(self.dropout(summaries).flatten(1))
        return scores.unflatten(1, (summaries.shape[1], -1)).softmax(1)

    def mixed(self, summaries: Tensor) -> Tensor:
        """Step 3 from h on, and step 4: summaries (B, M, F) -> joint vectors (B, D)."""
        h = summaries
        v = torch.stack([torch.tanh(value(h[:, m])) for m, value in enumerate(self.values)], dim=1)
        return (self.gate(h) * v).sum(1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Tokens of each modality, (B, T_m, F), in a fixed order -> joint vectors (B, D)."""
        return self.mixed(self.summaries(features))


class JointCrossAttentionFusion(nn.Module):
    """Each modality attends to the joint tokens of all, then their means are joined.

    With X_m (T_m, F) the tokens of modality m and J (T, F) those of all modalities, one behind
    the other: correlations C_m = tanh(X_m W_m Jᵀ / √F), attended H_m = relu(X_m U_m + C_m J V_m /
    T), output X_m + H_m O_m. The published form joins along features, which needs equally many
    places in every modality; joining along places, as here, does not. Frames of a window are
    equally many: :class:`~pkdot.networks.frame_fusion.JointCrossAttentionOverFrames`.

    Args:
        n_modalities: M.
        settings: F, D, and width and dropout of the hidden layer behind the joined means;
            ``heads`` is not read.

    Source: Praveen et al., "A Joint Cross-Attention Model for Audio-Visual Fusion in Dimensional
    Emotion Recognition", arXiv 2203.14779.
    """

    joint_along_features = False

    def __init__(self, n_modalities: int, settings: NetworkSettings) -> None:
        super().__init__()
        s = settings
        own = s.feature_dim
        joint = n_modalities * own if self.joint_along_features else own

        def maps(read: int, made: int, bias: bool) -> nn.ModuleList:
            return nn.ModuleList(nn.Linear(read, made, bias=bias) for _ in range(n_modalities))

        self.norms = nn.ModuleList(nn.LayerNorm(own) for _ in range(n_modalities))
        # W, U, V and O of the formula
        self.correlate, self.keep = maps(own, joint, False), maps(own, own, True)
        self.take, self.out = maps(joint, own, False), maps(own, own, True)
        self.layers = nn.Sequential(
            nn.Linear(n_modalities * s.feature_dim, s.hidden),
            nn.LayerNorm(s.hidden),
            nn.ReLU(),
            nn.Dropout(s.dropout),
            nn.Linear(s.hidden, s.embedding_dim),
        )

    def attended(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Tokens of each modality, (B, T_m, F) -> the same shapes, each attended to all."""
        check_tokens(features, len(self.norms))
        tokens = [norm(x) for norm, x in zip(self.norms, features, strict=True)]
        joint = torch.cat(tokens, dim=-1 if self.joint_along_features else 1)
        places, width = joint.shape[1:]
        attended = []
        for m, x in enumerate(tokens):
            correlation = torch.tanh(self.correlate[m](x) @ joint.mT / math.sqrt(width))
            from_joint = correlation @ self.take[m](joint) / places
            attended.append(x + self.out[m](torch.relu(self.keep[m](x) + from_joint)))
        return attended

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Tokens of each modality, (B, T_m, F), in a fixed order -> joint vectors (B, D)."""
        return self.layers(torch.cat([pool(x) for x in self.attended(features)], dim=1))


def check_tokens(features: Sequence[Tensor], n_modalities: int) -> None:
    """Raise :class:`InputError` unless every modality comes as tokens, more than one a sample.

    Over a single key every attention weight is 1, whatever the query.
    """
    if len(features) != n_modalities:
        raise InputError(f"This fusion joins {n_modalities} modalities, not {len(features)}.")
    for x in features:
        if x.ndim != 3 or x.shape[1] < 2:
            raise InputError(
                f"A fusion that attends needs tokens (B, T, F) with T >= 2, not "
                f"{tuple(x.shape)}; for one vector a sample choose the fusion 'concat'."
            )
