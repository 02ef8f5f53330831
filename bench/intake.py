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

from bench.scene import ROOT, Scene, free_port, quantile, run_inside, scene, span, wait_for_port

ROUNDS = 3
CONNECTIONS = 32
WARM_UP_SECONDS = 1.5
SECONDS = 4.0
MOST_REQUESTS = 40_000
WEB_PROCESSES = 2
WEB_THREADS = 4
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


async def _load(port: int, requests: list[bytes]) -> tuple[int, list[float]]:
    """Each connection sends its next request when the last is answered, for a few seconds.

    Answers with the number of requests of the warm-up and the latencies of those after it.
    """
    waiting = iter(requests)
    early: list[float] = []
    late: list[float] = []
    warm = time.perf_counter() + WARM_UP_SECONDS
    end = warm + SECONDS

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            start = time.perf_counter()
            if start > end:
                break
            writer.write(request)
            status = await _answer(reader)
            if status not in (200, 202):
                raise RuntimeError(f"answered {status}")
            (late if start >= warm else early).append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return len(early), late


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
    return int(head.split(b" ", 2)[1])


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
