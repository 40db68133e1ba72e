"""Sizes that teacher and student share."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ..errors import ConfigError
from ..settings import Settings

Fusion = Literal["concat", "gated_transformer", "joint_cross_attention", "joint_transformer"]

ALONE = {"student_encoder": "fresh", "tnet": "none"}
"""Settings of a student that takes no network over from the teacher."""


class NetworkSettings(Settings):
    """Sizes that teacher and student share, and what the student starts from."""

    feature_dim: int = Field(64, ge=4, description="F, length of each modality's feature")
    fusion: Fusion = Field("concat", description="how the modalities' features are joined")
    attends_over: Literal["places", "frames"] = Field(
        "places",
        description="what a fusion that attends reads: the places of each sample's or frame's map, "
        "or the frames of a window, one vector each; concat attends over nothing",
    )
    temporal: Literal["none", "tcn", "gru"] = Field(
        "none",
        description="what each encoder ends in where samples are windows of frames: nothing, a "
        "temporal convolutional network, or a recurrence; both look forwards and back",
    )
    temporal_blocks: int = Field(
        3, ge=1, le=8, description="of tcn; n of them reach 2 · (2^n - 1) frames at each side"
    )
    heads: int = Field(2, ge=1, description="of every attention; must divide feature_dim")
    embedding_dim: int = Field(64, ge=2, description="D, length of the embedding z")
    hidden: int = Field(512, ge=4, description="width of hidden layers")
    dropout: float = Field(0.6, ge=0, lt=1, description="dropout of hidden layers")
    input_noise: float = Field(
        0.6, ge=0, description="deviation of noise on standardised inputs in training"
    )
    embedding_norm: Literal["batch", "layer", "none"] = Field(
        "batch", description="norm that ends the embedding, in front of head and distillation"
    )
    student_encoder: Literal["copied", "fresh"] = Field(
        "copied", description="start the student's encoder from the teacher's, or anew"
    )
    freeze_student_encoder: bool = Field(
        False, description="leave the student's encoder as it starts"
    )
    tnet: Literal["frozen", "joint", "none", "random"] = Field(
        "joint",
        description="T-Net in the student stage: frozen, training on, not there, or never trained "
        "(as in the released script)",
    )

    teacher_sees: Literal["all", "privileged"] = Field(
        "all",
        description="modalities that the teacher reads; privileged: those alone, and there is "
        "nothing that a student could copy (student_encoder is fresh, tnet none)",
    )
    late: ClassVar[frozenset[str]] = frozenset({"teacher_sees"})

    @model_validator(mode="before")
    @classmethod
    def _nothing_to_copy(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("teacher_sees") == "privileged":
            return {**ALONE, **values}
        return values

    @model_validator(mode="after")
    def _takes_over_what_is_there(self) -> Self:
        if self.teacher_sees == "privileged" and any(
            getattr(self, name) != value for name, value in ALONE.items()
        ):
            raise ConfigError(
                f"A teacher that sees privileged modalities alone has no encoder that a student "
                f"could copy, and no feature for a T-Net to begin with; leave "
                f"network.student_encoder (now {self.student_encoder!r}) and network.tnet (now "
                f"{self.tnet!r}) out, or let network.teacher_sees be 'all'."
            )
        return self

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.feature_dim % self.heads:
            raise ConfigError(
                f"{self.heads} heads cannot share features of width {self.feature_dim}; choose "
                f"network.heads that divides network.feature_dim."
            )
        return self

    @model_validator(mode="after")
    def _joint_transformer_reads_frames(self) -> Self:
        if self.fusion == "joint_transformer" and self.attends_over != "frames":
            raise ConfigError(
                "The fusion 'joint_transformer' joins the frames of windows; set "
                "network.attends_over to 'frames', or choose the fusion 'gated_transformer'."
            )
        return self

    @property
    def reads_frames(self) -> bool:
        """Whether the fusion attends over the frames of a window."""
        return self.fusion != "concat" and self.attends_over == "frames"

    @property
    def reads_places(self) -> bool:
        """Whether the fusion attends over the places of a sample or frame."""
        return self.fusion != "concat" and self.attends_over == "places"

    def check_samples(self, name: str, is_sequence: bool) -> None:
        """Refuse what needs windows of frames where samples are none.

        Args:
            name: of the corpus.
            is_sequence: whether its samples are windows of frames.

        Raises:
            ConfigError: one sentence.
        """
        if is_sequence:
            return
        if self.temporal != "none":
            raise ConfigError(
                f"network.temporal is {self.temporal!r}, and a sample of {name} is no window of "
                f"frames with a target each; choose 'none'."
            )
        if self.reads_frames:
            raise ConfigError(
                f"The fusion {self.fusion!r} would attend over frames, and a sample of {name} is "
                f"no window of frames with a target each; set network.attends_over to 'places'."
            )
