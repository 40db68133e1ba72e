"""From a training's reports to the entries of a record."""

import time
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import torch

from ..data import Corpus
from ..networks.tokens import pool
from ..record import Batch, Probe, Recorder
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


def describe_probe(corpus: Corpus, indices: np.ndarray, media: bool | None = None) -> Probe:
    """The probe samples as a record keeps them, with pictures where it :func:`keeps_media`."""
    kept = corpus.media if keeps_media(corpus, media) else {}
    views = {view: np.asarray(images[indices]) for view, images in kept.items()}
    return Probe(corpus.ids[indices], corpus.groups[indices], corpus.targets[indices], views)


def data_facts(corpus: Corpus, media: bool | None = None) -> dict[str, Any]:
    """Facts of a record about its data: fingerprint, sizes of the split, modalities, pictures."""
    parts = ("labelled", "unlabelled", "validation", "test")
    sizes = {part: len(getattr(corpus.split, part)) for part in parts}
    facts: dict[str, Any] = {
        "prevalent": list(corpus.prevalent),
        "privileged": list(corpus.privileged),
        "unit": corpus.unit,
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
    probe: np.ndarray
    snapshot_growth: float
    targets: TeacherTargets | None = None
    best_epochs: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _stage_began: float = field(default_factory=time.perf_counter)

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
        output = student_output(report.network, self.corpus, self.probe)
        batch = None
        if report.batch is not None:
            last = report.batch
            batch = Batch(self.corpus.ids[last.indices], last.targets, last.teacher, last.student)
        self.recorder.log_embeddings(
            report.epoch,
            teacher=self.targets.output.embedding[self.probe],
            student=output.embedding,
            batch=batch,
        )

    def conclude_encoders(self, stage: EncoderStage) -> None:
        """What each backbone scores alone, and the weights of those that were trained."""
        for name, metrics in stage.scores.items():
            values = metrics["test"]
            self.recorder.log_metrics(name, self.best_epochs[name], "test", values)
        for name in stage.trained:
            self.recorder.log_checkpoint(f"backbone-{name}", stage.backbones[name].state_dict())

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
                teacher=targets.embedding[self.probe],
                student=trained.output.embedding[self.probe],
            )
        names = [n for n in self.corpus.privileged if n in trained.output.features]
        if names:
            self.recorder.log_features(
                real=torch.cat([pool(targets.features[n][self.probe]) for n in names], dim=1),
                hallucinated=torch.cat(
                    [pool(trained.output.features[n][self.probe]) for n in names], dim=1
                ),
            )
        self.recorder.log_predictions(predictions_table(trained, self.corpus))
        self.recorder.log_checkpoint("teacher", trained.shared.teacher.state_dict())
        for name, tnet in trained.shared.tnets.items():
            self.recorder.log_checkpoint(f"tnet-{name}", tnet.state_dict())
        self.recorder.log_checkpoint("student", trained.student.state_dict())
