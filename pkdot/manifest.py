"""``run.json``: what was run, with what, and how it ended."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import layout
from .errors import RecordError
from .layout import SCHEMA_VERSION

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "run_id": str,
    "name": str,
    "status": str,
    "message": str,
    "created": str,
    "corpus": str,
    "method": str,
    "seed": (int, type(None)),
    "simulated": bool,
    "class_names": list,
    "config": dict,
    "facts": dict,
    "best_epoch": (int, type(None)),
    "scores": dict,
    "files": dict,
}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check ``run.json``.

    Args:
        path: the record's folder.

    Raises:
        RecordError: if it is missing, damaged, or of another schema version.
    """
    where = f"The record {path.name}"
    try:
        manifest = json.loads((path / layout.MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} is not a run record: it has no {layout.MANIFEST}; give the folder that a run "
            f"wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{where} is damaged: {layout.MANIFEST} cannot be read as JSON; run it again."
        ) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{where} is damaged: {layout.MANIFEST} states no schema version.")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{where} was written by a newer kit (schema {version}; this one reads up to "
            f"{SCHEMA_VERSION}); update pkdot to open it."
        )
    if version < SCHEMA_VERSION:
        raise RecordError(
            f"{where} was written by an older kit (schema {version}), which this one no longer "
            f"reads; run it again."
        )
    for name, kind in _FIELDS.items():
        if name not in manifest or not isinstance(manifest[name], kind):
            raise RecordError(
                f"{where} is damaged: {layout.MANIFEST} has no valid {name!r}; run it again."
            )
    if not all(isinstance(name, str) for name in manifest["class_names"]):
        raise RecordError(f"{where} is damaged: its class names are not text; run it again.")
    manifest["scores"] = _numbers(manifest["scores"], where)
    if manifest["status"] not in layout.STATUSES:
        raise RecordError(f"{where} is damaged: it has the unknown status {manifest['status']!r}.")
    return manifest


def _numbers(scores: Mapping[str, Any], where: str) -> dict[str, float]:
    """Scores as floats; JSON has no NaN and no infinity, and holds their names."""
    found = {}
    for name, value in scores.items():
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        try:
            if not plain and value not in ("nan", "inf", "-inf"):
                raise ValueError
            found[name] = float(value)
        except (ValueError, OverflowError) as error:
            raise RecordError(
                f"{where} is damaged: its score {name!r} is no number; run it again."
            ) from error
    return found


def status_sentence(status: str, manifest: Mapping[str, Any]) -> str:
    """Say a status in words; ``stopped`` is a run that began and whose writer is gone."""
    if status == "finished":
        return "This run has finished."
    if status == "running":
        return "This run is still being written; what it has logged so far is shown."
    if status == "failed":
        return f"This run failed: {manifest['message'] or 'no reason was kept'}"
    return (
        "This run was stopped before its end (interrupted, killed, or the machine went down); "
        "what it had logged is shown."
    )
