"""From a training's reports to the entries of a record."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import Corpus
from ..networks import NetworkOutput
from ..networks.own import OwnNetwork
from ..networks.tokens import pool
from ..record import Batch, Probe, Recorder
from ..record.schema import checkpoint_of
from ..training.batch_rows import ComparedRows, pick_frames
from ..training.context import complete_only
from ..training.encoders import EncoderStage
from ..training.loop import EpochReport
from ..training.outputs import TeacherTargets, student_output
from ..training.stages import Trained
from .results import final_metrics, predictions_table


def probe_indices(corpus: Corpus, size: int) -> np.ndarray:
    """Test samples to follow, (n,), strata as even as they come, the first of each stratum."""
    test = complete_only(corpus, corpus.split.test)
    labels = corpus.task.strata(corpus.targets[test])
    rank = np.empty(len(test), dtype=int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[members] = np.arange(len(members))
    return np.sort(test[np.lexsort((test, rank))[:size]])


def keeps_media(corpus: Corpus, wanted: bool | None) -> bool:
    """Whether a record of this corpus keeps pictures; ``wanted`` is the config's ``media``."""
    return not corpus.restricted if wanted is None else wanted


def probe_rows(corpus: Corpus, size: int) -> ComparedRows:
    """What is followed through training: test samples, or frames of test windows, each once.

    Args:
        corpus: N samples.
        size: rows at most.
    """
    chosen = probe_indices(corpus, size)
    if not corpus.is_sequence:
        return ComparedRows(len(chosen), torch.as_tensor(chosen))
    known = np.isfinite(corpus.targets[chosen]).any(axis=2)
    known |= ~known.any(axis=1, keepdims=True)
    window, place = pick_frames(torch.as_tensor(known), np.random.default_rng(0), size)
    names = corpus.frame_names(chosen)[window.numpy(), place.numpy()]
    first = torch.as_tensor(np.sort(np.unique(names, return_index=True)[1]))
    samples = torch.as_tensor(chosen)[window[first]]
    return ComparedRows(len(first), samples, place[first])


def row_names(corpus: Corpus, samples: np.ndarray, frames: np.ndarray | None) -> np.ndarray:
    """Names of samples, or of one frame of each of some windows, (R,)."""
    if frames is None:
        return corpus.ids[samples]
    return corpus.frame_names(samples)[np.arange(len(samples)), frames]


def describe_probe(corpus: Corpus, rows: ComparedRows, media: bool | None = None) -> Probe:
    """The probe samples as a record keeps them, with pictures where it :func:`keeps_media`."""
    indices = rows.samples(np.arange(len(corpus)))
    kept = corpus.media if keeps_media(corpus, media) else {}
    views = {view: np.asarray(images[indices]) for view, images in kept.items()}
    targets = corpus.targets[indices]
    if rows.frames is not None:
        targets = targets[np.arange(len(indices)), rows.frames]
    return Probe(row_names(corpus, indices, rows.frames), corpus.groups[indices], targets, views)


def data_facts(corpus: Corpus, media: bool | None = None) -> dict[str, Any]:
    """Facts of a record about its data: fingerprint, sizes of the split, modalities, pictures."""
    parts = ("labelled", "unlabelled", "validation", "test")
    sizes = {part: len(getattr(corpus.split, part)) for part in parts}
    if corpus.is_unpaired:
        sizes["teacher_only"] = len(corpus.split.teacher_only)
    facts: dict[str, Any] = {
        "prevalent": list(corpus.prevalent),
        "privileged": list(corpus.privileged),
        "unit": corpus.unit,
        "restricted": corpus.restricted,
    }
    if keeps_media(corpus, media):
        facts["media"] = "kept: " + (", ".join(corpus.media) or "none")
    elif media is None:
        facts["media"] = "left out, as pictures of this corpus must not be passed on"
    else:
        facts["media"] = "left out, as the settings say"
    return {**corpus.facts, **facts, **sizes, "fingerprint": corpus.fingerprint}


def is_snapshot_epoch(epoch: int, growth: float) -> bool:
    """Whether an epoch's embeddings are logged: 0, 1, then each ``growth`` times the last.

    Training changes much in the first epochs and little in the late ones.
    """
    due = 1.0
    while ceil(due) < epoch:
        due *= growth
    return epoch == 0 or ceil(due) == epoch


