"""Teacher and student, made up of encoders, fusion, T-Nets, embedding norm and head."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from .encoders import build_encoder
from .fusion import build_fusion
from .named_modules import NamedModules
from .settings import NetworkSettings
from .temporal import encode_frames, over_time
from .tnet import TNets, joined
from .tokens import pool

if TYPE_CHECKING:  # networks load without the libraries that corpora need
    from ..data.corpus import Corpus


class NetworkOutput(NamedTuple):
    """The output of a teacher or student for B samples.

    A named tuple, because Fabric looks inside what a module returns and refuses frozen classes.

    Attributes:
        outputs: (B, W), what the task loss reads: one logit a class, or values.
        embedding: z, (B, D), after the embedding norm; head and distillation read it.
        features: modality -> (B, F), or tokens (B, T, F); in the student, privileged ones are
            hallucinated.

    Of windows of L frames each has an axis more: (B, L, W), (B, L, D), (B, L, F).
    """

    outputs: Tensor
    embedding: Tensor
    features: Mapping[str, Tensor]

    def map(self, function: Callable[[Tensor], Tensor]) -> "NetworkOutput":
        """The output with a function applied to every tensor."""
        features = {name: function(feature) for name, feature in self.features.items()}
        return NetworkOutput(function(self.outputs), function(self.embedding), features)

    def unstacked(self) -> "list[NetworkOutput]":
        """The M outputs of many networks, of tensors (M, B, ...) each."""
        features = {name: feature.unbind() for name, feature in self.features.items()}
        return [
            NetworkOutput(outputs, z, {name: parts[i] for name, parts in features.items()})
            for i, (outputs, z) in enumerate(
                zip(self.outputs.unbind(), self.embedding.unbind(), strict=True)
            )
        ]


class _Joint(nn.Module):
    """Fusion, embedding norm and head: what teacher and student have in common."""

    def __init__(self, n_modalities: int, width: int, settings: NetworkSettings) -> None:
        super().__init__()
        dim = settings.embedding_dim
        self.reads_frames = settings.reads_frames
        self.fusion = build_fusion(n_modalities, settings)
        norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": nn.Identity}
        self.norm = norms[settings.embedding_norm](dim)
        self.head = nn.Linear(dim, width)

    def forward(
        self, features: Mapping[str, Tensor], windows: Sequence[int] | None = None
    ) -> NetworkOutput:
        """Features of B samples, or of the B · L frames of ``windows`` (B, L)."""
        values = list(features.values())
        if self.reads_frames:
            assert windows is not None
            joint = self.fusion([pool(x).unflatten(0, windows) for x in values]).flatten(0, 1)
        else:
            joint = self.fusion(values)
        z = self.norm(joint)
        return NetworkOutput(self.head(z), z, features)


class Teacher(nn.Module):
    """Encoders for every modality, fusion, embedding norm, head.

    Args:
        shapes: modality -> shape of one sample, of one frame for windows; the fusion reads features
            in this order.
        width: W, numbers that it puts out.
        settings: sizes.
        is_sequence: whether samples are windows of frames.
        kinds: modality -> :data:`pkdot.data.corpus.Kind`, where the shape does not tell.

    Raises:
        ConfigError: for settings that need windows, where samples are none.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        width: int,
        settings: NetworkSettings,
        is_sequence: bool = False,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        settings.check_samples("the corpus", is_sequence)
        self.is_sequence = is_sequence
        known = kinds or {}
        self.encoders = NamedModules(
            {
                name: over_time(build_encoder(shape, settings, known.get(name, "")), settings)
                for name, shape in shapes.items()
            }
        )
        self.joint = _Joint(len(shapes), width, settings)

    def forward(self, samples: Mapping[str, Tensor]) -> NetworkOutput:
        """Samples of every modality, each (B, ...) -> :class:`NetworkOutput`."""
        if self.is_sequence:
            return of_windows(self._forward, {name: samples[name] for name in self.encoders})
        return self._forward(samples)

    def _forward(
        self, samples: Mapping[str, Tensor], windows: Sequence[int] | None = None
    ) -> NetworkOutput:
        features = {
            name: encode_frames(encoder, samples[name], windows)
            for name, encoder in self.encoders.items()
        }
        return self.joint(features, windows)


