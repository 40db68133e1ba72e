"""The temporal part of an encoder: features of frames -> features that know their neighbours.

Nothing here is causal: a recording is answered when it is at hand as a whole, as its scores and the
smoothing of answers take it, so that a frame is read beside what came before and after it. Nothing
mixes windows, and a window may have any length.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from .settings import NetworkSettings

KERNEL = 3
"""Frames of a convolution."""


class _ConvolutionBlock(nn.Module):
    """Two convolutions over time of one dilation, added to their input."""

    def __init__(self, dim: int, dilation: int, dropout: float) -> None:
        super().__init__()

        def convolution() -> nn.Conv1d:
            padding = dilation * (KERNEL // 2)
            return nn.Conv1d(dim, dim, KERNEL, padding=padding, dilation=dilation)

        self.norm = nn.LayerNorm(dim)
        self.layers = nn.Sequential(
            convolution(), nn.ReLU(), nn.Dropout(dropout), convolution(), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, F) -> (B, L, F)."""
        return x + self.layers(self.norm(x).mT).mT


class TemporalConvolution(nn.Module):
    """A temporal convolutional network: residual blocks whose dilation doubles.

    An answer depends on :attr:`reach` frames at each side and on no other; beyond the ends of a
    window stand zeros. Unlike the published form it looks both ways, and a layer norm of each frame
    takes the place of weight normalisation.

    Args:
        dim: F, width of a frame's feature.
        blocks: how many; their dilations are 1, 2, 4, …
        dropout: behind each convolution.

    Source: Bai, Kolter, Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
    Networks for Sequence Modeling", arXiv 1803.01271, section 3.
    """

    def __init__(self, dim: int, blocks: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(_ConvolutionBlock(dim, 2**number, dropout) for number in range(blocks))
        )

    @property
    def reach(self) -> int:
        """Frames at each side that an answer depends on: 2 · (1 + 2 + 4 + …) · ⌊kernel / 2⌋."""
        return 2 * (KERNEL // 2) * (2 ** len(self.blocks) - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Frames of windows (B, L, F) -> (B, L, F)."""
        return self.blocks(x)


class TemporalRecurrence(nn.Module):
    """A gated recurrent unit that reads a window in both directions, added to its input.

    Args:
        dim: F, width of a frame's feature, and of the state in each direction.
        dropout: of what is added.

    Source: Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", arXiv
    1406.1078; in both directions as Schuster and Paliwal, 1997.
    """

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.recurrence = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Frames of windows (B, L, F) -> (B, L, F)."""
        states, _ = self.recurrence(self.norm(x))
        return x + self.dropout(self.out(states))


class EncoderOverTime(nn.Module):
    """An encoder of frames, a temporal part over the frames of each window, and a layer norm.

    The norm ends what the residual blocks add up, frame by frame. Of frames that are tokens, each
    place is followed over time by itself, by one network for all places.

    Args:
        encoder: frames (n, ...) -> features (n, F) or tokens (n, T, F).
        temporal: windows of features (B, L, F) -> the same shape.
        dim: F.
    """

    def __init__(self, encoder: nn.Module, temporal: nn.Module, dim: int) -> None:
        super().__init__()
        self.encoder, self.temporal = encoder, temporal
        self.norm = nn.LayerNorm(dim)

    def standardise_by(self, samples: Tensor) -> None:
        """Take mean and deviation from training frames (n, ...)."""
        self.encoder.standardise_by(samples)  # type: ignore[operator]

    def forward(self, frames: Tensor, windows: Sequence[int]) -> Tensor:
        """Frames of B windows of L frames, (B · L, ...) -> features (B · L, F) or (B · L, T, F).

        Args:
            frames: those of a window one after the other.
            windows: B and L.
        """
        x = self.encoder(frames).unflatten(0, windows)
        if x.ndim == 3:
            x = self.temporal(x)
        else:
            places = x.transpose(1, 2)  # (B, T, L, F)
            x = self.temporal(places.flatten(0, 1)).unflatten(0, places.shape[:2]).transpose(1, 2)
        # flattened first: an exporter would else tie the number of frames to their width
        return self.norm(x.flatten(0, 1))


def over_time(encoder: nn.Module, settings: NetworkSettings) -> nn.Module:
    """An encoder with the temporal part that the settings name; as it is where they name none."""
    s = settings
    if s.temporal == "none":
        return encoder
    if s.temporal == "tcn":
        part: nn.Module = TemporalConvolution(s.feature_dim, s.temporal_blocks, s.dropout)
    else:
        part = TemporalRecurrence(s.feature_dim, s.dropout)
    return EncoderOverTime(encoder, part, s.feature_dim)


def encode_frames(
    encoder: nn.Module, samples: Tensor, windows: Sequence[int] | None = None
) -> Tensor:
    """Features of samples, or of the frames of windows, by an encoder with or without time.

    Args:
        encoder: of one modality.
        samples: (B, ...), or frames (B · L, ...).
        windows: B and L where samples are frames.
    """
    if isinstance(encoder, EncoderOverTime):
        assert windows is not None
        return encoder(samples, windows)
    features: Tensor = encoder(samples)
    return features