@dataclass
class RecordKeeper:
    """Turns epoch reports into entries of a record."""

    recorder: Recorder
    corpus: Corpus
    probe: ComparedRows
    snapshot_growth: float
    targets: TeacherTargets | None = None
    best_epochs: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _stage_began: float = field(default_factory=time.perf_counter)

    def go_on(self, notes: Mapping[str, Any]) -> None:
        """Take up best epochs and seconds of the stages of a run that was interrupted."""
        self.best_epochs = dict(notes["best_epochs"])
        self.seconds = dict(notes["seconds"])
        if self.seconds:
            self._stage_began = time.perf_counter() - [*self.seconds.values()][-1]

    def keep(self, report: EpochReport) -> None:
        if report.stage not in self.best_epochs:
            self._stage_began = time.perf_counter()
        self.best_epochs[report.stage] = report.best_epoch
        self.seconds[report.stage] = round(time.perf_counter() - self._stage_began, 3)
        for part, values in report.metrics.items():
            self.recorder.log_metrics(report.stage, report.epoch, part, values)
        if report.stage == "student" and is_snapshot_epoch(report.epoch, self.snapshot_growth):
            self._keep_embeddings(report)

    def _keep_embeddings(self, report: EpochReport) -> None:
        assert self.targets is not None
        samples, which = np.unique(
            self.probe.samples(np.arange(len(self.corpus))), return_inverse=True
        )
        output = student_output(report.network, self.corpus, samples)
        rows = replace(self.probe, index=torch.as_tensor(which))
        batch = None
        if report.batch is not None:
            last = report.batch
            names = row_names(self.corpus, last.indices, last.frames)
            batch = Batch(names, last.targets, last.teacher, last.student)
        self.recorder.log_embeddings(
            report.epoch,
            teacher=self.probe.take(self.targets.output.embedding),
            student=rows.take(output.embedding.cpu()),
            batch=batch,
        )

    def conclude_encoders(self, stage: EncoderStage) -> None:
        """What each backbone scores alone, and the weights of those that were trained."""
        for name, metrics in stage.scores.items():
            values = metrics["test"]
            self.recorder.log_metrics(name, self.best_epochs[name], "test", values)
        for name in stage.trained:
            self.recorder.log_checkpoint(
                checkpoint_of("backbone", name), stage.backbones[name].state_dict()
            )

    def conclude(self, trained: Trained) -> None:
        """Final metrics, embeddings of the selected student, predictions, features, weights."""
        best = self.best_epochs["student"]
        for stage, metrics in final_metrics(trained, self.corpus).items():
            if "test" in metrics:
                values = metrics["test"]
                self.recorder.log_metrics(stage, self.best_epochs[stage], "test", values)
        targets = trained.shared.targets.output
        if not is_snapshot_epoch(best, self.snapshot_growth):
            self.recorder.log_embeddings(
                best,
                teacher=self.probe.take(targets.embedding),
                student=self.probe.take(trained.output.embedding),
            )
        names = [n for n in self.corpus.privileged if n in trained.output.features]
        if names:
            self.recorder.log_features(
                real=self._probe_features(targets, names),
                hallucinated=self._probe_features(trained.output, names),
            )
        self.recorder.log_predictions(predictions_table(trained, self.corpus))
        teacher = trained.shared.teacher
        weights = teacher.state_dict()
        if isinstance(teacher, OwnNetwork) and not teacher.learns:
            # The user has the module as it was; the record keeps what the kit put on top.
            weights = {name: x for name, x in weights.items() if name.startswith("head.")}
        if weights:
            self.recorder.log_checkpoint("teacher", weights)
        for name, tnet in trained.shared.tnets.items():
            self.recorder.log_checkpoint(checkpoint_of("tnet", name), tnet.state_dict())
        self.recorder.log_checkpoint("student", trained.student.state_dict())

    def _probe_features(self, output: NetworkOutput, names: Sequence[str]) -> Tensor:
        """Features of the probe, tokens averaged, behind one another, (R, F)."""
        return torch.cat([pool(self.probe.take(output.features[name])) for name in names], dim=1)
