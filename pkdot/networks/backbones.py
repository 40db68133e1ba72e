"""Backbones: raw clips and signals -> tokens and a pooled vector; trained or loaded, then frozen.

The features of a frozen backbone are computed once and become a modality of their own
(:mod:`pkdot.training.encoders`); teacher and student put a small trainable encoder on top.
"""

import hashlib
from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ..errors import ConfigError, InputError
from ..settings import Settings
from .signal import SmallSignalNet, SpectrogramNet
from .tokens import pool
from .video import SmallVideoNet
from .weights import download_r3d18, load_r3d18

KINETICS = "kinetics"
"""Instead of a path: the public Kinetics-400 weights, downloaded once and checked by their hash."""


class BackboneSettings(Settings):
    """Which backbone reads each kind of modality, and how it learns in its own stage."""

    video: Literal["small", "r3d18"] = Field(
        "small", description="a (2+1)D network for laptops, or R3D-18 with pretrained weights"
    )
    video_weights: str | None = Field(
        None, description="of R3D-18: path of a state dict, or 'kinetics' to download them once"
    )
    fine_tune: bool = Field(False, description="train R3D-18 further instead of leaving it frozen")
    signal: Literal["small", "spectrogram", "spectrogram_resnet18"] = Field(
        "small", description="1-D network on the samples, or a 2-D one on their spectrogram"
    )
    feature_dim: int = Field(64, ge=4, description="width of the two small networks' features")
    normalisation: Literal["subject", "none"] = Field(
        "subject",
        description="of the features: take out each subject's own mean and deviation (over all "
        "windows of the subject, in the test too; no label is read), or leave them",
    )
    token_side: int = Field(
        3, ge=1, description="tokens along each side of a clip's map at most, for attending fusions"
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="in front of the backbone's own head")
    epochs: int = Field(24, ge=1, description="at most so many epochs of a backbone's stage")
    patience: int = Field(10, ge=1, description="epochs without progress before the stage stops")
    batch_size: int = Field(32, ge=2, description="of a backbone's stage")
    learning_rate: float = Field(4e-3, gt=0, description="of Adam; the peak of its one cycle")
    weight_decay: float = Field(0.01, ge=0, description="of Adam (decoupled)")

    @model_validator(mode="after")
    def _weights_where_needed(self) -> Self:
        if self.video == "r3d18" and self.video_weights is None:
            raise ConfigError(
                "R3D-18 is of no use without pretrained weights: give video_weights a path, or "
                f"{KINETICS!r} to download the public ones."
            )
        if self.video == "small" and (self.video_weights is not None or self.fine_tune):
            raise ConfigError("video_weights and fine_tune belong to the backbone 'r3d18'.")
        return self


def is_raw(shape: tuple[int, ...]) -> bool:
    """Whether samples of this shape are clips (3, T, H, W) or signals (1, L), not vectors."""
    return (len(shape) == 4 and shape[0] == 3) or (len(shape) == 2 and shape[0] == 1)


def starts_frozen(shape: tuple[int, ...], settings: BackboneSettings) -> bool:
    """Whether the backbone for this shape comes with weights that are not trained further."""
    return len(shape) == 4 and settings.video == "r3d18" and not settings.fine_tune


def build_backbone(
    shape: tuple[int, ...], settings: BackboneSettings, weights_folder: Path | None = None
) -> nn.Module:
    """A backbone for raw samples of this shape; its forward gives :class:`Encoded`.

    Args:
        shape: of one sample: a clip (3, T, H, W) or a signal (1, L).
        settings: which network.
        weights_folder: where a download is kept; only read for ``kinetics``.

    Raises:
        InputError: for a shape that no backbone takes.
        DataError: for weights that are missing, damaged or another network's.
    """
    if not is_raw(shape):
        raise InputError(
            f"No backbone takes samples of shape {shape}; clips (3, T, H, W) and signals (1, L) "
            f"are understood."
        )
    if len(shape) == 4:
        if settings.video == "small":
            return SmallVideoNet(settings.feature_dim)
        assert settings.video_weights is not None
        if settings.video_weights != KINETICS:
            return load_r3d18(Path(settings.video_weights).expanduser())
        if weights_folder is None:
            raise ConfigError("Downloading weights needs a folder to keep them; give one.")
        return load_r3d18(download_r3d18(weights_folder))
    if settings.signal == "small":
        return SmallSignalNet(settings.feature_dim)
    return SpectrogramNet(size="small" if settings.signal == "spectrogram" else "resnet18")


def augment(clips: Tensor) -> Tensor:
    """Each clip (B, 3, T, H, W) mirrored, moved and lit at random, the same in all its frames.

    Half are mirrored left to right, as pain has no handedness; all are moved by up to a fourteenth
    of the side, borders repeated; contrast varies by a fifth (standard deviation), the brightness
    of each colour by a fifth of a pixel's deviation.
    """
    size, device = len(clips), clips.device
    mirrored = torch.rand(size, 1, 1, 1, 1, device=device) < 0.5
    clips = torch.where(mirrored, clips.flip(-1), clips)
    reach = clips.shape[-1] // 14
    moves = torch.randint(-reach, reach + 1, (2, size, 1), device=device)
    rows = (torch.arange(clips.shape[-2], device=device) + moves[0]).clamp(0, clips.shape[-2] - 1)
    columns = (torch.arange(clips.shape[-1], device=device) + moves[1]).clamp(
        0, clips.shape[-1] - 1
    )
    clips = clips.gather(3, rows[:, None, None, :, None].expand_as(clips))
    clips = clips.gather(4, columns[:, None, None, None, :].expand_as(clips))
    contrast = 1 + 0.2 * torch.randn(size, 1, 1, 1, 1, device=device)
    return clips * contrast + 0.2 * torch.randn(size, 3, 1, 1, 1, device=device)


class Unimodal(nn.Module):
    """A backbone with a small head of its own: how it is trained, and scored alone.

    In training, clips are changed at random by :func:`augment`.

    Args:
        backbone: gives :class:`Encoded`; None where the samples are features already, (B, F) or
            (B, T, F).
        feature_dim: F.
        n_classes: C.
        dropout: probability that an entry of the pooled vector is dropped in training.
    """

    def __init__(
        self, backbone: nn.Module | None, feature_dim: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.backbone = backbone
        # Features that were not trained for the task come in any scale.
        self.norm = nn.BatchNorm1d(feature_dim, affine=False) if backbone is None else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(feature_dim, n_classes)

    def score(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, F) -> logits (B, C)."""
        return self.head(self.dropout(self.norm(pooled)))

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Samples (B, ...) -> logits (B, C) and pooled features (B, F)."""
        if self.backbone is None:
            pooled = pool(samples)
        else:
            if self.training and samples.ndim == 5:
                samples = augment(samples)
            pooled = self.backbone(samples).pooled
        return self.score(pooled), pooled


def weights_hash(network: nn.Module) -> str:
    """SHA-256 of a network's state: names, shapes and values."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
