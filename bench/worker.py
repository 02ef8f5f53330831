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

from bench.intake import WAYS, web
from bench.intake_work import requests
from bench.scene import ROOT, Scene, quantile, run_inside, scene, span

ROUNDS = 3
JOBS = 50_000
RUNS = 500
MESSAGES = 2_000
SHOPS = 100
A_SECOND = 50
SECONDS = 10
QUEUE = "omsauto"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    with scene() as made:
        run_inside(made, "bench.worker_work", "fill", str(JOBS))
        costs = [
            json.loads(run_inside(made, "bench.worker_work", "cost", str(RUNS)))
            for _ in range(ROUNDS)
        ]
        empty = [_empty(made) for _ in range(ROUNDS)]
        statements = json.loads(run_inside(made, "bench.worker_work", "statements"))
        held = _held(made)
        paths = json.loads(run_inside(made, "bench.worker_work", "listen", str(SHOPS)))
        late = [_webhooks(made, paths, number) for number in range(ROUNDS)]
    print_costs(costs, empty, statements)
    print_late(late)
    print_held(held)


# An empty task, one to a message


def _empty(made: Scene) -> tuple[float, float]:
    """Milliseconds by the clock, and of the worker's CPU, for each message."""
    run_inside(made, "bench.worker_work", "send_empty", str(MESSAGES))
    with _worker(made, processes=1) as worker, redis.Redis.from_url(made.redis_url) as broker:
        while broker.llen(QUEUE) == MESSAGES:
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
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    return own + sum(_processor(int(child)) for child in children)


# From a webhook's answer to its job


def _webhooks(made: Scene, paths: list[str], number: int) -> list[float]:
    """Seconds from the answer of each delivery to the start of its run's job."""
    count = A_SECOND * SECONDS
    bodies = [
        requests(paths[n % len(paths)], 1, first=number * count + n + 1)[0] for n in range(count)
    ]
    with _worker(made, processes=2), web(made, WAYS["ours"]) as port:
        _until_it_works(made)
        answered = asyncio.run(_deliver(port, [body.encode("latin-1") for body in bodies]))
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


def _held(made: Scene) -> dict[str, int]:
    """Bytes of the database and of Redis that so many runs take while they wait."""
    with redis.Redis.from_url(made.redis_url) as broker:
        before = broker.info("memory")["used_memory"]
        found = json.loads(run_inside(made, "bench.worker_work", "held", str(JOBS)))
        found["redis"] = broker.info("memory")["used_memory"] - before
        found["messages"] = broker.llen(QUEUE)
    return {name: int(number) for name, number in found.items()}


# What is printed


def print_costs(
    costs: list[dict[str, tuple[float, float]]],
    empty: list[tuple[float, float]],
    statements: list[str],
) -> None:
    out = sys.stdout.write
    out(f"\n## Worker: {RUNS} due runs, ten to a message; {ROUNDS} rounds\n\n")
    out("| ms for each | by the clock | CPU |\n|---|---|---|\n")
    rows = {name: [cost[name] for cost in costs] for name in ("run", "job")}
    rows["beyond the job"] = [
        (run[0] - job[0], run[1] - job[1])
        for run, job in zip(rows["run"], rows["job"], strict=True)
    ]
    rows["an empty task"] = empty
    for name, figures in rows.items():
        wall, processor = ([one[n] for one in figures] for n in (0, 1))
        out(f"| {name} | {span(wall, '.2f')} | {span(processor, '.2f')} |\n")
    out(f"\nA run asks the database {len(statements)} times, BEGIN and COMMIT included.\n")


def print_late(late: list[list[float]]) -> None:
    out = sys.stdout.write
    out(f"\n## Webhook to job: {A_SECOND} a second for {SECONDS} s, {SHOPS} shops\n\n")
    out("| p50 ms | p99 ms | latest ms |\n|---|---|---|\n")
    shares = [[quantile(one, share) * 1000 for one in late] for share in (0.5, 0.99, 1)]
    out(f"| {' | '.join(span(one, '.1f') for one in shares)} |\n")


def print_held(held: dict[str, int]) -> None:
    more = held["with"] - held["before"]
    sys.stdout.write(
        f"\n{JOBS:,} runs that wait an hour take {more / 1e6:.1f} MB of the database, "
        f"{more / JOBS:.0f} bytes each, and {held['redis'] / 1e6:.1f} MB of Redis in "
        f"{held['messages']} messages.\n"
    )
