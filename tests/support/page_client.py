"""A visitor of the page without a browser: Streamlit's own messages over a WebSocket."""

import asyncio
import random
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

T = TypeVar("T")
PAGES = ("runs", "pairs", "similarity", "anchors", "transport", "maps", "samples", "methods")
PATIENCE = 60.0
"""Seconds that a visitor waits for a page before it counts as an error."""

_ERROR_BOX = 1  # Alert.ERROR
_FINISHED = ForwardMsg.FINISHED_SUCCESSFULLY


@dataclass
class Visitor:
    """One session. As a browser does, it keeps messages and says which ones it has.

    Attributes:
        address: of the server, ``http://127.0.0.1:8501``.
        turns: seconds from asking for another page until all of it had come.
        moves: seconds from moving a slider until the page had come anew.
        errors: what went wrong, one sentence each.
    """

    address: str
    turns: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _connection: WebSocketClientConnection | None = None
    _kept: set[str] = field(default_factory=set)
    _hashes: dict[str, str] = field(default_factory=dict)
    _sliders: dict[str, Any] = field(default_factory=dict)
    _page: str = "runs"

    async def open(self) -> None:
        """Connect and draw the first page; its seconds are not kept, as a server may warm up."""
        request = HTTPRequest(
            self.address.replace("http:", "ws:") + "/_stcore/stream",
            headers={"Sec-WebSocket-Protocol": "streamlit"},
            connect_timeout=PATIENCE,
        )
        self._connection = await websocket_connect(request, max_message_size=256 << 20)
        await self._draw("runs")

    async def turn(self, page: str) -> None:
        """Go to another page."""
        seconds = await self._draw(page)
        if seconds is not None:
            self.turns.append(seconds)

    async def move(self, chance: random.Random) -> None:
        """Move one of the sliders of this page, where it has any."""
        if not self._sliders:
            return
        slider = self._sliders[chance.choice(sorted(self._sliders))]
        place = chance.randint(int(slider.min), int(slider.max))
        seconds = await self._draw(self._page, slider, place)
        if seconds is not None:
            self.moves.append(seconds)

    def close(self) -> None:
        """Leave, as a closed tab does."""
        if self._connection is not None:
            self._connection.close()

    async def _draw(self, page: str, slider: Any = None, place: int = 0) -> float | None:
        """Seconds until the page had come; None after an error, which is kept."""
        assert self._connection is not None
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string = ""
        state.page_script_hash = self._hashes.get(page, "")
        state.page_name = "" if page in self._hashes else page.replace("runs", "")
        state.cached_message_hashes.extend(self._kept)
        if slider is not None:
            widget = state.widget_states.widgets.add()
            widget.id = slider.id
            if slider.options:
                widget.string_array_value.data.append(slider.options[place])
            else:
                widget.double_array_value.data.append(place)
        self._page, self._sliders = page, {}
        began = time.perf_counter()
        try:
            await self._connection.write_message(asked.SerializeToString(), binary=True)
            async with asyncio.timeout(PATIENCE):
                complete = await self._receive()
        except TimeoutError:
            self.errors.append(f"{page}: nothing came for {PATIENCE:.0f} s")
            return None
        except Exception as error:
            self.errors.append(f"{page}: {type(error).__name__}: {error}")
            return None
        return time.perf_counter() - began if complete else None

    async def _receive(self) -> bool:
        """Take messages until the script of the page has ended; whether it ended well."""
        assert self._connection is not None
        before = len(self.errors)
        while True:
            data = await self._connection.read_message()
            if data is None:
                self.errors.append(f"{self._page}: the server hung up")
                return False
            message = ForwardMsg.FromString(data)
            if message.metadata.cacheable and message.hash:
                self._kept.add(message.hash)
            kind = message.WhichOneof("type")
            if kind == "navigation":
                for entry in message.navigation.app_pages:
                    self._hashes[entry.url_pathname or "runs"] = entry.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._look_at(message.delta.new_element)
            elif kind == "page_not_found":
                self.errors.append(f"{self._page}: no such page")
            elif kind == "script_finished":
                if message.script_finished != _FINISHED:
                    self.errors.append(f"{self._page}: ended as {message.script_finished}")
                return len(self.errors) == before

    def _look_at(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{self._page}: {element.exception.type}")
        elif kind == "alert" and element.alert.format == _ERROR_BOX:
            self.errors.append(f"{self._page}: {element.alert.body}")
        elif kind == "slider" and not element.slider.disabled:
            self._sliders[element.slider.id] = element.slider


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, run in a thread: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
