"""Settings of the Aff-Wild2 corpus: which frames, seen and heard how, in which windows.

Nothing here opens a file or needs a video library, so that a configuration can be written and read
anywhere.
"""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ...settings import Settings
from ..modality_names import Names, check_modalities

MODALITIES = ("face", "sound")


class FaceOptions(Settings):
    """How crops are kept."""

    size: int = Field(112, ge=8, le=512, description="height and width in pixels")


class SoundOptions(Settings):
    """How sound is kept, and how much of it belongs to a frame."""

    bands: int = Field(64, ge=8, le=256, description="of the log-mel spectrogram")
    context: float = Field(
        0.5, gt=0.02, le=4, description="seconds of sound around the moment of each frame"
    )


class AffWild2Settings(Settings):
    """Which frames, seen and heard how, in which windows. Nothing here changes with the machine."""

    name: Literal["affwild2"] = "affwild2"
    root: Path | None = Field(None, description="the database's folder; None: simulate")
    prevalent: Names = Field(("face",), description="modalities that exist at test time")
    privileged: Names = Field(("sound",), description="modalities only the teacher sees")
    form: Literal["plain", "raw"] = Field(
        "plain",
        description="frames as small fixed descriptions (grey 16 × 16, loudness of bands), or as "
        "crops and spectrograms for backbones",
    )
    normalisation: Literal["face", "none"] = Field(
        "face",
        description="of plain descriptions: take out each face's own mean and deviation (over all "
        "its frames, in the test too; no label is read), or leave them",
    )
    face: FaceOptions = FaceOptions()
    sound: SoundOptions = SoundOptions()
    length: int = Field(32, ge=2, description="L, frames of a window")
    stride: int | None = Field(
        None, ge=1, description="frames from one training window to the next; null: no overlap"
    )
    dilation: int = Field(1, ge=1, description="frames from one frame of a window to the next")
    validation_fraction: float = Field(
        0.2, gt=0, lt=1, description="training recordings for early stopping"
    )
    smoothing: int | Literal["auto"] = Field(
        1,
        description="frames over which answers are averaged before scoring, odd; 1: none; auto: "
        "what suits a ridge regression best on the inner split, the same for all networks",
    )
    unannotated: bool = Field(
        False, description="read the test videos, too, so that their frames are predicted"
    )
    strict: bool = Field(False, description="stop at damage instead of leaving frames out")
    simulated_videos: int = Field(24, ge=6, le=999, description="where root is None")
    simulated_frames: int = Field(400, ge=16, description="of each simulated video")
    simulated_seed: int = Field(0, ge=0, description="other seeds, other people")

    @field_validator("smoothing", mode="before")
    @classmethod
    def _odd_or_auto(cls, given: Any) -> Any:
        is_width = isinstance(given, int) and not isinstance(given, bool) and given >= 1
        if given != "auto" and not (is_width and given % 2):
            raise ValueError(
                "an odd number of frames, so that no answer is moved in time, or 'auto'"
            )
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_modalities(self.prevalent, self.privileged, MODALITIES)
        if self.stride is not None and self.stride > self.length * self.dilation:
            raise ValueError(
                f"stride {self.stride} would skip frames between windows of "
                f"{self.length * self.dilation}; choose a smaller one"
            )
        return self

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a label."""
        return False

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data."""
        return self.root is None
