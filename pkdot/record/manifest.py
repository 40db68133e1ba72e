"""``run.json``: what was run, with what, and how it ended."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..atomic_files import plain
from ..errors import RecordError
from . import schema
from .schema import SCHEMA_VERSION

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


def new_manifest(run_id: str | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """What ``run.json`` says when a run begins.

    Args:
        run_id: the folder's name; made from time, corpus, method and seed by default.
        said: name, corpus, method, seed, simulated, class_names, config and facts.
    """
    now = datetime.now(UTC)
    words = (now.strftime("%Y%m%d-%H%M%S"), said["corpus"] or said["name"], said["method"])
    return plain(
        {
            "schema_version": SCHEMA_VERSION,
            "run_id": readable_id(*words, said["seed"]) if run_id is None else run_id,
            "status": "running",
            "message": "",
            "created": now.isoformat(timespec="seconds"),
            "updated": now.isoformat(timespec="seconds"),
            **said,
            "best_epoch": None,
            "scores": {},
            "files": {},
        }
    )


def readable_id(time: str, corpus: str, method: str, seed: int | None) -> str:
    """The name of a run, e.g. ``20260131-154500-digits-kd-pkdot-seed0``."""
    words = [time, corpus, method, *([] if seed is None else [f"seed{seed}"])]
    slugs = (re.sub(r"[^a-z0-9.]+", "-", word.lower()).strip("-.") for word in words)
    return "-".join(slug for slug in slugs if slug)


def merged_facts(kept: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with further ones; where both hold a mapping by one name, it is merged by key."""
    merged = dict(kept)
    for key, value in plain(new, "facts").items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def resumed_manifest(
    new: Mapping[str, Any], before: Mapping[str, Any], given: set[str]
) -> tuple[dict[str, Any], float]:
    """What ``run.json`` says when a run goes on, and the seconds that it took so far.

    Args:
        new: the manifest that a new run would have.
        before: what the record says.
        given: fields that the new writer gave, and which therefore win. Facts are always merged.
    """
    fields = ("corpus", "method", "seed", "simulated", "class_names", "config")
    kept = {field: before[field] for field in fields if field not in given}
    facts = dict(before["facts"])
    seconds = facts.pop("seconds", None)
    spent = 0.0
    if isinstance(seconds, Mapping):
        # The time before counts too; kept as it is, it would pass for the whole.
        facts["seconds"] = {key: value for key, value in seconds.items() if key != "total"}
        total = seconds.get("total")
        spent = float(total) if isinstance(total, int | float) else 0.0
    always = {field: before[field] for field in ("created", "best_epoch")}
    return {**new, **kept, **always, "facts": merged_facts(facts, new["facts"])}, spent


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check ``run.json``.

    Args:
        path: the record's folder.

    Raises:
        RecordError: if it is missing, damaged, or of another schema version.
    """
    where = f"The record {path.name}"
    try:
        manifest = json.loads((path / schema.MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} is not a run record: it has no {schema.MANIFEST}; give the folder that a run "
            f"wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{where} is damaged: {schema.MANIFEST} cannot be read as JSON; run it again."
        ) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{where} is damaged: {schema.MANIFEST} states no schema version.")
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
                f"{where} is damaged: {schema.MANIFEST} has no valid {name!r}; run it again."
            )
    if not all(isinstance(name, str) for name in manifest["class_names"]):
        raise RecordError(f"{where} is damaged: its class names are not text; run it again.")
    manifest["scores"] = _numbers(manifest["scores"], where)
    if manifest["status"] not in schema.STATUSES:
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
