"""Serves a pretended platform of the generic contract on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from tests.http_platform import ADDRESS, ROOT, HttpPlatform

HOST = ADDRESS.removesuffix(ROOT)


@contextmanager
def served(platform: HttpPlatform) -> Iterator[str]:
    """The address of the platform while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(platform))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{ROOT}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(platform: HttpPlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            content = self.rfile.read(length)
            headers = dict(self.headers.items())
            request = httpx.Request(
                self.command, HOST + self.path, headers=headers, content=content
            )
            response = platform.handle(request)
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler
