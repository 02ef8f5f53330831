"""A handler of httpx requests, reached over loopback HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Handle = Callable[[httpx.Request], httpx.Response]


@contextmanager
def listening(handle: Handle) -> Iterator[str]:
    """Yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(handle))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_for(handle: Handle) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            url = f"http://{self.headers['host']}{self.path}"
            with lock:
                answer = handle(
                    httpx.Request("POST", url, headers=dict(self.headers.items()), content=body)
                )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read the shop's `seen` instead."""

    return Handler
