"""Prevalent samples to check an export on: those of the record's probe, or recordings by hand."""

from pathlib import Path
from typing import Any

import numpy as np

from ...data import GivenSettings, OwnSettings, load_corpus
from ...errors import ConfigError, DataError
from ..config import ExperimentConfig
from .recordings import open_recordings
from .trained import TrainedStudent

MOST = 64
"""Samples that an export is checked on."""


def probe_samples(
    student: TrainedStudent, path: Path | None = None, *, progress: bool = True
) -> dict[str, Any]:
    """At most :data:`MOST` samples of every prevalent modality, each (N, ...).

    Args:
        student: trained.
        path: recordings whose first samples are taken; else the probe samples of the record, from
            the data that its settings name.
        progress: whether to draw bars while files are read.

    Raises:
        ConfigError: if the data were given in memory, and no path is.
        DataError: if the data are not there, or no longer hold the probe.
    """
    record = student.record
    data = ExperimentConfig(**record.config).data if path is None else None
    if isinstance(data, GivenSettings):
        raise ConfigError(
            f"The data of {record.run_id} were given in memory, and an export checks itself on "
            f"samples; name some recordings by --data PATH."
        )
    names = record.probe["sample_id"].astype(str).tolist()
    if path is not None or isinstance(data, OwnSettings):
        place = path or (data.path if isinstance(data, OwnSettings) else None)
        if place is None:
            raise ConfigError("Name some recordings by --data PATH, to check the export on.")
        recordings = open_recordings(student, place, progress=progress)
        readings = {name: recordings.reading(name) for name in student.prevalent}
        usable = np.all([reading.usable for reading in readings.values()], axis=0)
        wanted = usable if path is not None else usable & np.isin(recordings.ids, names)
        rows = np.flatnonzero(wanted)[:MOST]
        samples = {name: reading.samples for name, reading in readings.items()}
    else:
        assert data is not None
        corpus = load_corpus(data, int(record.seed or 0), progress=progress)
        rows = np.flatnonzero(np.isin(corpus.ids, names))[:MOST]
        samples = {name: corpus.modalities[name] for name in student.prevalent}
    if len(rows) < 2:
        raise DataError(
            f"Fewer than two samples to check the export on were found in {path or 'the data'}; "
            f"name recordings by --data PATH."
        )
    return {name: x[rows] for name, x in samples.items()}
