"""What the finished networks of an experiment score and answer."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from ..data import Corpus
from ..training.loop import Metrics
from ..training.metrics import (
    classification_metrics,
    reconstruction_by_subject,
    reconstruction_metrics,
)
from ..training.stages import Trained


def final_metrics(trained: Trained, corpus: Corpus) -> dict[str, Metrics]:
    """Metrics of the finished networks by stage and split; tests are read against the truth."""
    split, targets = corpus.split, trained.shared.targets.output
    found: dict[str, Metrics] = {stage: {} for stage in ("teacher", "tnet", "student")}
    for part, labels in (("validation", corpus.given_labels), ("test", corpus.labels)):
        indices = getattr(split, part)
        truth = torch.as_tensor(labels[indices])
        found["teacher"][part] = classification_metrics(
            targets.logits[indices], truth, corpus.ordinal
        )
        logits = trained.output.logits[indices]
        found["student"][part] = classification_metrics(logits, truth, corpus.ordinal)
    each = []
    for name in corpus.privileged:
        if name not in trained.output.features:
            continue
        real = targets.features[name]
        each.append(
            reconstruction_metrics(
                real[split.test],
                trained.output.features[name][split.test],
                real[split.train].mean(0),
            )
        )
    if each:
        found["tnet"]["test"] = {key: float(np.mean([e[key] for e in each])) for key in each[0]}
    return found


def tnet_by_subject(trained: Trained, corpus: Corpus) -> dict[str, dict[str, dict[str, float]]]:
    """Modality -> test subject -> error of the student's T-Net, and of the mean feature there."""
    split, targets = corpus.split, trained.shared.targets.output
    return {
        name: reconstruction_by_subject(
            targets.features[name][split.test],
            trained.output.features[name][split.test],
            targets.features[name][split.train].mean(0),
            corpus.subjects[split.test],
        )
        for name in corpus.privileged
        if name in trained.output.features
    }


def predictions_table(trained: Trained, corpus: Corpus) -> pd.DataFrame:
    """Class probabilities of teacher and student for validation and test samples."""
    split = corpus.split
    rows = np.concatenate([split.validation, split.test])
    parts = ["validation"] * len(split.validation) + ["test"] * len(split.test)
    table: dict[str, Any] = {
        "sample_id": corpus.ids[rows],
        "subject": corpus.subjects[rows],
        "split": parts,
        "label": corpus.labels[rows],
    }
    for who, output in (("teacher", trained.shared.targets.output), ("student", trained.output)):
        probabilities = functional.softmax(output.logits[rows], dim=1).numpy()
        table |= {f"{who}_{c}": probabilities[:, c] for c in range(corpus.n_classes)}
    return pd.DataFrame(table)
