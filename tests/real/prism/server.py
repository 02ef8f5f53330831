"""A Prism process on a free port."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import httpx

from tests.real.prism import install

PATIENCE = 60


class Prism:
    """Serves one description: `with Prism(path) as prism:`; it validates and keeps no state."""

    def __init__(self, description: Path) -> None:
        self._description = description
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Prism:
        node, script, port = install.node(), install.prism(), _free_port()
        command = [node, str(script), "mock", "-h", "127.0.0.1", "-p", str(port)]
        with (install.CACHE / "prism.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [*command, str(self._description)], stdout=log, stderr=subprocess.STDOUT
            )
        self.url = f"http://127.0.0.1:{port}"
        self._wait(port)
        return self

    def _wait(self, port: int) -> None:
        never, end = threading.Event(), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                never.wait(0.1)
            else:
                return
        self.stop()
        raise RuntimeError(f"Prism did not start: {(install.CACHE / 'prism.log').read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def client(
    prefer: Callable[[httpx.Request], Mapping[str, str]], seen: list[httpx.Request]
) -> httpx.Client:
    """Adds headers to each request, such as the answer Prism is to prefer, and remembers it."""

    def prepare(request: httpx.Request) -> None:
        request.headers.update(prefer(request))
        seen.append(request)

    return httpx.Client(event_hooks={"request": [prepare]}, trust_env=False, timeout=20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
