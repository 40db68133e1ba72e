"""Teacher and student, put together from encoders, fusion, T-Net, embedding norm and head."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Literal, NamedTuple, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ..data.corpus import Corpus
from ..errors import ConfigError
from ..settings import Settings
from .encoders import build_encoder
from .fusion import Fusion, build_fusion
from .tnet import AnyTNet


class NetworkSettings(Settings):
    """Sizes that teacher and student share."""

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


class NetworkOutput(NamedTuple):
    """What a network says of a batch.

    A named tuple, because Fabric looks inside what a module returns and refuses frozen classes.

    Attributes:
        logits: (B, C), one score a class.
        embedding: z, (B, D), after the embedding norm; head and distillation read it.
        features: modality -> (B, F), or tokens (B, T, F); in the student, privileged ones are
            hallucinated.
    """

    logits: Tensor
    embedding: Tensor
    features: Mapping[str, Tensor]


def _encoder(shape: tuple[int, ...], s: NetworkSettings) -> nn.Module:
    return build_encoder(shape, s.feature_dim, s.hidden, s.dropout, s.input_noise)


class _Joint(nn.Module):
    """Fusion, embedding norm and head: what teacher and student have in common."""

    def __init__(self, n_modalities: int, n_classes: int, settings: NetworkSettings) -> None:
        super().__init__()
        dim = settings.embedding_dim
        self.fusion = build_fusion(
            settings.fusion,
            n_modalities,
            settings.feature_dim,
            dim,
            settings.hidden,
            settings.dropout,
            settings.heads,
        )
        norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": nn.Identity}
        self.norm = norms[settings.embedding_norm](dim)
        self.head = nn.Linear(dim, n_classes)

    def forward(self, features: Mapping[str, Tensor]) -> NetworkOutput:
        z = self.norm(self.fusion(list(features.values())))
        return NetworkOutput(self.head(z), z, features)


class Teacher(nn.Module):
    """Encoders for every modality, fusion, embedding norm, head."""

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], n_classes: int, settings: NetworkSettings
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(
            {name: _encoder(shape, settings) for name, shape in shapes.items()}
        )
        self.joint = _Joint(len(shapes), n_classes, settings)

    def forward(self, samples: Mapping[str, Tensor]) -> NetworkOutput:
        """Samples of every modality, each (B, ...) -> :class:`NetworkOutput`."""
        return self.joint({name: enc(samples[name]) for name, enc in self.encoders.items()})


class Student(nn.Module):
    """One encoder for the prevalent modality; T-Nets stand in for the privileged ones.

    Without T-Nets, fusion reads the prevalent feature alone.
    """

    def __init__(
        self,
        prevalent: str,
        encoder: nn.Module,
        tnets: Mapping[str, AnyTNet],
        n_classes: int,
        settings: NetworkSettings,
    ) -> None:
        super().__init__()
        self.prevalent = prevalent
        self.encoder = encoder
        self.tnets = nn.ModuleDict(dict(tnets))
        self.joint = _Joint(1 + len(tnets), n_classes, settings)

    def forward(self, samples: Tensor) -> NetworkOutput:
        """Samples of the prevalent modality, (B, ...) -> :class:`NetworkOutput`."""
        feature = self.encoder(samples)
        hallucinated = {name: tnet(feature) for name, tnet in self.tnets.items()}
        return self.joint({self.prevalent: feature, **hallucinated})


def _standardised(corpus: Corpus, modality: str, encoder: nn.Module) -> nn.Module:
    train = corpus.split.train
    if len(corpus.shape(modality)) > 1:
        # The places of a thousand samples tell a channel's moments; all tokens may not fit memory.
        train = train[:: -(-len(train) // 1000)]
    encoder.standardise_by(corpus.batch(modality, train))  # type: ignore[operator]
    return encoder


def build_teacher(corpus: Corpus, settings: NetworkSettings) -> Teacher:
    """A teacher with fresh weights, standardised by the corpus's training samples."""
    names = (corpus.prevalent, *corpus.privileged)
    teacher = Teacher({name: corpus.shape(name) for name in names}, corpus.n_classes, settings)
    for name, encoder in teacher.encoders.items():
        _standardised(corpus, name, encoder)
    return teacher


def build_student(
    corpus: Corpus,
    settings: NetworkSettings,
    teacher: Teacher | None = None,
    tnets: Mapping[str, AnyTNet] | None = None,
) -> Student:
    """A student whose encoder and T-Nets are fresh, or copies of those of the teacher stage.

    Whatever is copied, the random numbers drawn are the same, so that students of one seed share
    the fresh parts' initial weights.
    """
    shape = corpus.shape(corpus.prevalent)
    fresh = _encoder(shape, settings)
    _standardised(corpus, corpus.prevalent, fresh)
    copied = teacher is not None and settings.student_encoder == "copied"
    encoder = deepcopy(teacher.encoders[corpus.prevalent]) if copied and teacher else fresh
    stand_ins = {} if settings.tnet == "none" else deepcopy(dict(tnets or {}))
    if settings.tnet == "random":
        with torch.random.fork_rng():  # so that what is drawn later does not depend on it
            stand_ins = {name: tnet.fresh() for name, tnet in stand_ins.items()}
    student = Student(corpus.prevalent, encoder, stand_ins, corpus.n_classes, settings)
    student.requires_grad_(True)
    student.encoder.requires_grad_(not settings.freeze_student_encoder)
    for tnet in student.tnets.values():
        tnet.requires_grad_(settings.tnet == "joint")
    return student
