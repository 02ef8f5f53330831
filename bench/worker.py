"""What a run costs a worker beyond its job; how soon a webhook's job starts; what waiting takes.

Compared with an empty Celery task, one to a message, in a worker of the same settings. The
platform is pretended inside the worker (`bench.worker_app`): no network is part of any figure.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from bench.extent import Extent
from bench.figures import Bar, Figure, Part, quantile
from bench.intake_work import requests
from bench.processes import helpers_of, our_web
from bench.scene import ROOT, Scene, run_inside, scene

SHOPS = 100
A_SECOND = 50
QUEUE = "omsauto"
TICKS = os.sysconf("SC_CLK_TCK")
Cost = tuple[float, float]
"""Milliseconds by the clock, and of CPU."""


def measure(extent: Extent) -> Part:
    with scene() as made:
        run_inside(made, "bench.worker_work", "fill", str(extent.waiting_runs))
        costs, empty = [], []
        for _ in range(extent.rounds):
            costs.append(
                json.loads(run_inside(made, "bench.worker_work", "cost", str(extent.runs)))
            )
            empty.append(_empty(made, extent.messages))
        statements = json.loads(run_inside(made, "bench.worker_work", "statements"))
        held = _held(made, extent.waiting_runs)
        paths = json.loads(run_inside(made, "bench.worker_work", "listen", str(SHOPS)))
        late = [_webhooks(made, paths, extent.told_seconds) for _ in range(extent.rounds)]
    figures = [*_costs(costs, empty), *_late(late), *_waiting(held, extent.waiting_runs)]
    return Part(figures, [_note(extent, len(statements))])


# An empty task, one to a message


def _empty(made: Scene, messages: int) -> Cost:
    """Of the worker, for each message."""
    run_inside(made, "bench.worker_work", "send_empty", str(messages))
    with _worker(made, processes=1) as worker, redis.Redis.from_url(made.redis_url) as broker:
        while broker.llen(QUEUE) == messages:
            time.sleep(0.01)
        left, begun, used = broker.llen(QUEUE), time.perf_counter(), _processor(worker.pid)
        while broker.llen(QUEUE):
            time.sleep(0.01)
        wall, processor = time.perf_counter() - begun, _processor(worker.pid) - used
    return wall * 1000 / left, processor * 1000 / left


@contextmanager
def _worker(made: Scene, processes: int) -> Iterator[subprocess.Popen[bytes]]:
    """As the Procfile starts it, with the pretended platform."""
    command = [
        sys.executable, "-m", "celery", "--app", "bench.worker_app", "--quiet", "worker",
        "--hostname", f"bench-{os.getpid()}@%h", "--concurrency", str(processes),
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip
    extra = {"OMSAUTO_PROCESS": "worker", "DJANGO_SETTINGS_MODULE": "omsauto.settings"}
    extra["OMSAUTO_ALLOW_PRIVATE_HOSTS"] = "1"
    environment = {**made.environment, **extra}
    started = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603  # our own words
    try:
        yield started
    finally:
        started.terminate()
        started.wait()


def _processor(pid: int) -> float:
    """CPU seconds so far of a process and of what it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    return own + sum(_processor(child) for child in helpers_of(pid))


# From a webhook's answer to its job


def _webhooks(made: Scene, paths: list[str], seconds: int) -> list[float]:
    """Seconds from the answer of each delivery to the start of its run's job."""
    count = A_SECOND * seconds
    bodies = [requests(paths[n % len(paths)], 1)[0] for n in range(count)]
    with _worker(made, processes=2), our_web(made) as port:
        _until_it_works(made)
        answered = asyncio.run(_deliver(port, bodies))
        time.sleep(3)
    begun = _started(made, list(answered))
    if len(begun) != count:
        sys.exit(f"{len(begun)} of {count} deliveries were worked on")
    return [max(begun[event] - moment, 0.0) for event, moment in answered.items()]


def _until_it_works(made: Scene) -> None:
    run_inside(made, "bench.worker_work", "send_empty", "1")
    with redis.Redis.from_url(made.redis_url) as broker:
        while broker.llen(QUEUE):
            time.sleep(0.05)
    time.sleep(1)


async def _deliver(port: int, bodies: list[bytes]) -> dict[int, float]:
    """One after the other at an even pace; when each was answered, by its event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = {}
    begun = time.perf_counter()
    for position, body in enumerate(bodies):
        await asyncio.sleep(max(begun + position / A_SECOND - time.perf_counter(), 0))
        writer.write(body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if head[9:12] != b"202":
            sys.exit(f"answered {head!r} {answer!r}")
        answered[int(json.loads(answer)["event"])] = time.time()
    writer.close()
    return answered


def _started(made: Scene, events: list[int]) -> dict[int, float]:
    found = json.loads(run_inside(made, "bench.worker_work", "started", json.dumps(events)))
    return {int(event): moment for event, moment in found.items()}


def _held(made: Scene, runs: int) -> dict[str, int]:
    """Bytes of the database and of Redis that so many runs take while they wait."""
    with redis.Redis.from_url(made.redis_url) as broker:
        before = broker.info("memory")["used_memory"]
        found = json.loads(run_inside(made, "bench.worker_work", "held", str(runs)))
        found["redis"] = broker.info("memory")["used_memory"] - before
        found["messages"] = broker.llen(QUEUE)
    return {name: int(number) for name, number in found.items()}


# What is told


def _costs(costs: list[dict[str, Cost]], empty: list[Cost]) -> list[Figure]:
    beyond = [[cost["run"][which] - cost["job"][which] for cost in costs] for which in (0, 1)]
    an_empty = [[cost[which] for cost in empty] for which in (0, 1)]
    return [
        Figure("a run beyond its job", "ms", beyond[0], Bar(most=0.3), "empty task", an_empty[0]),
        Figure("a run beyond its job: CPU of the worker", "ms", beyond[1], None, "empty task",
               an_empty[1]),
    ]  # fmt: skip


def _late(late: list[list[float]]) -> list[Figure]:
    def at(share: float) -> list[float]:
        return [quantile(one, share) * 1000 for one in late]

    name = f"webhook to job, {A_SECOND} a second"
    return [
        Figure(f"{name}: p50", "ms", at(0.5)),
        Figure(f"{name}: p99", "ms", at(0.99), Bar(most=6)),
        Figure(f"{name}: latest", "ms", at(1)),
    ]


def _waiting(held: dict[str, int], runs: int) -> list[Figure]:
    more = (held["with"] - held["before"] + held["redis"]) / 1e6
    return [Figure(f"{runs:,} runs that wait an hour", "MB", [more], Bar(most=10))]


def _note(extent: Extent, statements: int) -> str:
    return (
        f"A run: {extent.runs} due runs, ten to a message, that find nothing; the platform is "
        f"pretended inside the worker. It asks the database {statements} times, BEGIN and COMMIT "
        "included. The empty task: one to a message, by a worker with the same settings. Webhook "
        f"to job: from the answer to the claim, {SHOPS} shops, Delay None, {extent.told_seconds} "
        "s. Waiting runs: table, indexes and Redis together; workers hold nothing of them."
    )
