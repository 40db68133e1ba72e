"""The stages of an experiment: encoders, teacher, T-Nets, student. Nothing here writes a record."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from lightning_fabric import Fabric

from ..data import Corpus
from ..data.features import cache_folder
from ..data.given_teacher import GivenTeacher
from ..distillers import build_distiller
from ..errors import ConfigError
from ..training.checkpoints import NO_CHECKPOINTS, Checkpoints
from ..training.context import StageContext
from ..training.controls import distilled_targets, student_corpus, teacher_corpus
from ..training.encoders import EncoderStage, encoder_stage, raw_modalities
from ..training.loop import EpochReport
from ..training.outputs import student_answers, teacher_targets
from ..training.own import given_teacher_stage, own_teacher_stage, wrapped
from ..training.stages import TeacherStage, Trained, train_teacher, train_tnets
from ..training.student import train_student
from .config import ExperimentConfig
from .doubtful_pairs import without_doubtful_pairs
from .own_networks import KITS, OwnNetworks

Listener = Callable[[EpochReport], None]
Returned = TypeVar("Returned")


def stage_context(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> StageContext:
    """What every stage of an experiment on this corpus is given."""
    return StageContext(fabric, corpus, config.network, config.training, config.seed, checkpoints)


def encode_corpus(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    names: Sequence[str] | None = None,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Generator[EpochReport, None, EncoderStage]:
    """Raw modalities become features of frozen backbones; vectors pass unchanged.

    Unlabelled pairs that seem wrong are no training samples of the corpus that comes out, see
    :mod:`pkdot.experiments.doubtful_pairs`.

    Args:
        config: of the experiment.
        corpus: of raw samples.
        fabric: where backbones train.
        names: modalities that a network of the kit's reads; all by default.
        checkpoints: where stages keep how far they are.

    Raises:
        ConfigError: if ``backbones.encoders`` names what is not there, the fusion attends and a
            modality has nothing to attend to, or the networks need windows of frames.
    """
    config.network.check_samples(corpus.name, corpus.is_sequence)
    attending = config.network.reads_places
    raw = raw_modalities(corpus)
    read = corpus.names if names is None else names
    config.backbones.check_modalities({name: corpus.kind(name) for name in corpus.names})
    if attending:
        _check_tokens(config, corpus, [name for name in read if name not in raw])
    stage = yield from encoder_stage(
        stage_context(config, corpus, fabric, checkpoints),
        config.backbones,
        "tokens" if attending else "pooled",
        cache_folder() if config.keep_features and raw else None,
        read,
    )
    if attending:
        _check_tokens(config, stage.corpus, read)
    leave_out = config.training.doubtful_pairs == "leave_out"
    return replace(stage, corpus=without_doubtful_pairs(stage.corpus, leave_out))


def _check_tokens(config: ExperimentConfig, corpus: Corpus, names: Sequence[str]) -> None:
    """Refuse modalities of which a fusion over places finds one vector, or one place, a sample."""
    unit, remedy = "sample", "choose network.fusion 'concat'"
    if corpus.is_sequence:
        unit, remedy = "frame", f"set network.attends_over to 'frames', or {remedy}"
    for name in names:
        shape = corpus.shape(name)[corpus.is_sequence :]
        if len(shape) == 2 and shape[0] > 1:
            continue
        raise ConfigError(
            f"The fusion {config.network.fusion!r} attends over the places of a {unit}, and "
            f"{name!r} of {corpus.name} gives one {'vector' if len(shape) < 2 else 'token'} a "
            f"{unit}; {remedy}."
        )


def train_teacher_stage(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    own: OwnNetworks = KITS,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Generator[EpochReport, None, TeacherStage]:
    """Teacher, then T-Nets; nothing in it depends on the distillation method.

    Args:
        config: of the experiment.
        corpus: what the teacher reads.
        fabric: where it trains.
        own: a teacher of the user's, which has no T-Nets.
        checkpoints: where stages keep how far they are.
    """
    seen = teacher_corpus(config.control, corpus, config.network.teacher_sees)
    context = stage_context(config, seen, fabric, checkpoints)
    if isinstance(own.teacher, GivenTeacher):
        return (yield from given_teacher_stage(context, own.given_outputs(corpus)))
    if own.teacher is not None:
        folder = cache_folder() if config.keep_features else None
        return (yield from own_teacher_stage(context, own.teacher, folder))
    teacher = yield from train_teacher(context)
    targets = teacher_targets(teacher, context.corpus)
    tnets = yield from train_tnets(context, targets)
    return TeacherStage(teacher, targets, tnets)


def train_networks(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    shared: TeacherStage | None = None,
    own: OwnNetworks = KITS,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Generator[EpochReport, None, Trained]:
    """Every stage in turn; the teacher's are skipped where ``shared`` gives their result.

    Args:
        config: of the experiment.
        corpus: what the student reads, and the teacher too where it is trained here.
        fabric: where they train.
        shared: the teacher stage.
        own: a student of the user's.
        checkpoints: where stages keep how far they are.
    """
    if shared is None:
        shared = yield from train_teacher_stage(config, corpus, fabric, checkpoints=checkpoints)
    context = stage_context(config, corpus, fabric, checkpoints)
    network = None
    if own.student is not None:
        torch.manual_seed(context.seed_of("own student"))
        network = wrapped(context, own.student, "student")
    student = yield from train_student(
        replace(context, corpus=student_corpus(config.control, corpus)),
        build_distiller(config.method, config.options),
        None if config.student_is_alone else shared,
        distilled_targets(config.control, shared.targets, context),
        network,
    )
    return Trained(shared, student, student_answers(student, corpus))


@dataclass(frozen=True, eq=False)
class Stages:
    """All that an experiment trains.

    Attributes:
        encoders: backbones, and the corpus of features.
        corpus: what the student reads.
        trained: teacher stage and student.
    """

    encoders: EncoderStage
    corpus: Corpus
    trained: Trained


def train_stages(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    own: OwnNetworks = KITS,
    listeners: Sequence[Listener] = (),
    when_taught: Callable[[Corpus, TeacherStage], None] | None = None,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Stages:
    """Train encoders, teacher stage and student.

    Networks of the user's read raw samples, those of the kit features of frozen backbones.

    Args:
        config: of the experiment.
        corpus: of raw samples.
        fabric: where networks train.
        own: networks of the user's.
        listeners: are shown each report.
        when_taught: is given the corpus that the student reads, and the teacher stage, between the
            two.
        checkpoints: where stages keep how far they are, and find it again.
    """
    encoding = encode_corpus(config, corpus, fabric, own.read_by_the_kit(corpus), checkpoints)
    encoders = drain(encoding, *listeners)
    corpus = replace(corpus, split=encoders.corpus.split, facts=encoders.corpus.facts)
    seen_by_teacher = encoders.corpus if own.teacher is None else corpus
    seen_by_student = encoders.corpus if own.student is None else corpus
    teaching = train_teacher_stage(config, seen_by_teacher, fabric, own, checkpoints)
    shared = drain(teaching, *listeners)
    if when_taught is not None:
        when_taught(seen_by_student, shared)
    training = train_networks(config, seen_by_student, fabric, shared, own, checkpoints)
    return Stages(encoders, seen_by_student, drain(training, *listeners))


def drain(reports: Generator[EpochReport, None, Returned], *listeners: Listener) -> Returned:
    """Run stages to their end, show each report to the listeners, give what the stages return."""
    while True:
        try:
            report = next(reports)
        except StopIteration as end:
            return end.value
        for listener in listeners:
            listener(report)
