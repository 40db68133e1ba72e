"""``run.json``: what was run, with what, and how it ended."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from ..atomic_files import plain, write_json
from ..errors import ConfigError, RecordError
from ..tasks import Classification, Task, read_task
from . import schema

Status = Literal["running", "finished", "failed", "stopped"]


def _number(value: Any) -> Any:
    """JSON has no NaN and no infinity; a record holds their names in their place."""
    return float(value) if value in ("nan", "inf", "-inf") else value


class RunManifest(BaseModel):
    """What ``run.json`` holds; strict, as a record may come from a stranger.

    Attributes:
        schema_version: of the record's layout, :data:`pkdot.record.schema.SCHEMA_VERSION`.
        run_id: the folder's name.
        name: what people call the run.
        status: running, finished, failed or stopped.
        message: why it failed; else empty.
        created, updated: ISO 8601 in UTC.
        corpus, method, seed, simulated, class_names, config: of the experiment.
        task: settings of the task; where a record has none, it is classes by ``class_names``.
        facts: versions, hardware, timings (seconds) and whatever else the writer kept.
        best_epoch: student epoch that was selected; None until it is known.
        scores: last value of each test metric, by ``"stage name"``.
        files: bytes of each file, by its name within the folder; known once a run has ended.
    """

    model_config = ConfigDict(strict=True, validate_assignment=True, allow_inf_nan=True)

    schema_version: int = schema.SCHEMA_VERSION
    run_id: str
    name: str
    status: Status = "running"
    message: str = ""
    created: str
    updated: str = ""
    corpus: str
    method: str
    seed: int | None
    simulated: bool
    class_names: list[str]
    task: dict[str, Any] | None = None
    config: dict[str, Any]
    facts: dict[str, Any]
    best_epoch: int | None = None
    scores: dict[str, Annotated[float, BeforeValidator(_number)]] = {}
    files: dict[str, int] = {}

    @classmethod
    def begin(cls, run_id: str | None, **fields: Any) -> Self:
        """The manifest of a run that begins now.

        Args:
            run_id: the folder's name; composed of time, corpus, method and seed by default.
            fields: name, corpus, method, seed, simulated, class_names, task, config and facts.

        Raises:
            RecordError: for settings or facts that JSON cannot hold.
        """
        now = datetime.now(UTC)
        words = (now.strftime("%Y%m%d-%H%M%S"), fields["corpus"] or fields["name"])
        if run_id is None:
            run_id = readable_id(*words, fields["method"], fields["seed"])
        created = now.isoformat(timespec="seconds")
        return cls(run_id=run_id, created=created, updated=created, **plain(fields))

    def write(self, path: Path) -> None:
        """Write ``run.json`` into a record's folder, with the time of now."""
        self.updated = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(path / schema.MANIFEST, self.model_dump())

    def resume(self, before: "RunManifest", replaced: set[str]) -> float:
        """Take over what an interrupted run's manifest holds.

        Args:
            before: manifest of the record that goes on.
            replaced: fields that the new writer gave, and which therefore stay. Facts are always
                merged.

        Returns:
            Seconds that the run took so far.
        """
        fields = {"corpus", "method", "seed", "simulated", "class_names", "task", "config"}
        for field in fields - replaced:
            setattr(self, field, getattr(before, field))
        self.created, self.best_epoch = before.created, before.best_epoch
        facts = dict(before.facts)
        seconds = facts.pop("seconds", None)
        spent = 0.0
        if isinstance(seconds, Mapping):
            # The time before counts too; kept as it is, it would pass for the whole.
            facts["seconds"] = {key: value for key, value in seconds.items() if key != "total"}
            total = seconds.get("total")
            spent = float(total) if isinstance(total, int | float) else 0.0
        self.facts = merged_facts(facts, self.facts)
        return spent


def task_of(manifest: RunManifest) -> Task:
    """The task of a run.

    Raises:
        RecordError: if the manifest holds values that make none.
    """
    if manifest.task is None:
        return Classification(classes=tuple(manifest.class_names))
    try:
        return read_task(manifest.task)
    except ConfigError as error:
        raise RecordError(f"The record {manifest.run_id} is damaged: {error}") from None


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


def read_manifest(path: Path) -> RunManifest:
    """Read and check ``run.json``.

    Args:
        path: the record's folder.

    Raises:
        RecordError: if it is missing, damaged, or of another schema version.
    """
    record = f"The record {path.name}"
    try:
        content = json.loads((path / schema.MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} is not a run record: it has no {schema.MANIFEST}; give the folder that a run "
            f"wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{record} is damaged: {schema.MANIFEST} cannot be read as JSON; run it again."
        ) from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{record} is damaged: {schema.MANIFEST} states no schema version.")
    if version > schema.SCHEMA_VERSION:
        raise RecordError(
            f"{record} was written by a newer kit (schema {version}; this one reads up to "
            f"{schema.SCHEMA_VERSION}); update pkdot to open it."
        )
    if version < schema.SCHEMA_VERSION:
        raise RecordError(
            f"{record} was written by an older kit (schema {version}), which this one no longer "
            f"reads; run it again."
        )
    try:
        return RunManifest(**content)
    except ValidationError as error:
        first = error.errors()[0]
        field, found = ".".join(map(str, first["loc"])), repr(first["input"])[:60]
        raise RecordError(
            f"{record} is damaged: {schema.MANIFEST} has no valid {field!r} (found {found}); run "
            f"it again."
        ) from error


def status_sentence(status: str, message: str) -> str:
    """A status in words; ``stopped`` is a run that began and whose writer is gone."""
    if status == "finished":
        return "This run has finished."
    if status == "running":
        return "This run is still being written; what it has logged so far is shown."
    if status == "failed":
        return f"This run failed: {message or 'no reason was kept'}"
    return (
        "This run was stopped before its end (interrupted, killed, or the machine went down); "
        "what it had logged is shown."
    )
