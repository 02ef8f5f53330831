"""The shop over loopback HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.woocommerce.answers import Answer


class Handles(Protocol):
    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@contextmanager
def served(shop: Handles) -> Iterator[str]:
    """The address while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(shop))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_for(shop: Handles) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            url = f"http://{self.headers['host']}{self.path}"
            given = shop.handle(self.command, url, dict(self.lower_headers()), body)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_POST = do_PUT = do_DELETE = do_GET

        def lower_headers(self) -> Iterator[tuple[str, str]]:
            return ((name.lower(), value) for name, value in self.headers.items())

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read `shop.seen` instead."""

    return Handler
