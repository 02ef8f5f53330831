"""Load from outside: as fast as answers come (wrk, else Python), or at a steady rate (Python)."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.figures import quantile

SCRIPT = Path(__file__).with_name("wrk.lua")
WRK = shutil.which("wrk")
NAME = "wrk" if WRK else "senders in Python"
CONNECTIONS = 32


@dataclass(frozen=True)
class Load:
    """What a load came to; latencies in seconds."""

    answers: int
    seconds: float
    p50: float
    p99: float


def full_load(port: int, path: str, requests: Sequence[bytes], seconds: float) -> Load:
    """32 connections, each sends its next request when its last is answered."""
    if WRK:
        return _by_wrk(WRK, f"http://127.0.0.1:{port}{path}", requests, seconds)
    return asyncio.run(_in_turn(port, requests, seconds))


def steady_load(port: int, requests: Sequence[bytes], rate: float) -> list[float]:
    """Seconds from the moment each request was to be sent to its answer, at `rate` a second."""
    return asyncio.run(_on_time(port, requests, rate))


def _by_wrk(wrk: str, url: str, requests: Sequence[bytes], seconds: float) -> Load:
    with tempfile.NamedTemporaryFile(prefix="omsauto-bench-") as file:
        for request in requests:
            file.write(b"%d\n%b" % (len(request), request))
        file.flush()
        command = [
            wrk, "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "10s",
            "--duration", f"{round(seconds)}s", "--script", str(SCRIPT), url, "--", file.name,
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    _, found, figures = said.stdout.partition("figures ")
    if not found:
        sys.exit(f"wrk failed: {said.stdout} {said.stderr}")
    known = json.loads(figures)
    if known["errors"]:
        sys.exit(f"{known['errors']} of {known['answers']} requests failed: {said.stdout}")
    return Load(known["answers"], known["seconds"], known["p50"], known["p99"])


async def _in_turn(port: int, requests: Sequence[bytes], seconds: float) -> Load:
    waiting, late = iter(requests), list[float]()
    start = time.perf_counter()

    async def send() -> None:
        line = Line(port)
        while (sent := time.perf_counter()) < start + seconds:
            await line.ask(next(waiting))
            late.append(time.perf_counter() - sent)

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return Load(len(late), seconds, quantile(late, 0.5), quantile(late, 0.99))


async def _on_time(port: int, requests: Sequence[bytes], rate: float) -> list[float]:
    """A thread keeps the time: the event loop's own timers are a millisecond late."""
    loop, late, free = asyncio.get_running_loop(), list[float](), list[Line]()
    asked: set[asyncio.Task[None]] = set()
    done = asyncio.Event()

    async def send(request: bytes, moment: float) -> None:
        line = free.pop() if free else Line(port)
        await line.ask(request)
        late.append(time.perf_counter() - moment)
        free.append(line)

    def keep_time() -> None:
        start = time.perf_counter() + 0.1
        for number, request in enumerate(requests):
            moment = start + number / rate
            time.sleep(max(moment - time.perf_counter(), 0))
            loop.call_soon_threadsafe(start_to_send, request, moment)
        loop.call_soon_threadsafe(done.set)

    def start_to_send(request: bytes, moment: float) -> None:
        asked.add(loop.create_task(send(request, moment)))

    threading.Thread(target=keep_time, daemon=True).start()
    await done.wait()
    await asyncio.gather(*asked)
    return late


class Line(asyncio.Protocol):
    """A connection that asks one thing at a time, opened anew where the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes) -> None:
        """Raises where the answer is not 200 or 202."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        self._received, self._answer = b"", loop.create_future()
        cast(asyncio.Transport, self._transport).write(request)
        await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if not self._answer.done():
            self._answer.set_exception(error or ConnectionError("closed without an answer"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        head = head.lower()
        if not found or len(body) < _length(head) or self._answer.done():
            return
        if b"connection: close" in head and self._transport:
            self._transport.close()
        if head[9:12] in (b"200", b"202"):
            self._answer.set_result(None)
        else:
            self._answer.set_exception(RuntimeError(f"answered {head[:40]!r}"))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
