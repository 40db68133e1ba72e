"""Teacher and student, made up of encoders, fusion, T-Nets, embedding norm and head."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from .encoders import build_encoder
from .fusion import build_fusion
from .settings import NetworkSettings
from .tnet import TNets

if TYPE_CHECKING:  # networks load without the libraries that corpora need
    from ..data.corpus import Corpus


class NetworkOutput(NamedTuple):
    """The output of a teacher or student for B samples.

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

    def map(self, function: Callable[[Tensor], Tensor]) -> "NetworkOutput":
        """The output with a function applied to every tensor."""
        features = {name: function(feature) for name, feature in self.features.items()}
        return NetworkOutput(function(self.logits), function(self.embedding), features)


class _Joint(nn.Module):
    """Fusion, embedding norm and head: what teacher and student have in common."""

    def __init__(self, n_modalities: int, n_classes: int, settings: NetworkSettings) -> None:
        super().__init__()
        dim = settings.embedding_dim
        self.fusion = build_fusion(n_modalities, settings)
        norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": nn.Identity}
        self.norm = norms[settings.embedding_norm](dim)
        self.head = nn.Linear(dim, n_classes)

    def forward(self, features: Mapping[str, Tensor]) -> NetworkOutput:
        z = self.norm(self.fusion(list(features.values())))
        return NetworkOutput(self.head(z), z, features)


class Teacher(nn.Module):
    """Encoders for every modality, fusion, embedding norm, head.

    Args:
        shapes: modality -> shape of one sample; the fusion reads features in this order.
        n_classes: C.
        settings: sizes.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], n_classes: int, settings: NetworkSettings
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(
            {name: build_encoder(shape, settings) for name, shape in shapes.items()}
        )
        self.joint = _Joint(len(shapes), n_classes, settings)

    def forward(self, samples: Mapping[str, Tensor]) -> NetworkOutput:
        """Samples of every modality, each (B, ...) -> :class:`NetworkOutput`."""
        return self.joint({name: enc(samples[name]) for name, enc in self.encoders.items()})


class Student(nn.Module):
    """One encoder for the prevalent modality; T-Nets stand in for the privileged ones.

    Without T-Nets, fusion reads the prevalent feature alone.

    Args:
        prevalent: name of the prevalent modality.
        encoder: of that modality.
        tnets: may be empty.
        n_classes: C.
        settings: sizes.
    """

    def __init__(
        self,
        prevalent: str,
        encoder: nn.Module,
        tnets: TNets,
        n_classes: int,
        settings: NetworkSettings,
    ) -> None:
        super().__init__()
        self.prevalent = prevalent
        self.encoder = encoder
        self.tnets = tnets
        self.joint = _Joint(1 + len(tnets), n_classes, settings)

    def forward(self, samples: Tensor) -> NetworkOutput:
        """Samples of the prevalent modality, (B, ...) -> :class:`NetworkOutput`."""
        feature = self.encoder(samples)
        return self.joint({self.prevalent: feature, **self.tnets(feature)})


def _standardise(corpus: "Corpus", modality: str, encoder: nn.Module) -> None:
    """Give an encoder the mean and deviation of the corpus's training samples."""
    train = corpus.split.train
    if len(corpus.shape(modality)) > 1:
        # The places of a thousand samples tell a channel's moments; all tokens may not fit memory.
        train = train[:: -(-len(train) // 1000)]
    encoder.standardise_by(corpus.batch(modality, train))  # type: ignore[operator]


def build_teacher(corpus: "Corpus", settings: NetworkSettings) -> Teacher:
    """A teacher with fresh weights, standardised by the corpus's training samples."""
    names = (corpus.prevalent, *corpus.privileged)
    teacher = Teacher({name: corpus.shape(name) for name in names}, corpus.n_classes, settings)
    for name, encoder in teacher.encoders.items():
        _standardise(corpus, name, encoder)
    return teacher


def build_student(
    corpus: "Corpus",
    settings: NetworkSettings,
    teacher: Teacher | None = None,
    tnets: TNets | None = None,
) -> Student:
    """A student whose encoder and T-Nets are fresh, or copies of those of the teacher stage.

    Whatever is copied, the random numbers drawn are the same, so that students of one seed share
    the fresh parts' initial weights.

    Args:
        corpus: standardises a fresh encoder by its training samples.
        settings: sizes, and what is copied, frozen or left out.
        teacher: whose encoder is copied; without one it is fresh.
        tnets: which are copied; without them there are none.
    """
    fresh = build_encoder(corpus.shape(corpus.prevalent), settings)
    _standardise(corpus, corpus.prevalent, fresh)
    copied = teacher is not None and settings.student_encoder == "copied"
    encoder = deepcopy(teacher.encoders[corpus.prevalent]) if copied and teacher else fresh
    own_tnets = TNets() if tnets is None or settings.tnet == "none" else deepcopy(tnets)
    if settings.tnet == "random":
        with torch.random.fork_rng():  # so that what is drawn later does not depend on it
            own_tnets = own_tnets.fresh()
    student = Student(corpus.prevalent, encoder, own_tnets, corpus.n_classes, settings)
    student.requires_grad_(True)
    student.encoder.requires_grad_(not settings.freeze_student_encoder)
    student.tnets.requires_grad_(settings.tnet == "joint")
    return student
