"""Read what a run left behind: one folder, opened without torch, during the run or years later.

Everything in a record is JSON, parquet or safetensors; nothing is ever unpickled, so a record from
a stranger is as safe to open as a picture. Tables and arrays are read when asked for: a record
that is still being written shows its newest rows.
"""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic_files import is_held
from ..digests import read_digests
from ..errors import RecordError
from . import schema
from .arrays import Array, read_arrays
from .files import damage, file_size, read_file, stays_inside
from .manifest import RunManifest, read_manifest, status_sentence
from .manifest_fields import ManifestFields
from .storage import Batch, Embeddings, Features, check_pictures, pair, sample_names
from .tables import read_table
from .target_columns import targets_of

if TYPE_CHECKING:
    import pandas as pd


CHECKED = 2**36
"""Bytes of the largest file whose digest :meth:`RunRecord.changed_files` checks."""


class RunRecord(ManifestFields):
    """A run, as it was when opened; see :func:`open_record`.

    Attributes:
        path: the record's folder.
        status: ``running``, ``finished``, ``failed``, or ``stopped`` (begun, but its writer is
            gone).
        sentence: the status in words, with the error message of a failed run.
    """

    def __init__(self, path: Path, manifest: RunManifest) -> None:
        self.path = path
        super().__init__(manifest)
        self.status: str = manifest.status
        if self.status == "running" and not is_held(path / schema.LOCK):
            self.status = "stopped"
        self.sentence = status_sentence(self.status, manifest.message)

    def __repr__(self) -> str:
        return f"RunRecord({self.run_id!r}, {self.status})"

    # -- tables ------------------------------------------------------------------------------

    @property
    def metrics(self) -> "pd.DataFrame":
        """Rows of stage, epoch, split, name, value; empty before the first is logged."""
        return self._table(schema.METRICS, schema.METRICS_COLUMNS)

    @property
    def predictions(self) -> "pd.DataFrame":
        """Rows of sample_id, subject, split, label, and outputs in teacher_* and student_*."""
        return self._table(schema.PREDICTIONS, schema.PREDICTIONS_COLUMNS)

    @property
    def probe(self) -> "pd.DataFrame":
        """The N probe samples: sample_id, subject, label (-1: none), media (views, or empty).

        Targets that are values stand in ``target_0 …``; :func:`targets_of` reads either.
        """
        return self._table(schema.PROBE, schema.PROBE_COLUMNS)

    def maps(self) -> "pd.DataFrame":
        """Maps written when training ended: projection, epoch, network, sample_id, x, y.

        ``network`` is teacher or student; rows follow the order of the probe. Empty where no map
        was written.
        """
        import pandas as pd

        files = (self.path / schema.MAPS).glob("[!.]*.parquet")
        found = {f"{schema.MAPS}/{file.name}" for file in files}
        names = sorted(found) or self._written(schema.MAPS)
        tables = [self._table(name, schema.MAPS_COLUMNS[1:]) for name in names]
        for name, table in zip(names, tables, strict=True):
            table.insert(0, "projection", Path(name).stem)
        return (
            pd.concat(tables, ignore_index=True)
            if tables
            else pd.DataFrame(columns=list(schema.MAPS_COLUMNS))
        )

    # -- arrays ------------------------------------------------------------------------------

    @property
    def epochs(self) -> list[int]:
        """Epochs of the student stage with logged embeddings; 0 is before training."""
        return schema.logged_epochs(self.path, schema.EMBEDDINGS)

    @property
    def batch_epochs(self) -> list[int]:
        """Epochs with a logged training batch."""
        return schema.logged_epochs(self.path, schema.BATCHES)

    def embeddings(self, epoch: int) -> Embeddings:
        """Embeddings of the probe samples: teacher (N, D), student (N, D').

        Raises:
            RecordError: if that epoch was not logged, or its file is damaged.
        """
        arrays, notes = self._epoch_arrays(schema.EMBEDDINGS, epoch, self.epochs)
        elsewhere = notes.get("teacher_epoch", "")
        if "teacher" not in arrays and re.fullmatch(r"[0-9]{1,9}", elsewhere):
            source, _ = self._epoch_arrays(schema.EMBEDDINGS, int(elsewhere), self.epochs)
            arrays = {**source, **arrays}
        return Embeddings(*pair(self.path, arrays, "teacher", "student", f"epoch {epoch}"))

    def batch(self, epoch: int) -> Batch:
        """The training batch that was logged at an epoch.

        Raises:
            RecordError: if none was logged at that epoch, or its file is damaged.
        """
        arrays, notes = self._epoch_arrays(schema.BATCHES, epoch, self.batch_epochs)
        teacher, student = pair(
            self.path, arrays, "teacher", "student", f"the batch of epoch {epoch}"
        )
        ids = sample_names(self.path, notes.get("sample_ids", ""), f"the batch of epoch {epoch}")
        # Records of classes called them labels before there were other targets.
        targets = arrays.get("targets", arrays.get("labels"))
        if targets is None or targets.ndim not in (1, 2) or targets.dtype.kind not in "iuf":
            raise damage(self.path, f"the batch of epoch {epoch} has no targets")
        if not len(ids) == len(targets) == len(teacher):
            raise damage(self.path, f"the batch of epoch {epoch} has columns of unequal length")
        return Batch(ids, targets, teacher, student)

    def probe_batch(self, epoch: int) -> Batch:
        """The probe samples as if they were one batch, to be drawn like :meth:`batch`.

        Raises:
            RecordError: if that epoch was not logged, or a file is damaged.
        """
        pair, probe = self.embeddings(epoch), self.probe
        if len(probe) != len(pair.teacher):
            raise damage(self.path, f"epoch {epoch} has not one embedding for each probe sample")
        return Batch(probe["sample_id"].to_numpy().astype(str), targets_of(probe), *pair)

    def features(self) -> Features | None:
        """Real and hallucinated features of the probe, each (N, F); None where none were logged."""
        if not self._has(schema.FEATURES):
            return None
        arrays, _ = read_arrays(self.path, schema.FEATURES)
        return Features(*pair(self.path, arrays, "real", "hallucinated", schema.FEATURES))

    def media(self) -> dict[str, Array]:
        """Pictures of the probe samples by view, each (N, H, W) or (N, H, W, 3) uint8.

        Empty where the run kept none.
        """
        if not self._has(schema.IMAGES):
            return {}
        views, _ = read_arrays(self.path, schema.IMAGES)
        check_pictures(self.path, schema.IMAGES, views)
        return views

    @property
    def checkpoints(self) -> list[str]:
        """Names of the checkpoints."""
        return sorted(f.stem for f in (self.path / schema.CHECKPOINTS).glob("*.safetensors"))

    def checkpoint(self, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
        """Tensors by name, and the notes saved with them.

        Floats of 16 or 8 bits that NumPy lacks (bfloat16) become float32.

        Raises:
            RecordError: if there is no such checkpoint, it is damaged, or it holds a type that is
                not read here.
        """
        if name not in self.checkpoints:
            raise RecordError(
                f"{self.run_id} has no checkpoint {name!r}; it has "
                f"{', '.join(self.checkpoints) or 'none'}."
            )
        file = f"{schema.CHECKPOINTS}/{name}.safetensors"
        arrays, notes = read_arrays(self.path, file)
        try:
            kept = json.loads(notes.get("notes", "{}"))
        except (ValueError, RecursionError):
            kept = None
        if not isinstance(kept, dict):
            raise damage(self.path, f"the notes of {file} cannot be read")
        return arrays, kept

    # -- health ------------------------------------------------------------------------------

    def missing_files(self) -> list[str]:
        """Files that the finished run wrote and that are gone or cut short.

        Checkpoints are left out: deleting them to save space does no harm to the rest.
        """
        wanted = self._manifest.files
        return sorted(
            name
            for name, size in wanted.items()
            if not name.startswith(schema.CHECKPOINTS) and file_size(self.path, name) != size
        )

    def changed_files(self) -> list[str]:
        """Files whose bytes are not those that were written; reads all of them.

        A file without a digest, as older kits wrote them, counts as unchanged.
        """
        known = read_digests(self.path / schema.DIGESTS)
        return sorted(name for name in known if stays_inside(name) and self._is_changed(name))

    # -- inside ------------------------------------------------------------------------------

    def _is_changed(self, name: str) -> bool:
        if file_size(self.path, name) < 0:  # missing_files names it, where it is missed
            return False
        try:
            read_file(self.path, name, CHECKED)
        except RecordError:
            return True
        return False

    def _written(self, folder: str) -> list[str]:
        return sorted(name for name in self._manifest.files if name.startswith(f"{folder}/"))

    def _table(self, name: str, columns: tuple[str, ...]) -> "pd.DataFrame":
        import pandas as pd

        if not self._has(name):
            return pd.DataFrame(columns=list(columns))
        return read_table(self.path, name, columns)

    def _has(self, name: str) -> bool:
        return name in self._manifest.files or os.path.lexists(self.path / name)

    def _epoch_arrays(
        self, folder: str, epoch: int, logged: list[int]
    ) -> tuple[dict[str, Array], dict[str, str]]:
        if epoch not in logged:
            known = ", ".join(map(str, logged)) or "none yet"
            raise RecordError(f"{self.run_id} has no {folder} of epoch {epoch}; logged: {known}.")
        return read_arrays(
            self.path, f"{folder}/{schema.epoch_file(self.path, folder, epoch).name}"
        )


def open_record(path: str | Path) -> RunRecord:
    """Open the record of a run, finished or not.

    Args:
        path: the record's folder, or the ``run.json`` in it.

    Raises:
        RecordError: if there is no record, it was written by a newer or an unknown older kit, or
            its ``run.json`` is damaged. Damage elsewhere raises when that part is asked for.
    """
    try:
        path = Path(path).expanduser().absolute()
    except RuntimeError as error:  # ~somebody: there is no such user here
        raise RecordError(
            f"There is no run record at {path}: the home folder in it is unknown; give the whole "
            f"path."
        ) from error
    if path.name == schema.MANIFEST:
        path = path.parent
    if not path.is_dir():
        raise RecordError(f"There is no run record at {path}; give the folder that a run wrote.")
    record = RunRecord(path, read_manifest(path))
    if record.status == "stopped":
        # The writer may have ended between our look at run.json and our look at its lock.
        record = RunRecord(path, read_manifest(path))
    return record
