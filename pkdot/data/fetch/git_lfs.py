"""Files that a repository keeps in git-lfs, fetched by their pointers.

A server tells of each object where it lies now. The pointer holds its size and SHA-256, so it does
not matter which server gives it. Source: the batch API of git-lfs, docs/api/batch.md.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...atomic_files import move
from ...errors import DataError
from ..open.pointers import Pointer
from .job import Job
from .web import RemoteFile, fetch_file, get_json

BATCH = 100
"""Objects that a server is asked for at once."""

CONNECTIONS = 4

_MEDIA_TYPE = "application/vnd.git-lfs+json"


def fetch_objects(job: Job, servers: Sequence[str], wanted: Mapping[str, Pointer]) -> None:
    """Bring objects to their places, unless they are there with the right hash.

    Args:
        job: the folder.
        servers: addresses of git-lfs servers; the next one is asked where one refuses.
        wanted: path below the folder -> pointer.

    Raises:
        DataError: where no server gives an object, or it cannot be brought.
    """
    missing: dict[Pointer, list[str]] = {}
    for path, pointer in wanted.items():
        if not job.is_there(path) and not _is_object(job.dest / path, pointer):
            missing.setdefault(pointer, []).append(path)
        else:
            job.files[path] = pointer.size
    total = sum(pointer.size * len(paths) for pointer, paths in missing.items())
    if not missing:
        return
    job.require_space(total)
    with job.bar(total, "recordings") as bar, ThreadPoolExecutor(CONNECTIONS) as pool:

        def bring(pointer: Pointer, file: RemoteFile) -> Pointer:
            came = fetch_file(file, job.work, bar, job.say)
            _place(came, job.dest, missing[pointer])
            return pointer

        try:
            for batch in _batches(list(missing)):
                links = _links(servers, batch)
                for pointer in pool.map(lambda one: bring(*one), links.items()):
                    job.files |= dict.fromkeys(missing[pointer], pointer.size)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _batches(pointers: Sequence[Pointer]) -> Iterator[Sequence[Pointer]]:
    for at in range(0, len(pointers), BATCH):
        yield pointers[at : at + BATCH]


def _is_object(path: Path, pointer: Pointer) -> bool:
    if not path.is_file() or path.stat().st_size != pointer.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == pointer.oid


def _place(came: Path, dest: Path, paths: Sequence[str]) -> None:
    """Move a file to the first of its places, and copy it to the others."""
    for name in reversed(paths):
        path = dest / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(dest.resolve()):
            raise DataError(f"{path.parent} leads out of {dest} by a link; remove the link.")
        if name != paths[0]:
            aside = path.with_name(f".{path.name}.part")
            shutil.copyfile(came, aside)
            move(aside, path)
        else:
            move(came, path)


def _links(servers: Sequence[str], pointers: Sequence[Pointer]) -> dict[Pointer, RemoteFile]:
    """Where each object lies now, as the first server says that gives it."""
    found: dict[Pointer, RemoteFile] = {}
    reasons = []
    for server in servers:
        left = [pointer for pointer in pointers if pointer not in found]
        if not left:
            break
        try:
            answers = {str(one.get("oid")): one for one in _ask(server, left)}
        except DataError as error:
            reasons.append(str(error))
            continue
        for pointer in left:
            answer = answers.get(pointer.oid, {})
            action = answer.get("actions", {}).get("download")
            if action:
                headers = {str(k): str(v) for k, v in (action.get("header") or {}).items()}
                found[pointer] = RemoteFile(
                    str(action["href"]), pointer.oid, f"sha256:{pointer.oid}", headers
                )
            else:
                reason = answer.get("error", {}).get("message", "it gives no address")
                reasons.append(f"{server} does not give object {pointer.oid[:12]}: {reason}.")
    if len(found) < len(pointers):
        raise DataError(
            f"{len(pointers) - len(found)} recordings can be had from no server. " + reasons[0]
        )
    return found


def _ask(server: str, pointers: Sequence[Pointer]) -> list[dict[str, Any]]:
    request = {
        "operation": "download",
        "transfers": ["basic"],
        "objects": [{"oid": pointer.oid, "size": pointer.size} for pointer in pointers],
    }
    headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
    answer = get_json(f"{server}/objects/batch", request, headers)
    objects = answer.get("objects") if isinstance(answer, dict) else None
    if not isinstance(objects, list):
        raise DataError(f"{server} does not answer as git-lfs does; try again later.")
    return objects
