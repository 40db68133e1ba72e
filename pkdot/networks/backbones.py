"""Backbones: raw samples -> tokens and a pooled vector; trained or loaded, then frozen.

The features of a frozen backbone are computed once and become a modality of their own
(:mod:`pkdot.training.encoders`); teacher and student put a small trainable encoder on top. The kind
of a modality (:data:`pkdot.data.corpus.Kind`) says which backbones can read it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from ..errors import ConfigError, InputError
from ..settings import Settings
from .augment import AUGMENTATIONS
from .picture import PictureResNet18, SmallPictureNet
from .signal import SmallSignalNet, SpectrogramNet
from .sound import LogMelNet
from .tokens import pool
from .video import SmallVideoNet
from .weights import download_r3d18, load_r3d18

KINETICS = "kinetics"
"""Instead of a path: the public Kinetics-400 weights, downloaded once and checked by their hash."""

BACKBONES: dict[str, tuple[str, ...]] = {
    "clip": ("small", "r3d18"),
    "signal": ("small", "spectrogram", "spectrogram_resnet18"),
    "sound": ("log_mel", "log_mel_resnet18"),
    "picture": ("small", "resnet18"),
}
"""Kind of raw samples -> names of the backbones that read them."""

_SETTING = {"clip": "video", "signal": "signal", "sound": "sound", "picture": "picture"}
_SHAPES = {"clip": "(3, T, H, W)", "signal": "(C, L)", "sound": "(1, L)", "picture": "(C, H, W)"}


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
    sound: Literal["log_mel", "log_mel_resnet18"] = Field(
        "log_mel", description="2-D network on the log-mel spectrogram, small or a ResNet-18"
    )
    sound_rate: float = Field(16_000.0, gt=0, description="samples a second of sounds")
    picture: Literal["small", "resnet18"] = Field(
        "small", description="2-D network on pictures, small or a ResNet-18, untrained at first"
    )
    encoders: dict[str, str] = Field(
        default_factory=dict,
        description="modality -> its backbone, in place of the one of its kind, e.g. eda -> "
        "spectrogram",
    )
    feature_dim: int = Field(64, ge=4, description="width of the small networks' features")
    normalisation: Literal["group", "none"] = Field(
        "group",
        description="of the features: take out each group's own mean and deviation (over all "
        "samples of the subject, actor or video, in the test too; no label is read), or leave "
        "them; left where most groups have one sample, which would become zeros",
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

    @field_validator("normalisation", mode="before")
    @classmethod
    def _older_word(cls, given: Any) -> Any:
        return "group" if given == "subject" else given

    @model_validator(mode="after")
    def _known_encoders(self) -> Self:
        known = {name for names in BACKBONES.values() for name in names}
        for modality, name in self.encoders.items():
            if name not in known:
                raise ConfigError(
                    f"backbones.encoders names {name!r} for {modality!r}; choose from {_choices()}."
                )
        return self

    @model_validator(mode="after")
    def _weights_where_needed(self) -> Self:
        r3d18 = self.video == "r3d18" or "r3d18" in self.encoders.values()
        if r3d18 and self.video_weights is None:
            raise ConfigError(
                "R3D-18 is of no use without pretrained weights: give video_weights a path, or "
                f"{KINETICS!r} to download the public ones."
            )
        if not r3d18 and (self.video_weights is not None or self.fine_tune):
            raise ConfigError("video_weights and fine_tune belong to the backbone 'r3d18'.")
        return self

    def backbone_of(self, modality: str, kind: str) -> str:
        """The name of the backbone that reads a raw modality.

        Raises:
            ConfigError: if the one that ``encoders`` names reads another kind.
        """
        name: str = self.encoders.get(modality, getattr(self, _SETTING[kind]))
        if name not in BACKBONES[kind]:
            raise ConfigError(
                f"backbones.encoders names {name!r} for {modality!r}, whose samples are of the "
                f"kind {kind}; choose from {', '.join(BACKBONES[kind])}."
            )
        return name

    def check_modalities(self, kinds: Mapping[str, str]) -> None:
        """Refuse ``encoders`` with an unknown modality, or a backbone of another kind.

        Args:
            kinds: of every modality that is read.

        Raises:
            ConfigError: one sentence with the choices.
        """
        for modality in self.encoders:
            raw = [name for name, kind in kinds.items() if is_raw(kind)]
            if modality not in raw:
                why = (
                    f"whose samples are of the kind {kinds[modality]} and go through no backbone"
                    if modality in kinds
                    else "which is no modality of this corpus"
                )
                raise ConfigError(
                    f"backbones.encoders names a backbone for {modality!r}, {why}; modalities "
                    f"with one: {', '.join(raw) or 'none'}."
                )
            self.backbone_of(modality, kinds[modality])

    def stays_frozen(self, backbone: str) -> bool:
        """Whether a backbone comes with weights that are not trained further."""
        return backbone == "r3d18" and not self.fine_tune


def _choices() -> str:
    return "; ".join(f"{', '.join(names)} (of a {kind})" for kind, names in BACKBONES.items())


def is_raw(kind: str) -> bool:
    """Whether samples of this kind go through a backbone first."""
    return kind in BACKBONES


def build_backbone(
    name: str,
    kind: str,
    shape: tuple[int, ...],
    settings: BackboneSettings,
    weights_folder: Path | None = None,
) -> nn.Module:
    """A backbone for raw samples; its forward gives :class:`~pkdot.networks.tokens.Encoded`.

    Args:
        name: one of :data:`BACKBONES` of that kind.
        kind: of the samples.
        shape: of one sample.
        settings: sizes, and where weights lie.
        weights_folder: where a download is kept; only read for ``kinetics``.

    Raises:
        InputError: for a shape or kind that the backbone does not take.
        DataError: for weights that are missing, damaged or another network's.
    """
    if not is_raw(kind) or not _fits(kind, shape):
        known = ", ".join(f"a {k} {form}" for k, form in _SHAPES.items())
        raise InputError(
            f"No backbone takes samples of the kind {kind} and shape {shape}; understood are "
            f"{known}."
        )
    channels, dim = shape[0], settings.feature_dim
    if kind == "signal":
        if name == "small":
            return SmallSignalNet(dim, channels=channels)
        size = "resnet18" if name == "spectrogram_resnet18" else "small"
        return SpectrogramNet(size=size, channels=channels)
    if kind == "sound":
        size = "resnet18" if name == "log_mel_resnet18" else "small"
        return LogMelNet(settings.sound_rate, size, dim)
    if kind == "picture":
        if name == "small":
            return SmallPictureNet(dim, channels=channels)
        return PictureResNet18(channels)
    if name == "small":
        return SmallVideoNet(dim)
    return _pretrained(settings, weights_folder)


def _fits(kind: str, shape: tuple[int, ...]) -> bool:
    """Whether a shape is one of the kind's."""
    form = _SHAPES[kind][1:-1].split(", ")
    pairs = zip(form, shape, strict=False)
    return len(form) == len(shape) and all(not a.isdigit() or int(a) == n for a, n in pairs)


def _pretrained(settings: BackboneSettings, weights_folder: Path | None) -> nn.Module:
    """R3D-18 with the weights that the settings name."""
    assert settings.video_weights is not None
    if settings.video_weights != KINETICS:
        return load_r3d18(Path(settings.video_weights).expanduser())
    if weights_folder is None:
        raise ConfigError("Downloading weights needs a folder to keep them; give one.")
    return load_r3d18(download_r3d18(weights_folder))


class Unimodal(nn.Module):
    """A backbone with a small head of its own: how it is trained, and scored alone.

    In training, samples are changed at random as :data:`~pkdot.networks.augment.AUGMENTATIONS` has
    it for their kind.

    Args:
        backbone: gives :class:`Encoded`; None where the samples are features already, (B, F) or
            (B, T, F).
        feature_dim: F.
        n_classes: C.
        dropout: probability that an entry of the pooled vector is dropped in training.
        kind: of the samples.
    """

    def __init__(
        self,
        backbone: nn.Module | None,
        feature_dim: int,
        n_classes: int,
        dropout: float,
        kind: str = "",
    ) -> None:
        super().__init__()
        self.backbone, self.augment = backbone, AUGMENTATIONS.get(kind)
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
            if self.training and self.augment is not None:
                samples = self.augment(samples)
            pooled = self.backbone(samples).pooled
        return self.score(pooled), pooled


def weights_hash(network: nn.Module) -> str:
    """SHA-256 of a network's state: names, shapes and values."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        # As bytes, since NumPy lacks some types (bfloat16).
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
