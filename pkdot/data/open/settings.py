"""Settings of the open corpora: which recordings, seen how, split how.

Nothing here opens a file, so that a configuration can be written and read anywhere.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ..biovid.settings import VideoOptions
from ..modality_names import Names, check_modalities
from ..splits import SplitSettings
from .cremad import Presentation

Pixels = Literal["kinetics", "imagenet"]


class OpenSettings(SplitSettings):
    """What the open corpora have in common; each has a class of its own below."""

    protocol: Literal["holdout", "kfold"] = Field(
        "kfold", description="one test set, or n_folds of them, one a run; no group is divided"
    )
    root: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        None, description="the folder of recordings; None: simulate a small one"
    )
    prevalent: Names = Field((), description="modalities that exist at test time")
    privileged: Names = Field((), description="modalities only the teacher sees")
    seconds: float = Field(
        1.0, gt=0.05, le=60, description="length that sounds are cut to, or padded with silence to"
    )
    strict: bool = Field(False, description="stop at damage instead of leaving recordings out")
    simulated_groups: int = Field(8, ge=3, le=24, description="people, where root is None")
    simulated_recordings: int = Field(4, ge=1, le=50, description="of each person and class")
    simulated_seed: int = Field(0, ge=0, description="other seeds, other people")
    name: str
    modalities: ClassVar[tuple[str, ...]]
    """Names of the modalities that the corpus offers."""

    @model_validator(mode="after")
    def _modalities_are_there(self) -> Self:
        check_modalities(self.prevalent, self.privileged, self.modalities)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities that anything reads, the prevalent ones first."""
        return (*self.prevalent, *self.privileged)

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a label."""
        return self.label_fraction < 1

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data."""
        return self.root is None


class FSDDSettings(OpenSettings):
    """Spoken digits. Groups are speakers.

    ``picture``: a coarse view of a handwritten digit of scikit-learn, of the same class as the
    recording and otherwise a stranger to it; ``sound``: the recording, at 8 kHz; ``noisy_sound``:
    the same with white noise.
    """

    name: Literal["fsdd"] = "fsdd"
    prevalent: Names = Field(("picture",), description="picture, or noisy_sound")
    privileged: Names = Field(("sound",), description="sound")
    seconds: float = Field(0.8, gt=0.05, le=60, description="length of sounds, cut or padded")
    n_folds: int = Field(6, ge=2, description="folds of kfold; 6 test each speaker once")
    noise: float = Field(
        0.2, ge=0, description="standard deviation added to the coarse picture (0 to 1 grey)"
    )
    snr: float = Field(
        0.0, ge=-60, le=60, description="decibels by which noisy_sound's speech exceeds its noise"
    )
    noise_seed: int = Field(0, ge=0, description="of the noise and of who gets which picture")
    simulated_groups: int = Field(6, ge=3, le=24, description="speakers, where root is None")
    modalities: ClassVar[tuple[str, ...]] = ("picture", "noisy_sound", "sound")


class _FaceAndVoice(OpenSettings):
    """Acted emotions: a video of the face, and the sound of the voice."""

    prevalent: Names = Field(("video",), description="modalities that exist at test time")
    privileged: Names = Field(("sound",), description="modalities only the teacher sees")
    video: VideoOptions = Field(
        VideoOptions(), description="of the clips; frames are spread over the whole recording"
    )
    pixels: Pixels = Field("kinetics", description="pixel statistics")


class RAVDESSSettings(_FaceAndVoice):
    """Acted emotions in speech and song. Groups are actors."""

    name: Literal["ravdess"] = "ravdess"
    channel: Literal["speech", "song", "both"] = Field(
        "speech", description="spoken (8 emotions), sung (6), or both"
    )
    seconds: float = Field(3.0, gt=0.05, le=60, description="middle part of the sound that is used")
    modalities: ClassVar[tuple[str, ...]] = ("video", "sound")


class CREMADSettings(_FaceAndVoice):
    """Acted emotions, judged by raters. Groups are actors.

    ``target``: ``acted``, what the actor was asked to show; ``majority``, what most raters saw (no
    target for a tie); ``raters``, their answers' shares as six real values. The modality
    ``raters`` holds the same shares for a teacher to see.
    """

    name: Literal["cremad"] = "cremad"
    target: Literal["acted", "majority", "raters"] = Field(
        "acted", description="what is learnt: the intended emotion, the raters', or their shares"
    )
    presentation: Presentation = Field(
        "both", description="what the raters had of a clip: its voice, its face, or both"
    )
    seconds: float = Field(2.5, gt=0.05, le=60, description="middle part of the sound that is used")
    modalities: ClassVar[tuple[str, ...]] = ("video", "sound", "raters")

    @property
    def needs_votes(self) -> bool:
        """Whether the raters' answers are read."""
        return self.target != "acted" or "raters" in self.names
