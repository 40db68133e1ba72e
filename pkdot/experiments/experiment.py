"""config -> data -> train -> evaluate -> record."""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from threadpoolctl import threadpool_limits
from torch import nn

from ..data import Corpus, load_corpus
from ..data.numbers import check_numbers
from ..distillers import build_distiller
from ..errors import ConfigError
from ..record import Recorder, RunRecord, open_record
from ..training.context import teacher_view, trusted_in_batch
from ..training.stages import TeacherStage
from .checkpoints import EVERY, RunCheckpoints
from .config import ExperimentConfig
from .corpora import prepared_corpus
from .doubtful_pairs import FACT
from .notes import run_notes
from .own_networks import OwnNetworks
from .progress import StageBars
from .ranks import Ranks, check_ranks, contact
from .ranks import make_fabric as make_fabric
from .recording import RecordKeeper, data_facts, describe_probe, probe_rows
from .results import tnet_facts
from .resumption import Resumption, said_how_to_resume
from .stages import drain as drain
from .stages import encode_corpus as encode_corpus
from .stages import stage_context, train_stages
from .stages import train_networks as train_networks
from .stages import train_teacher_stage as train_teacher_stage
from .student.facts import student_facts

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def surroundings(threads: int) -> Iterator[None]:
    """Set the thread count, and leave it and the global random state as they were found.

    One at a time in a process: threads of it, such as those of a Dask worker, would share torch's
    random state, and their numbers would depend on who came first. They wait for one another.
    """
    with _ONE_AT_A_TIME:
        yield from _surroundings(threads)


