"""config -> data -> train -> evaluate -> record."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from threadpoolctl import threadpool_limits
from torch import Tensor

from ..data import Corpus, load_corpus
from ..data.features import cache_folder
from ..distillers import build_distiller
from ..errors import ConfigError
from ..networks.fusion import attends
from ..record import Recorder, RunRecord, open_record
from ..training.context import StageContext
from ..training.controls import distilled_targets, student_corpus, teacher_corpus
from ..training.encoders import EncoderStage, encoder_stage, raw_modalities
from ..training.loop import EpochReport
from ..training.outputs import student_output, teacher_targets
from ..training.stages import (
    TeacherStage,
    Trained,
    train_student,
    train_teacher,
    train_tnets,
)
from .config import ExperimentConfig
from .progress import StageBars
from .recording import RecordKeeper, data_facts, describe_probe, probe_indices
from .results import tnet_by_group


def stage_context(config: ExperimentConfig, corpus: Corpus, fabric: Fabric) -> StageContext:
    """What every stage of an experiment on this corpus is given."""
    return StageContext(fabric, corpus, config.network, config.training, config.seed)


def encode_corpus(
    config: ExperimentConfig, corpus: Corpus, fabric: Fabric
) -> Generator[EpochReport, None, EncoderStage]:
    """Clips and signals become features of frozen backbones; vectors pass unchanged.

    Raises:
        ConfigError: if the fusion attends and a modality has no tokens to attend to.
    """
    attending = attends(config.network.fusion)
    raw = raw_modalities(corpus)
    for name in corpus.names:
        if attending and name not in raw and len(corpus.shape(name)) < 2:
            raise ConfigError(
                f"The fusion {config.network.fusion!r} attends over tokens, and {name!r} of "
                f"{corpus.name} is one vector a sample; choose network.fusion 'concat'."
            )
    return (
        yield from encoder_stage(
            stage_context(config, corpus, fabric),
            config.backbones,
            "tokens" if attending else "pooled",
            cache_folder() if config.keep_features and raw else None,
        )
    )


def train_teacher_stage(
    config: ExperimentConfig, corpus: Corpus, fabric: Fabric
) -> Generator[EpochReport, None, TeacherStage]:
    """Teacher, then T-Nets; nothing in it depends on the distillation method."""
    context = stage_context(config, teacher_corpus(config.control, corpus), fabric)
    teacher = yield from train_teacher(context)
    targets = teacher_targets(teacher, context.corpus)
    tnets = yield from train_tnets(context, targets)
    return TeacherStage(teacher, targets, tnets)


def train_networks(
    config: ExperimentConfig,
    corpus: Corpus,
    fabric: Fabric,
    shared: TeacherStage | None = None,
) -> Generator[EpochReport, None, Trained]:
    """Every stage in turn; the teacher's are skipped where ``shared`` gives their result."""
    if shared is None:
        shared = yield from train_teacher_stage(config, corpus, fabric)
    context = stage_context(config, corpus, fabric)
    student = yield from train_student(
        replace(context, corpus=student_corpus(config.control, corpus)),
        build_distiller(config.method, config.options),
        None if config.student_is_alone else shared,
        distilled_targets(config.control, shared.targets, context),
    )
    output = student_output(student, corpus, np.arange(len(corpus)))
    return Trained(shared, student, output.map(Tensor.cpu))


@contextmanager
def surroundings(threads: int) -> Iterator[None]:
    """Set the thread count, and leave it and the global random state as they were found."""
    before = torch.get_num_threads()
    # Plain classifiers bring pools of their own, which on a full machine wait for one another.
    with torch.random.fork_rng(), threadpool_limits(threads):
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


Returned = TypeVar("Returned")


def drain(
    reports: Generator[EpochReport, None, Returned], *listeners: Callable[[EpochReport], None]
) -> Returned:
    """Run stages to their end, show each report to the listeners, give what the stages return."""
    while True:
        try:
            report = next(reports)
        except StopIteration as end:
            return end.value
        for listener in listeners:
            listener(report)


def make_fabric(config: ExperimentConfig) -> Fabric:
    """One device, as the config says.

    Raises:
        ConfigError: if this machine has no such device, or it does not know the precision.
    """
    if config.precision == "16-mixed" and config.device == "cpu":
        raise ConfigError("A CPU has no 16-mixed precision; choose bf16-mixed or 32-true.")
    try:
        return Fabric(accelerator=config.device, devices=1, precision=config.precision)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"This machine cannot use device {config.device!r}: {reason}") from None


def check_corpus(config: ExperimentConfig, corpus: Corpus) -> None:
    """Refuse settings that do not go with a corpus, before anything is trained.

    Raises:
        ConfigError: if the method needs what the task does not have, targets are to be smoothed
            that cannot be, or k is not below the batch size, which shrinks to the training set's.
    """
    build_distiller(config.method, config.options).set_task(corpus.task)
    corpus.task.check_smoothing(config.training.label_smoothing)
    k = config.anchors_in_batch
    size = min(config.training.batch_size, len(corpus.split.train))
    if k >= size:
        raise ConfigError(
            f"k = {k} anchors need batches of more than {k} samples, but the "
            f"{len(corpus.split.train)} training samples give batches of {size}; lower k."
        )


def run_experiment(
    config: ExperimentConfig | Mapping[str, Any] | None = None,
    corpus: Corpus | None = None,
    *,
    progress: bool = True,
    runs_dir: str | Path | None = None,
    fabric: Fabric | None = None,
) -> RunRecord:
    """Run one experiment and keep its record.

    Args:
        config: the experiment, or a mapping that says what is not default in it; digits with the
            default form of PKDOT if none is given.
        corpus: in memory, in place of the one that ``config.data`` names.
        progress: whether to draw progress bars, of reading the data and of each stage.
        runs_dir: folder of records, :func:`pkdot.record.runs_directory` by default.
        fabric: a launched Fabric of your own, e.g. over several GPUs; one device by default. The
            record is written by its first process.

    Returns:
        The finished record, open for reading.

    Raises:
        ConfigError: if the settings make no experiment, or not one for this machine or corpus.
        DataError: if the corpus cannot be used as asked.
        RecordError: if no record can be written.
    """
    config = ExperimentConfig.of(config)
    if corpus is not None:
        config = config.for_corpus(corpus)
    with surroundings(config.threads):
        fabric = fabric or make_fabric(config)
        if corpus is None:
            corpus = load_corpus(config.data, config.seed, progress=progress)
        check_corpus(config, corpus)
        if not fabric.is_global_zero:
            encoded = drain(encode_corpus(config, corpus, fabric))
            drain(train_networks(config, encoded.corpus, fabric))
            return open_record(fabric.broadcast(""))
        probe = probe_indices(corpus, config.probe_size)
        with Recorder(
            f"{corpus.name}, {config.method}",
            runs_dir=runs_dir,
            corpus=corpus.name,
            method=config.method,
            seed=config.seed,
            simulated=corpus.simulated,
            task=corpus.task,
            config=config.model_dump(mode="json"),
            facts={"config_hash": config.hash, "data": data_facts(corpus, config.media)},
            probe=describe_probe(corpus, probe, config.media),
        ) as recorder:
            keeper = RecordKeeper(recorder, corpus, probe, config.snapshot_growth)
            with StageBars(progress, corpus.task.primary.name) as bars:
                encoders = drain(encode_corpus(config, corpus, fabric), keeper.keep, bars.show)
                keeper.corpus = corpus = encoders.corpus
                shared = drain(train_teacher_stage(config, corpus, fabric), keeper.keep, bars.show)
                keeper.targets = shared.targets
                stages = train_networks(config, corpus, fabric, shared)
                trained = drain(stages, keeper.keep, bars.show)
            keeper.conclude_encoders(encoders)
            keeper.conclude(trained)
            recorder.finish(
                keeper.best_epochs["student"],
                {
                    "seconds": keeper.seconds,
                    "best_epochs": keeper.best_epochs,
                    "backbones_found_in_cache": list(encoders.cached),
                    "tnet_by_group": tnet_by_group(trained, corpus),
                },
                maps=config.maps,
            )
        return open_record(fabric.broadcast(str(recorder.path)))
