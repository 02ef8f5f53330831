"""Webhook intake: ours against a plain Django view with `objects.create` and `apply_async`.

Both verify an HMAC, both run under the same server, on the same PostgreSQL and Redis; each
request has a body and a delivery id of its own. Rows are counted afterwards.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from bench.scene import ROOT, Scene, free_port, quantile, run_inside, scene, span, wait_for_port

ROUNDS = 3
CONNECTIONS = 32
WARM_UP_SECONDS = 1.5
SECONDS = 4.0
MOST_REQUESTS = 40_000
WEB_PROCESSES = 2
WEB_THREADS = 16
WAYS = {"ours": "omsauto.asgi:application", "plain": "bench.plain_view:application"}


def main() -> None:
    with scene() as made:
        paths = json.loads(run_inside(made, "bench.intake_work", "prepare"))
        rounds = [
            {way: measure(made, way, path) for way, path in paths.items()} for _ in range(ROUNDS)
        ]
    print_table(rounds)


def measure(made: Scene, way: str, path: str) -> list[float]:
    """Latencies in seconds after the warm-up; fails where an answered request has no row."""
    before = int(run_inside(made, "bench.intake_work", "count", way))
    with web(made, WAYS[way]) as port:
        requests = json.loads(
            run_inside(made, "bench.intake_work", "requests", path, str(MOST_REQUESTS))
        )
        early, late = asyncio.run(_load(port, [text.encode("latin-1") for text in requests]))
    rows = int(run_inside(made, "bench.intake_work", "count", way)) - before
    answers = early + len(late)
    if not answers <= rows <= answers + CONNECTIONS:
        sys.exit(f"{way}: {answers} answers and {rows} rows")
    return late


@contextmanager
def web(made: Scene, application: str) -> Iterator[int]:
    port = free_port()
    behind = application.startswith("omsauto.asgi")
    kind = ["asginl"] if behind else ["wsgi", "--blocking-threads", str(WEB_THREADS)]
    command = [
        sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WEB_PROCESSES), "--no-ws", "--log-level", "error", "--interface", *kind,
        application,
    ]  # fmt: skip
    extra = {"OMSAUTO_PROCESS": "web", "WEB_THREADS": str(WEB_THREADS)}
    environment = {**made.environment, **extra, "DJANGO_SETTINGS_MODULE": "omsauto.settings"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603  # our own words
    try:
        wait_for_port(port)
        time.sleep(1)
        yield port
    finally:
        server.terminate()
        server.wait()


class _Sender(asyncio.Protocol):
    """A connection that sends its next request when the last one is answered."""

    def __init__(self, requests: Iterator[bytes], times: _Times) -> None:
        self.requests, self.times = requests, times
        self.done = asyncio.get_running_loop().create_future()
        self.sent = 0.0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        self.sent = time.perf_counter()
        request = next(self.requests, None)
        if request is None or self.sent > self.times.end:
            self.transport.close()
            self.done.set_result(None)
            return
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if head[9:12] not in (b"200", b"202"):
            self.done.set_exception(RuntimeError(f"answered {head[:40]!r}"))
            self.transport.abort()
            return
        self.received = b""
        self.times.note(self.sent)
        self._next()


@dataclass
class _Times:
    """When the warm-up and the measurement end; what was answered."""

    warm: float
    end: float
    early: int = 0
    late: list[float] = field(default_factory=list)

    def note(self, sent: float) -> None:
        if sent < self.warm:
            self.early += 1
        else:
            self.late.append(time.perf_counter() - sent)


async def _load(port: int, requests: list[bytes]) -> tuple[int, list[float]]:
    """The number of requests of the warm-up, and the latencies of those after it."""
    waiting = iter(requests)
    warm = time.perf_counter() + WARM_UP_SECONDS
    times = _Times(warm, warm + SECONDS)
    loop = asyncio.get_running_loop()
    senders = [
        (await loop.create_connection(lambda: _Sender(waiting, times), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(sender.done for sender in senders))
    return times.early, times.late


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def print_table(rounds: list[dict[str, list[float]]]) -> None:
    out = sys.stdout.write
    out(f"\n## Intake: {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS:.0f} s\n\n")
    out("| | accepted/s | p50 ms | p99 ms |\n|---|---|---|---|\n")
    rates = {}
    for way in WAYS:
        late = [each[way] for each in rounds]
        rates[way] = [len(one) / SECONDS for one in late]
        p50, p99 = ([quantile(one, share) * 1000 for one in late] for share in (0.5, 0.99))
        out(f"| {way} | {span(rates[way])} | {span(p50, '.1f')} | {span(p99, '.1f')} |\n")
    ratios = [o / p for o, p in zip(rates["ours"], rates["plain"], strict=True)]
    out(f"\nratio: {span(ratios, '.2f')} times the plain way\n")
