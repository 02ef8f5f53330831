"""The clock over minutes, with jobs of all periods on their real grids: lateness and CPU."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.dispatch import TASK, Found, started_clock
from bench.extent import Extent
from bench.figures import Figure, Part, quantile
from bench.messages import Watch
from bench.processes import use_of
from bench.scene import Scene, ask, run_inside, scene

WORKED = """
    UPDATE jobs_run SET status = 'succeeded', attempt = 1, started_at = now(), finished_at = now()
    WHERE id = ANY(%s) AND status = 'queued'
"""
LOOK_SECONDS = 0.2
NEAREST_SECONDS = 10


def measure(extent: Extent) -> Part:
    found: Found = defaultdict(list)
    with scene() as made:
        run_inside(made, "bench.dispatch_work", "fill", str(extent.jobs), "mix")
        with started_clock(made, found) as (watching, process):
            for _ in range(extent.rounds):
                _one_run(made, watching, process, extent, found)
    name = f"{extent.jobs:,} jobs for {extent.mix_minutes:.3g} minutes"
    if not found["p99"]:
        return Part(notes=[f"{name}: nothing came due."])
    return Part([
        Figure(f"{name}: p50 late", "ms", found["p50"]),
        Figure(f"{name}: p99 late", "ms", found["p99"]),
        Figure(f"{name}: latest", "ms", found["latest"]),
        Figure(f"{name}: clock's CPU", "% of a core", found["cpu"]),
        Figure(f"{name}: clock's CPU a run", "ms", found["cpu a run"]),
        Figure(f"{name}: clock's memory (RSS) at the end", "MB", found["rss"]),
    ], [_note(found)])  # fmt: skip


def _note(found: Found) -> str:
    return (
        "The mix: shops whose jobs run every 5 minutes (1 in 20) to once a day, most every hour, "
        "each on its grid of wall times and with shifts as operators choose them, so that "
        f"thousands are due in one second and nothing between. Runs of a round: "
        f"{', '.join(f'{number:,.0f}' for number in found['runs'])}, in the busiest second "
        f"{', '.join(f'{number:,.0f}' for number in found['busiest'])}. In the place of workers, "
        "the runs are ended as their messages come."
    )


def _one_run(made: Scene, watching: Watch, process: int, extent: Extent, found: Found) -> None:
    seconds = extent.mix_minutes * 60
    with _workers(made, watching) as arrived:
        run_inside(made, "bench.dispatch_work", "bring_near", str(NEAREST_SECONDS))
        before, began = use_of(process), time.time()
        time.sleep(seconds)
        after, until = use_of(process), time.time()
        runs = ask(
            made,
            "SELECT id, extract(epoch FROM slot_at)::float FROM jobs_run "
            "WHERE trigger = 'schedule' AND slot_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)",
            began, until - NEAREST_SECONDS / 2,
        )  # fmt: skip
    late = [(arrived[run] - slot) * 1000 for run, slot in runs if run in arrived]
    if not late:
        return
    in_second: dict[float, int] = defaultdict(int)
    for _, slot in runs:
        in_second[slot] += 1
    found["runs"].append(len(runs))
    found["busiest"].append(max(in_second.values()))
    found["p50"].append(quantile(late, 0.5))
    found["p99"].append(quantile(late, 0.99))
    found["latest"].append(max(late))
    found["cpu"].append((after.cpu - before.cpu) / (until - began) * 100)
    found["cpu a run"].append((after.cpu - before.cpu) * 1000 / len(runs))
    found["rss"].append(after.rss)


@contextmanager
def _workers(made: Scene, watching: Watch) -> Iterator[dict[int, float]]:
    """End each run when its message comes; answers with when the first message of each came."""
    arrived: dict[int, float] = {}
    stopping = threading.Event()

    def work() -> None:
        with psycopg.connect(made.database_url, autocommit=True) as connection:
            while not stopping.wait(LOOK_SECONDS):
                fresh = []
                for at, task, ids in watching.arrivals():
                    if task == TASK:
                        fresh += ids
                        for run in ids:
                            arrived.setdefault(run, at)
                if fresh:
                    connection.execute(WORKED, [fresh])

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield arrived
    finally:
        stopping.set()
        thread.join()
