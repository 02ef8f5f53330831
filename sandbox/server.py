"""The HTTP server: sockets in, `Request` and `Answer` through, a thread per connection."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox import api, control, instants, page
from sandbox.auto import Auto
from sandbox.exchange import Answer, Refused, Request
from sandbox.sender import PAUSES_MS
from sandbox.store import Store
from sandbox.world import World

LARGEST_BODY = 1024 * 1024
IDLE_SECONDS = 60
MOST_CONNECTIONS = 256


def respond(world: World, request: Request) -> Answer:
    """The answer to a request, errors included."""
    try:
        return _route(world, request)
    except Refused as refused:
        if request.path.startswith("/control/") and request.is_form:
            return page.back(request, str(refused), failed=True)
        return refused.answer()


def _route(world: World, request: Request) -> Answer:
    if request.path.startswith(("/shops/", "/warehouses/")):
        return api.respond(world, request)
    _refuse_other_sites(request)
    if request.path.startswith("/control/"):
        answer = control.respond(world, request)
        return page.back(request) if request.is_form else answer
    return page.respond(world, request)


def _refuse_other_sites(request: Request) -> None:
    """A page of another site must not drive the sandbox through its visitor's browser."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, "other_site", "Calls from another site's page are refused.")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "omsauto-sandbox"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write per answer, not one per header
    timeout = IDLE_SECONDS
    server: Server

    def _respond(self) -> None:
        try:
            body = self._body()
        except Refused as refused:
            self.close_connection = True
            self._write(refused.answer())
            return
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query))
        request = Request(self.command, parts.path, query, headers, body, instants.now())
        self._write(respond(self.server.world, request))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _respond

    def _body(self) -> bytes:
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not length.isdecimal():
            raise Refused(411, "length", "Send a body with its Content-Length.")
        if int(length) > LARGEST_BODY:
            raise Refused(413, "too_large", f"A body may have {LARGEST_BODY} bytes.")
        return self.rfile.read(int(length))

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.broken_off:
            self.close_connection = True
            self.wfile.write(answer.body[: len(answer.body) // 2])
        else:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the page shows what happened."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], world: World) -> None:
        self.world = world
        self._open: set[socket.socket] = set()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(timeout=1):
            super().shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)
        self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """A running sandbox: server, webhook sender and auto mode over one store."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        state: str = ":memory:",
        pauses_ms: Sequence[int] = PAUSES_MS,
    ) -> None:
        self.world = World(Store(state), pauses_ms)
        self._server = Server((host, port), self.world)
        self._auto = Auto(self.world)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sandbox-server", daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        self.world.sender.start()
        self._auto.start()
        self._thread.start()

    def stop(self) -> None:
        self.world.stopped.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._auto.stop()
        self.world.sender.stop()
        self.world.store.close()
