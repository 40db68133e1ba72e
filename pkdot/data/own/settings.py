"""Settings of own data: where they lie, who sees what, what is learnt, how media are read.

Nothing here opens a file, so that a configuration can be written and read anywhere.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ...errors import ConfigError
from ...settings import Settings
from ..corpus import Kind
from ..modality_names import Names
from ..splits import SplitSettings

TaskChoice = Literal["auto", "classification", "ordinal", "regression", "multilabel"]

ID, GROUP, SPLIT = "id", "group", "split"
"""Columns that are read where they are there, and that need not be; other names must exist."""

TARGET = ("target",)


class MediaSettings(Settings):
    """How sounds, pictures, clips and signals are read, each to one shape."""

    sound_rate: int = Field(16_000, ge=1000, le=192_000, description="samples per second")
    sound_seconds: float | None = Field(
        None, gt=0, description="cut or padded with silence to this length; null: all are alike"
    )
    signal_length: int | None = Field(
        None, ge=1, description="cut or padded with zeros to so many values; null: all are alike"
    )
    picture_size: int = Field(112, ge=8, le=2048, description="height and width in pixels")
    clip_frames: int = Field(8, ge=1, le=512, description="frames at equal distances of a video")
    clip_size: int = Field(112, ge=8, le=1024, description="height and width in pixels")


class OwnSettings(SplitSettings):
    """Samples of one's own: a table, a folder, arrays in a file, or what ``datasets`` saves."""

    name: Literal["own"] = "own"
    path: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        None, description="a .csv, .parquet or .npz file, or a folder"
    )
    prevalent: Names = Field((), description="modalities that exist at test time")
    privileged: Names = Field((), description="modalities only the teacher sees")
    target: Names = Field(TARGET, description="column, or columns, of what is learnt")
    task: TaskChoice = Field("auto", description="what is learnt; auto: told by the targets")
    classes: Names = Field((), description="names of the classes in order, where values give none")
    objective: Literal["ccc", "mse", "huber"] = Field("mse", description="loss of a regression")
    group: str = Field(
        GROUP,
        description="column of what must not stand on both sides of a split; empty: each sample",
    )
    id: str = Field(ID, description="column of the samples' names")
    split: str = Field(SPLIT, description="column of a given split; empty: draw one")
    kinds: dict[str, Kind] = Field(
        default_factory=dict, description="modality -> what it is, where its shape does not tell"
    )
    drop_missing: bool = Field(
        False, description="leave damaged and incomplete samples out instead of stopping"
    )
    media: MediaSettings = Field(default_factory=MediaSettings, description="how files are read")
    simulated: bool = Field(False, description="whether a simulator made the data")
    contents: str = Field(
        "", description="hash of the data that a sweep began with; others are then refused"
    )

    @model_validator(mode="after")
    def _roles_differ(self) -> Self:
        for role in ("prevalent", "privileged", "target"):
            names = getattr(self, role)
            if len(set(names)) != len(names):
                raise ConfigError(f"{role} names {', '.join(names)}; name each once.")
        both = [name for name in self.prevalent if name in self.privileged]
        if both:
            raise ConfigError(
                f"{both[0]!r} cannot be prevalent and privileged at once; a privileged modality "
                f"is one that the student does not see."
            )
        if not self.target:
            raise ConfigError("target names no column; name one or more.")
        return self

    @property
    def roles(self) -> tuple[str, ...]:
        """The modalities that anything reads, the prevalent ones first."""
        return (*self.prevalent, *self.privileged)

    @property
    def has_unlabelled(self) -> bool:
        """Whether targets are taken from training samples; the data may lack more."""
        return self.label_fraction < 1

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator made the data."""
        return self.simulated
