"""Fusions that attend over the frames of a window: features of frames -> a joint vector a frame.

A frame is one vector a modality. Nothing tells an attention when a frame was: order comes from the
temporal part of the encoders (:mod:`pkdot.networks.temporal`), without which the frames of a window
are a set. Nothing mixes windows, and a window may have any length from 2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .attention import (
    AttentionBlock,
    GatedTransformerFusion,
    JointCrossAttentionFusion,
    check_tokens,
)
from .settings import NetworkSettings


class GatedTransformerOverFrames(GatedTransformerFusion):
    """The gated transformer whose tokens are frames, and which gates each frame by itself.

    Steps 1 and 2 of :class:`~pkdot.networks.attention.GatedTransformerFusion` attend over the
    frames of the window; steps 3 and 4 are made for each frame, without a mean over them.
    """

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Frames of each modality, (B, L, F), in a fixed order -> joint vectors (B, L, D)."""
        windows = features[0].shape[:2]
        frames = torch.stack(self.attended(features), dim=2)
        return self.mixed(frames.flatten(0, 1)).unflatten(0, windows)


class JointCrossAttentionOverFrames(JointCrossAttentionFusion):
    """Each modality's correlation with the joint representation of the window's frames.

    With X_m (L, F) the frames of modality m and J = [X_1, …, X_M] (L, M F), joined along features
    as published: correlations C_m = tanh(X_m W_m Jᵀ / √(M F)) (L, L), attended H_m = relu(X_m U_m +
    C_m J V_m / L), output X_m + H_m O_m, and a hidden layer joins the modalities of each frame. The
    published maps of C_m have one row a place of the window, and so hold for one length; here C_m
    weighs the joint frames, which holds for all.

    Args:
        n_modalities: M.
        settings: as for :class:`~pkdot.networks.attention.JointCrossAttentionFusion`.

    Source: Praveen et al., "A Joint Cross-Attention Model for Audio-Visual Fusion in Dimensional
    Emotion Recognition", arXiv 2203.14779, section 3.
    """

    joint_along_features = True

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Frames of each modality, (B, L, F), in a fixed order -> joint vectors (B, L, D)."""
        return self.layers(torch.cat(self.attended(features), dim=-1))


class JointTransformerFusion(nn.Module):
    """The joint multimodal transformer: modalities and their joint representation attend in pairs.

    1. The joint representation is a linear map of the features behind one another, frame by frame.
    2. Self-attention over the frames of each modality, and of the joint representation.
    3. Cross-attention of each of these M + 1 sequences to each of the M others; one block a
       querying sequence, as in the authors' code.
    4. The (M + 1) M results stand behind one another, and a linear map gives each frame's vector.

    Blocks are pre-norm with residuals, :class:`~pkdot.networks.attention.AttentionBlock`; the
    published cross-attention has neither.

    Args:
        n_modalities: M.
        settings: F, D, heads, dropout, and the width of the blocks' small networks.

    Source: Waligora et al., "Joint Multimodal Transformer for Emotion Recognition in the Wild",
    arXiv 2403.10488; the variant that ends in a fully connected layer.
    """

    def __init__(self, n_modalities: int, settings: NetworkSettings) -> None:
        super().__init__()
        s = settings

        def blocks() -> nn.ModuleList:
            return nn.ModuleList(
                AttentionBlock(s.feature_dim, s.heads, s.hidden, s.dropout)
                for _ in range(n_modalities + 1)
            )

        self.join = nn.Linear(n_modalities * s.feature_dim, s.feature_dim)
        self.within, self.between = blocks(), blocks()
        pairs = (n_modalities + 1) * n_modalities
        self.out = nn.Linear(pairs * s.feature_dim, s.embedding_dim)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Frames of each modality, (B, L, F), in a fixed order -> joint vectors (B, L, D)."""
        check_tokens(features, len(self.within) - 1)
        given = [*features, self.join(torch.cat(list(features), dim=-1))]
        own = [block(x, x) for block, x in zip(self.within, given, strict=True)]
        crossed = [
            block(x, other)
            for i, (block, x) in enumerate(zip(self.between, own, strict=True))
            for j, other in enumerate(own)
            if i != j
        ]
        return self.out(torch.cat(crossed, dim=-1))
