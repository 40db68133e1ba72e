"""One file from the web: hash checked, and a half download goes on where it stopped.

pooch checks the hash and puts the file in its place; it starts every download from nothing, so
:class:`ResumableDownload` stands in for its downloader. What has come is kept beside the file, with
the server's mark of the file's version (its ETag). The next try asks for the rest by an HTTP range,
and begins again where the server gives none, or gives another version.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ...atomic_files import move, write_text
from ...errors import DataError

TRIES = 5
"""Tries in a row that bring nothing before a download is given up."""

PAUSE = 1.0
"""Seconds between two tries."""

_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_CHUNK = 1 << 16

_own = threading.local()  # a session must not serve two threads at once


class Bar(Protocol):
    """What of a progress bar is used."""

    def update(self, n: int) -> Any: ...


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch.

    Attributes:
        url: where it is.
        name: of the file here.
        known_hash: ``"md5:…"`` or ``"sha256:…"``; None where another check follows.
        headers: that the server wants to see.
    """

    url: str
    name: str
    known_hash: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Name of the server."""
        return urlsplit(self.url).hostname or self.url


class Cut(Exception):
    """The connection ended early; what came is kept."""


def session() -> Any:
    """The session of this thread, which keeps connections open."""
    import requests

    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    return _own.session


def get_json(url: str, payload: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """What a server answers to a GET, or to a POST of ``payload``, read as JSON.

    Raises:
        DataError: where it cannot be reached, refuses, or answers with something else.
    """
    import requests

    file = RemoteFile(url, "answer")
    try:
        answer = (
            session().get(url, headers=headers, timeout=_TIMEOUT)
            if payload is None
            else session().post(url, json=payload, headers=headers, timeout=_TIMEOUT)
        )
        answer.raise_for_status()
        return answer.json()
    except ValueError as error:  # also what requests raises where there is no JSON
        raise DataError(f"{file.host} did not answer in JSON at {url}; try again later.") from error
    except requests.RequestException as error:
        raise DataError(_sentence(file, error, 0)) from error


def fetch_file(file: RemoteFile, folder: Path, bar: Bar, say: Callable[[str], None]) -> Path:
    """Bring a file into a folder, unless it is there with the right hash.

    Args:
        file: what to bring.
        folder: where it goes; half a download is kept there too.
        bar: moves by the bytes that arrive.
        say: prints a line for the user.

    Raises:
        DataError: where the server cannot be reached or refuses, the connection breaks again and
            again, the disk is full, or the file has another hash (it is then deleted).
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)  # what it tells is in our bars
    downloader = ResumableDownload(file, folder / f".{file.name}.part", bar, say)
    try:
        path = pooch.retrieve(
            file.url, file.known_hash, fname=file.name, path=folder, downloader=downloader
        )
    except (requests.RequestException, Cut) as error:
        raise DataError(_sentence(file, error, downloader.size)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(
                f"The disk of {folder} is full; free some space, then type the same again: it goes "
                f"on from there."
            ) from error
        raise DataError(f"{file.name} cannot be written in {folder}: {error.strerror}.") from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise DataError(
            f"{file.url} has another hash than the expected {file.known_hash}; it was deleted. Try "
            f"again; if it stays so, the file has changed: do not use it."
        ) from error
    return Path(path)


@dataclass
class ResumableDownload:
    """A downloader as pooch takes it: called with an address and the path to write.

    Attributes:
        file: what is brought.
        part: where half a download is kept between calls.
        bar: moves by the bytes that arrive.
        say: prints a line for the user.
    """

    file: RemoteFile
    part: Path
    bar: Bar
    say: Callable[[str], None]

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def _version(self) -> Path:
        return self.part.with_name(self.part.name + ".etag")

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Bring the file to ``output_file``; broken connections are taken up again.

        Raises:
            Cut: after :data:`TRIES` tries in a row that brought nothing.
            requests.RequestException: where the server refuses, or was never reached.
        """
        import requests

        self.bar.update(self.size)
        left = TRIES
        while True:
            before = self.size
            try:
                self._once(url)
                break
            except requests.HTTPError:
                raise
            except (requests.RequestException, Cut):
                left = TRIES if self.size > before else left - 1
                if left == 0 or self.size == 0:
                    raise
                time.sleep(PAUSE)
        move(self.part, Path(output_file))
        self._version.unlink(missing_ok=True)

    def _once(self, url: str) -> None:
        import requests

        headers = {"Accept-Encoding": "identity", **self.file.headers}
        have = self.size
        if have:
            headers["Range"] = f"bytes={have}-"
            with suppress(OSError):  # without a mark of the version the hash alone decides
                headers["If-Range"] = self._version.read_text(encoding="ascii")
        with session().get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            first, total = _range(answer.headers.get("Content-Range", ""))
            if have and answer.status_code == requests.codes.range_not_satisfiable:
                if total == have:
                    return  # all had come before the connection broke
                self._begin_again(have)
                return self._once(url)
            answer.raise_for_status()
            if have and (answer.status_code != requests.codes.partial or first != have):
                self._begin_again(have)
                have = 0
            self._keep_version(answer.headers.get("ETag", ""))
            if have == 0:
                total = int(answer.headers.get("Content-Length", 0)) or None
            answer.raw.enforce_content_length = False  # or the last bytes before a cut are lost
            with self.part.open("ab" if have else "wb") as stream:
                for chunk in answer.iter_content(_CHUNK):
                    stream.write(chunk)
                    self.bar.update(len(chunk))
        if total is not None and self.size < total:
            raise Cut

    def _begin_again(self, have: int) -> None:
        self.bar.update(-have)
        self.say(
            f"{self.file.host} cannot go on within {self.file.name}, so it starts again; "
            f"{readable(have)} are fetched twice."
        )
        self.part.unlink(missing_ok=True)

    def _keep_version(self, etag: str) -> None:
        if etag.startswith('"') and etag.isascii():  # a weak mark (W/) says too little
            write_text(self._version, etag)
        else:
            self._version.unlink(missing_ok=True)


def _range(header: str) -> tuple[int | None, int | None]:
    """First byte and total size of a ``Content-Range`` such as ``bytes 5-9/10``."""
    place, _, total = header.removeprefix("bytes ").partition("/")
    first = place.partition("-")[0]
    return (int(first) if first.isdigit() else None, int(total) if total.isdigit() else None)


def _sentence(file: RemoteFile, error: Exception, kept: int) -> str:
    """What went wrong on the way, and what to do."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        if status in (429, 503):
            return f"{file.host} is busy (HTTP {status}); type the same again in some minutes."
        return (
            f"{file.host} does not give {file.url} (HTTP {status}); look there with a browser, and "
            f"try again later."
        )
    if kept:
        return (
            f"The connection to {file.host} broke; {readable(kept)} of {file.name} are kept: type "
            f"the same again, and it goes on from there."
        )
    return (
        f"{file.host} cannot be reached; without a network, fetch {file.url} on another machine, "
        f"or work on a simulated corpus."
    )


def readable(size: float) -> str:
    """A number of bytes for people, e.g. ``21.1 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
