"""``run.json``: what was run, with what, and how it ended."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..atomic_files import plain, write_text
from ..digests import digest
from ..errors import ConfigError, RecordError
from ..tasks import Classification, Task, read_task
from . import schema
from .files import damage, read_unchecked, stay_inside

LARGEST = 2**24
"""Bytes of a ``run.json``."""
DEEPEST = 100
"""Levels of lists and mappings in it."""
_DIGEST = re.compile(rb',\n  "digest": "([^"\n]*)"\n}\n')
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)

Text = Annotated[str, Field(max_length=1000)]
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
    run_id: Text
    name: Text
    status: Status = "running"
    message: Annotated[str, Field(max_length=4000)] = ""
    created: Text
    updated: Text = ""
    corpus: Text
    method: Text
    seed: int | None
    simulated: bool
    class_names: Annotated[list[Text], Field(max_length=10_000)]
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
        """Write ``run.json`` into a record's folder, with the time of now.

        Its last line is the digest of all that stands before that line.
        """
        self.updated = datetime.now(UTC).isoformat(timespec="seconds")
        content = plain(self.model_dump())
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        body = text.removesuffix("\n}")
        own = digest(body.encode())
        write_text(path / schema.MANIFEST, f'{body},\n  "digest": "{own}"\n}}\n')

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
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError):
        raise RecordError(
            f"The record {manifest.run_id} is damaged: its task is none that this kit knows."
        ) from None


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
        raw = read_unchecked(path, schema.MANIFEST, LARGEST)
    except RecordError:
        if os.path.lexists(path / schema.MANIFEST):
            raise
        raise RecordError(
            f"{path} is not a run record: it has no {schema.MANIFEST}; give the folder that a run "
            f"wrote."
        ) from None
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise damage(path, f"{schema.MANIFEST} cannot be read as JSON") from error
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
    if _is_suspect(raw):
        _check_values(path, content)
    try:
        manifest = RunManifest(**content)
    except ValidationError as error:
        first = error.errors()[0]
        field, found = ".".join(map(str, first["loc"]))[:80], repr(first["input"])[:60]
        raise damage(path, f"{schema.MANIFEST} has no valid {field!r} (found {found})") from None
    if not stay_inside(manifest.files):
        raise damage(path, f"{schema.MANIFEST} names files that lie outside")
    # The line stands where this kit wrote it, or another program wrote the file anew on purpose.
    own = _DIGEST.search(raw, len(raw) - 100)
    if own and own.end() == len(raw) and digest(raw[: own.start()]).encode() != own[1]:
        raise RecordError(
            f"{record} is damaged: {schema.MANIFEST} is not what was written: its digest is "
            f'another; run it again, or delete the line that begins with "digest" if you changed '
            f"the file on purpose."
        )
    return manifest


def _is_suspect(raw: bytearray) -> bool:
    """Whether values may be long numbers, half characters or deep nests: they are then checked."""
    long = b"0" * 19 in raw.translate(_DIGITS)
    return long or b"\\u" in raw or raw.count(b"[") + raw.count(b"{") > DEEPEST


def _check_values(path: Path, value: Any, depth: int = 0) -> None:
    """Refuse what no kit writes and no page can show: long numbers, half characters, deep nests."""
    if depth > DEEPEST:
        raise damage(path, f"{schema.MANIFEST} nests deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_values(path, key, depth)
            _check_values(path, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_values(path, item, depth + 1)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise damage(
                path, f"{schema.MANIFEST} holds the text {value[:60]!a}, which is no Unicode"
            ) from None
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise damage(path, f"{schema.MANIFEST} holds a whole number beyond 64 bits")


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
