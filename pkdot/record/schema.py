"""Where everything lies in a run record, for writer and reader alike.

    run.json                             what was run, with what, and how it ended
    metrics.parquet                      stage, epoch, split, name, value
    predictions.parquet                  sample_id, subject, split, label, teacher_*, student_*
    probe.parquet                        sample_id, subject, label, media: the fixed probe samples
                                         (both: target_* beside label, where targets are values)
    embeddings/epoch_NNNN.safetensors    teacher (N, D), student (N, D) of the probe
    batches/epoch_NNNN.safetensors       teacher (B, D), student (B, D), targets, ids
    features.safetensors                 real (N, F), hallucinated (N, F) of the probe
    maps/<projection>.parquet            epoch, network, sample_id, x, y
    media/images.safetensors             one uint8 array (N, H, W) or (N, H, W, 3) a view
    checkpoints/<name>.safetensors       tensors by name
    checkpoints/resume/                  while a run is unfinished: what it needs to go on
    digests.txt                          SHA-256 of each file, as sha256sum writes it
    .lock                                exists while somebody writes

A teacher is frozen while its student learns, so its embeddings are mostly the same in every
epoch. A file that repeats them would double the record; it names, in its metadata
(``teacher_epoch``), the epoch whose file holds them.
"""

import re
from pathlib import Path

from ..keyed_cache import short_hash

SCHEMA_VERSION = 1

MANIFEST = "run.json"
METRICS = "metrics.parquet"
PREDICTIONS = "predictions.parquet"
PROBE = "probe.parquet"
FEATURES = "features.safetensors"
IMAGES = "media/images.safetensors"
EMBEDDINGS = "embeddings"
BATCHES = "batches"
MAPS = "maps"
CHECKPOINTS = "checkpoints"
RESUME = "checkpoints/resume"
DIGESTS = "digests.txt"
LOCK = ".lock"

METRICS_COLUMNS = ("stage", "epoch", "split", "name", "value")
PREDICTIONS_COLUMNS = ("sample_id", "subject", "split", "label")
PROBE_COLUMNS = ("sample_id", "subject", "label", "media")
MAPS_COLUMNS = ("projection", "epoch", "network", "sample_id", "x", "y")


def checkpoint_of(part: str, modality: str) -> str:
    """The name of the weights of one modality's part, e.g. ``tnet-eda``.

    A name that a file may not have, as ``heart rate: left``, keeps what it may have of it, and
    digits that tell it from others.
    """
    if re.fullmatch(r"[\w.-]+", modality):
        return f"{part}-{modality}"
    kept = re.sub(r"[^\w.-]", "_", modality)
    return f"{part}-{kept}-{short_hash(modality, 8)}"


def epoch_file(path: Path, folder: str, epoch: int) -> Path:
    """The file of one epoch, e.g. ``embeddings/epoch_0007.safetensors``."""
    return path / folder / f"epoch_{epoch:04d}.safetensors"


def logged_epochs(path: Path, folder: str) -> list[int]:
    """The epochs that have a file in a folder of the record, in order."""
    names = (file.name for file in (path / folder).glob("epoch_*.safetensors"))
    found = (re.fullmatch(r"epoch_(\d{4,9})\.safetensors", name) for name in names)
    return sorted(int(match[1]) for match in found if match)
