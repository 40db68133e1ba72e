"""Settings of the BioVid corpus: which windows, seen how, split how.

Nothing here opens a file or needs a video library, so that a configuration can be written and read
anywhere.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from ...errors import ConfigError
from ...settings import Settings
from ..modality_names import Names, check_modalities
from .index import SignalKind
from .protocols import Protocol, check_exclusion

COLUMN_OF = {
    "eda": "gsr",
    "ecg": "ecg",
    "emg_trapezius": "emg_trapezius",
    "emg_corrugator": "emg_corrugator",
    "emg_zygomaticus": "emg_zygomaticus",
}
"""Modality -> column of the file. Part A lacks the two facial EMGs.

``temperature/`` is left out on purpose: the heat is the stimulus that defines the class, and a
teacher that read it would read the label. It is also constant over a baseline window.
"""

MODALITIES = ("video", *COLUMN_OF)
Normalisation = Literal["subject", "fold", "window", "none"]

TaskName = Literal["bl1_pa4", "five_classes", "ordinal"]

TASKS: dict[str, tuple[int, ...]] = {
    "bl1_pa4": (0, 4),
    "five_classes": (0, 1, 2, 3, 4),
    "ordinal": (0, 1, 2, 3, 4),
}
"""Task -> class numbers. ``ordinal`` has the classes of ``five_classes`` and other measures."""


class VideoOptions(Settings):
    """How a clip is treated; settings only, no state.

    ``frames``: segments, one frame each; ``size``: height and width of the result in pixels;
    ``face``: find a face, or crop the centre without looking; ``margin``: widening of the
    detected box, as a share of its side (the cascade cuts chin and forehead).
    """

    frames: int = Field(default=10, ge=1, le=256)
    size: int = Field(default=112, ge=16, le=512)
    face: bool = True
    margin: float = Field(default=0.1, ge=0, le=1)


Filter = Literal["none", "neurokit", "biosppy", "lowpass", "bandpass", "envelope"]


class SignalOptions(Settings):
    """How one biosignal is treated; settings only, no state.

    ``filter``: ``none``; ``neurokit`` and ``biosppy``: the cleaning of that name in NeuroKit2 for
    the modality; ``lowpass`` 3 Hz (EDA); ``bandpass`` 20–250 Hz (EMG) or 0.5–40 Hz (ECG);
    ``envelope``: rectified band-passed EMG below 8 Hz. ``rate``: of the result, per second.
    """

    filter: Filter = "neurokit"
    rate: float = Field(default=32.0, gt=0, le=2048)


DEFAULT_OPTIONS = {
    "eda": SignalOptions(filter="neurokit", rate=32.0),
    "ecg": SignalOptions(filter="neurokit", rate=128.0),
    # EMG lives between 20 and 250 Hz: without its envelope a lower rate would leave nothing
    "emg_trapezius": SignalOptions(filter="envelope", rate=64.0),
    "emg_corrugator": SignalOptions(filter="envelope", rate=64.0),
    "emg_zygomaticus": SignalOptions(filter="envelope", rate=64.0),
}

_FILTERS: dict[str, tuple[str, ...]] = {
    "eda": ("none", "neurokit", "biosppy", "lowpass"),
    "ecg": ("none", "neurokit", "biosppy", "bandpass"),
    "emg": ("none", "biosppy", "bandpass", "envelope"),
}


def check_filter(modality: str, name: str) -> None:
    """Raise :class:`ConfigError` where no filter of that name exists for the modality."""
    known = _FILTERS[modality.split("_")[0]]
    if name not in known:
        raise ConfigError(f"No filter {name!r} for {modality}; choose from {', '.join(known)}.")


class BioVidSettings(Settings):
    """Which windows, seen how, split how. Nothing here changes with the machine."""

    name: Literal["biovid"] = "biovid"
    root: Path | None = Field(default=None, description="the database's folder; None: simulate")
    part: Literal["A", "B"] = Field(
        default="A", description="part of the database; B has facial EMG"
    )
    signals: SignalKind = Field(
        default="filtered", description="biosignals_filtered or biosignals_raw"
    )
    task: TaskName = Field(default="bl1_pa4", description="BL1 against PA4, or all five classes")
    prevalent: Names = Field(default=("video",), description="modalities that exist at test time")
    privileged: Names = Field(default=("eda",), description="modalities only the teacher sees")
    protocol: Protocol = Field(default="grouped_5fold", description="how subjects are split")
    fold: int = Field(default=0, ge=0, description="which fold of the protocol")
    fold_seed: int = Field(default=0, ge=0, description="assigns subjects to folds")
    exclude_low_expressive: bool = Field(
        default=False, description="leave out the 20 listed subjects"
    )
    validation_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="training subjects for early stopping"
    )
    label_fraction: float = Field(
        default=1.0, gt=0, le=1, description="training windows with a label"
    )
    label_unit: Literal["window", "subject"] = Field(
        default="window", description="thin out labels within each subject, or label whole subjects"
    )
    window: tuple[float, float] = Field(
        default=(0.0, 5.5), description="seconds of the window to use"
    )
    video: VideoOptions = Field(default=VideoOptions(), description="of the clips")
    pixels: Literal["kinetics", "imagenet"] = Field(
        default="kinetics", description="pixel statistics"
    )
    normalisation: Normalisation = Field(default="subject", description="of the signals")
    eda: SignalOptions = DEFAULT_OPTIONS["eda"]
    ecg: SignalOptions = DEFAULT_OPTIONS["ecg"]
    emg: SignalOptions = DEFAULT_OPTIONS["emg_trapezius"]
    strict: bool = Field(default=False, description="stop at damage instead of leaving windows out")
    simulated_subjects: int = Field(default=20, ge=1, le=999, description="where root is None")
    simulated_windows: int = Field(default=10, ge=1, le=99, description="per subject and class")
    simulated_seed: int = Field(default=0, ge=0, description="other seeds, other people")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_modalities(self.prevalent, self.privileged, MODALITIES)
        if not 0 <= self.window[0] < self.window[1] <= 5.5:
            raise ValueError(f"window must lie within 0 to 5.5 seconds, not {self.window}")
        try:
            check_exclusion(self.protocol, self.exclude_low_expressive)
            for name in ("eda", "ecg", "emg"):
                check_filter(name, getattr(self, name).filter)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a label."""
        return self.label_fraction < 1

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data."""
        return self.root is None

    def options(self, modality: str) -> VideoOptions | SignalOptions:
        """How a modality is prepared."""
        return self.video if modality == "video" else getattr(self, modality.split("_")[0])
