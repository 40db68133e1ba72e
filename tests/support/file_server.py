"""A web server on this machine that serves files, and fails as real ones do."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FileServer:
    """What the server holds and how it behaves.

    Attributes:
        url: its address.
        files: path -> content.
        answers: path -> what a POST of JSON gets, as JSON.
        ranges: whether it gives parts of files.
        etags: path -> mark of the file's version.
        cuts: bytes after which each of the next answers breaks off.
        statuses: path -> HTTP status to refuse with.
        requests: method, path and Range header of what was asked for.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    ranges: bool = True
    etags: dict[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    def put_json(self, path: str, content: Any) -> None:
        """Serve a JSON text."""
        self.files[path] = json.dumps(content).encode()

    def asked(self, path: str) -> list[str]:
        """Range headers of the requests for a path."""
        return [span for _, own, span in self.requests if own == path]


@contextmanager
def serving() -> Iterator[FileServer]:
    """A server that runs while the block does."""
    state = FileServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: FileServer

    def do_GET(self) -> None:
        path, span = self.path.partition("?")[0], self.headers.get("Range", "")
        self.state.requests.append(("GET", path, span))
        content = self.state.files.get(path)
        status = self.state.statuses.get(path) or (404 if content is None else 200)
        if content is None or status != 200:
            return self._send(status, b"")
        headers = {"ETag": self.state.etags[path]} if path in self.state.etags else {}
        changed = self.headers.get("If-Range", headers.get("ETag")) != headers.get("ETag")
        if not (span and self.state.ranges) or changed:
            return self._send(200, content, headers)
        first = int(span.removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            return self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        place = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return self._send(206, content[first:], {**headers, "Content-Range": place})

    def do_POST(self) -> None:
        self.state.requests.append(("POST", self.path, ""))
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.state.answers.get(self.path)
        if answer is None:
            return self._send(404, b"")
        return self._send(200, json.dumps(answer(given)).encode())

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.state.cuts and content and self.command == "GET":
            content = content[: self.state.cuts.pop(0)]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass
