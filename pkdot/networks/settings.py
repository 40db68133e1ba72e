"""Sizes that teacher and student share."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ..errors import ConfigError
from ..settings import Settings

Fusion = Literal["concat", "gated_transformer", "joint_cross_attention"]


class NetworkSettings(Settings):
    """Sizes that teacher and student share, and what the student starts from."""

    feature_dim: int = Field(64, ge=4, description="F, length of each modality's feature")
    fusion: Fusion = Field("concat", description="how the modalities' features are joined")
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

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.feature_dim % self.heads:
            raise ConfigError(
                f"{self.heads} heads cannot share features of width {self.feature_dim}; choose "
                f"network.heads that divides network.feature_dim."
            )
        return self
