"""Protocol: HTTP as uvicorn speaks it, with a limit on how long a client may take to send a request's headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEADERS_S = 10.0


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers have not come in time: a thousand slow ones would hold a thousand sockets.

    The body has a limit of its own (`body_timeout_s`), and an idle connection is uvicorn's (`timeout_keep_alive`).
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request that has begun."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """They came."""
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        # Closing a transport that is closed already does nothing, so the end of a connection need not stop this.
        self._deadline = self.loop.call_later(HEADERS_S, self.transport.close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