def _surroundings(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    # Plain classifiers bring pools of their own, which on a full machine wait for one another.
    with torch.random.fork_rng(), threadpool_limits(threads):
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def check_corpus(config: ExperimentConfig, corpus: Corpus) -> None:
    """Refuse a corpus with wrong numbers, or settings that do not go with it, before any training.

    Raises:
        DataError: for NaN or infinity in a sample.
        ConfigError: if the method needs what the task does not have, targets are to be smoothed
            that cannot be, the networks need windows of frames, or k is not below the batch size,
            which shrinks to the training set's.
    """
    check_numbers(corpus)
    config.network.check_samples(corpus.name, corpus.is_sequence)
    build_distiller(config.method, config.options).set_task(corpus.task)
    corpus.task.check_smoothing(config.training.label_smoothing)
    if config.network.teacher_sees == "privileged":
        teacher_view(corpus, config.network.teacher_sees)
    k = config.anchors_in_batch
    if corpus.is_unpaired:
        _check_trusted(config, corpus, k)
    size = min(config.training.batch_size, len(corpus.split.train))
    if k >= size:
        raise ConfigError(
            f"k = {k} anchors need batches of more than {k} samples, but the "
            f"{len(corpus.split.train)} training samples give batches of {size}; lower k."
        )


def _check_trusted(config: ExperimentConfig, corpus: Corpus, k: int) -> None:
    """Refuse batches with too few trusted pairs for a method to learn from."""
    trusted = trusted_in_batch(corpus, config.training)
    if trusted < max(2, k + 1):
        raise ConfigError(
            f"A batch holds {trusted} of the {len(corpus.split.labelled)} trusted pairs, and "
            f"{config.method} needs {max(2, k + 1)} or more; raise training.labelled_share or "
            f"training.batch_size{', or lower k' if k else ''}."
        )


def run_experiment(
    config: ExperimentConfig | Mapping[str, Any] | None = None,
    corpus: Corpus | None = None,
    *,
    teacher: Any = None,
    student: nn.Module | None = None,
    progress: bool = True,
    runs_dir: str | Path | None = None,
    fabric: Fabric | None = None,
    resume: str | Path | None = None,
    anyway: bool = False,
    checkpoint_every: float | None = EVERY,
    ranks: Ranks | None = None,
) -> RunRecord:
    """Run one experiment and keep its record.

    Args:
        config: the experiment, or a mapping that says what is not default in it; digits with the
            default form of PKDOT if none is given.
        corpus: in memory, in place of the one that ``config.data`` names.
        teacher: in place of the kit's: a module (see :mod:`pkdot.networks.own`) that trains, or
            stays frozen where none of its parameters has ``requires_grad``; an array (N, D) of
            embeddings in the corpus's order; or a mapping with ``embedding`` (M, D) and, if you
            have them, ``outputs`` (M, W) and ``ids`` (M,).
        student: a module in place of the kit's; it reads the prevalent modalities.
        progress: whether to draw progress bars, of reading the data and of each stage, and to say
            what the record keeps as ``notes``.
        runs_dir: folder of records, :func:`pkdot.record.runs_directory` by default.
        fabric: a launched Fabric of your own, e.g. over several GPUs; one device by default. The
            record is written by its first process.
        resume: name of a run that was interrupted, or the folder of its record; it goes on from its
            last checkpoint to the very numbers of a run without an interruption. The settings are
            the run's own; a corpus in memory and networks of yours must be given again.
        anyway: resume though versions or processor differ; the numbers are then others, and the
            record says so.
        checkpoint_every: seconds between two checkpoints, which are what an interrupted run can
            lose; 0 keeps one after every update, None none. They go when the run has finished.
        ranks: processes that train together, in place of ``fabric``; this script is then started
            once for each.

    Returns:
        The finished record, open for reading. Modules are copied: yours keep their weights, and the
        record keeps the trained ones.

    Raises:
        ConfigError: if the settings make no experiment, or not one for this machine or corpus, or a
            module cannot be used, or a run cannot be resumed here.
        DataError: if the corpus cannot be used as asked, a teacher's rows do not fit it, or the
            data of a run that is to be resumed have changed.
        RecordError: if no record can be written, or another process writes the one to resume.
    """
    own = OwnNetworks.of(teacher, student)
    past = None if resume is None else Resumption(resume, runs_dir, anyway=anyway)
    config = ExperimentConfig.of(config) if past is None else past.config(config)
    config, changes = own.adjusted(config)
    if corpus is not None:
        config = config.for_corpus(corpus)
    with surroundings(config.threads):
        fabric = fabric or make_fabric(config, ranks)
        progress = progress and fabric.is_global_zero
        if past is not None:
            past.check(corpus, own, fabric.world_size)
        if corpus is None:
            corpus = load_corpus(config.data, config.seed, progress=progress)
        corpus = prepared_corpus(config, own.corpus(corpus))
        check_corpus(config, corpus)
        check_ranks(config, corpus, fabric.world_size)
        own.check(stage_context(config, corpus, fabric), config)
        every = math.inf if checkpoint_every is None else checkpoint_every
        if not fabric.is_global_zero:
            with contact(fabric):
                others = RunCheckpoints(fabric, every)
                train_stages(config, corpus, fabric, own, checkpoints=others)
                return open_record(fabric.broadcast(""))
        notes = run_notes(corpus, own, changes)
        facts: dict[str, Any] = {
            "config_hash": config.hash,
            "data": data_facts(corpus, config.media),
        }
        facts |= {"notes": notes} if notes else {}
        facts |= {"own networks": own.facts()} if own else {}
        facts |= {"ranks": fabric.world_size} if fabric.world_size > 1 else {}
        if past is not None:
            past.check_data(facts["data"])
        probe = probe_rows(corpus, config.probe_size)
        with (
            Recorder(
                f"{corpus.name}, {config.method}",
                runs_dir=runs_dir if past is None else past.record.path.parent,
                run_id=None if past is None else past.record.run_id,
                resume=past is not None,
                corpus=corpus.name,
                method=config.method,
                seed=config.seed,
                simulated=corpus.simulated,
                task=corpus.task,
                config=config.on_record(),
                facts=facts,
                probe=describe_probe(corpus, probe, config.media),
            ) as recorder,
            contact(fabric),
            said_how_to_resume(recorder, config, own, runs_dir),
        ):
            keeper = RecordKeeper(recorder, corpus, probe, config.snapshot_growth)
            found = past.take_up(recorder, keeper) if past is not None else ()
            checkpoints = RunCheckpoints(fabric, every, recorder, keeper, found)

            with StageBars(progress, corpus.task.primary.name, notes) as bars:

                def when_taught(seen: Corpus, shared: TeacherStage) -> None:
                    keeper.corpus, keeper.targets = seen, shared.targets
                    if FACT in seen.facts:
                        recorder.add_facts({FACT: seen.facts[FACT]})
                        if "note" in seen.facts[FACT]:
                            bars.say(seen.facts[FACT]["note"])

                listeners = (keeper.keep, bars.show)
                done = train_stages(
                    config, corpus, fabric, own, listeners, when_taught, checkpoints
                )
            keeper.conclude_encoders(done.encoders)
            keeper.conclude(done.trained)
            recorder.finish(
                keeper.best_epochs["student"],
                {
                    "seconds": keeper.seconds,
                    "best_epochs": keeper.best_epochs,
                    "backbones_found_in_cache": list(done.encoders.cached),
                    **tnet_facts(done.trained, done.corpus),
                    "student": student_facts(done.corpus, done.encoders, done.trained.student),
                },
                maps=config.maps,
            )
        return open_record(fabric.broadcast(str(recorder.path)))