class Student(nn.Module):
    """An encoder for each prevalent modality; T-Nets stand in for the privileged ones.

    Without T-Nets, fusion reads the prevalent features alone.

    Args:
        encoders: prevalent modality -> encoder.
        tnets: may be empty.
        width: W, numbers that it puts out.
        settings: sizes.
        is_sequence: whether samples are windows of frames.

    Raises:
        ConfigError: for settings that need windows, where samples are none.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        tnets: TNets,
        width: int,
        settings: NetworkSettings,
        is_sequence: bool = False,
    ) -> None:
        super().__init__()
        settings.check_samples("the corpus", is_sequence)
        self.is_sequence = is_sequence
        self.encoders = NamedModules(encoders)
        self.tnets = tnets
        self.joint = _Joint(len(encoders) + len(tnets), width, settings)

    def forward(self, samples: Mapping[str, Tensor]) -> NetworkOutput:
        """Samples of every prevalent modality, each (B, ...) -> :class:`NetworkOutput`."""
        if self.is_sequence:
            return of_windows(self._forward, {name: samples[name] for name in self.encoders})
        return self._forward(samples)

    def _forward(
        self, samples: Mapping[str, Tensor], windows: Sequence[int] | None = None
    ) -> NetworkOutput:
        features = {
            name: encode_frames(encoder, samples[name], windows)
            for name, encoder in self.encoders.items()
        }
        hallucinated = self.tnets(joined(list(features.values())))
        return self.joint({**features, **hallucinated}, windows)


def of_windows(
    network: Callable[[Mapping[str, Tensor], Sequence[int]], NetworkOutput],
    samples: Mapping[str, Tensor],
) -> NetworkOutput:
    """A network of frames (B · L, ...), which is also told B and L, on windows (B, L, ...).

    Every frame is a sample of its own, but for temporal parts and a fusion over frames.
    """
    windows = next(iter(samples.values())).shape[:2]
    flat = network({name: x.flatten(0, 1) for name, x in samples.items()}, windows)
    return flat.map(lambda x: x.unflatten(0, windows))


def _frame_shape(corpus: "Corpus", modality: str) -> tuple[int, ...]:
    """Shape of a sample, or of a frame where samples are windows."""
    shape = corpus.shape(modality)
    return shape[1:] if corpus.is_sequence else shape


def _standardise(corpus: "Corpus", modality: str, encoder: nn.Module) -> None:
    """Give an encoder the mean and deviation of the corpus's training samples."""
    train = corpus.split.train
    if modality in corpus.present:
        train = train[corpus.present[modality][train]]
    if len(corpus.shape(modality)) > 1:
        # The places of a thousand samples tell a channel's moments; all tokens may not fit memory.
        train = train[:: -(-len(train) // 1000)]
    samples = corpus.batch(modality, train)
    if corpus.is_sequence:
        samples = samples.flatten(0, 1)
    encoder.standardise_by(samples)  # type: ignore[operator]


def build_teacher(corpus: "Corpus", settings: NetworkSettings) -> Teacher:
    """A teacher with fresh weights, standardised by the corpus's training samples."""
    shapes = {name: _frame_shape(corpus, name) for name in corpus.names}
    width = corpus.task.output_width
    teacher = Teacher(shapes, width, settings, corpus.is_sequence, corpus.kinds)
    for name, encoder in teacher.encoders.items():
        _standardise(corpus, name, encoder)
    return teacher


def build_student(
    corpus: "Corpus",
    settings: NetworkSettings,
    teacher: Teacher | None = None,
    tnets: TNets | None = None,
) -> Student:
    """A student whose encoders and T-Nets are fresh, or copies of those of the teacher stage.

    Whatever is copied, the random numbers drawn are the same, so that students of one seed share
    the fresh parts' initial weights.

    Args:
        corpus: standardises fresh encoders by its training samples.
        settings: sizes, and what is copied, frozen or left out.
        teacher: whose encoders are copied; without one they are fresh.
        tnets: which are copied; without them there are none.
    """
    encoders: dict[str, nn.Module] = {}
    for name in corpus.prevalent:
        shape = _frame_shape(corpus, name)
        encoder = build_encoder(shape, settings, corpus.kinds.get(name, ""))
        encoders[name] = over_time(encoder, settings)
        _standardise(corpus, name, encoders[name])
    if teacher is not None and settings.student_encoder == "copied":
        encoders = {name: deepcopy(teacher.encoders[name]) for name in encoders}
    own_tnets = TNets() if tnets is None or settings.tnet == "none" else deepcopy(tnets)
    if settings.tnet == "random":
        with torch.random.fork_rng():  # so that what is drawn later does not depend on it
            own_tnets = own_tnets.fresh()
    student = Student(encoders, own_tnets, corpus.task.output_width, settings, corpus.is_sequence)
    student.requires_grad_(True)
    student.encoders.requires_grad_(not settings.freeze_student_encoder)
    student.tnets.requires_grad_(settings.tnet == "joint")
    return student
