"""The clock as its own process: how late what is due reaches the broker, and what it takes.

Messages are taken off Redis as workers would take them; lateness is from the due second to the
arrival of a run's first message. Nothing else runs but PostgreSQL and Redis.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bench.extent import Extent
from bench.figures import Bar, Figure, Part, quantile
from bench.messages import Watch, watch
from bench.processes import DATABASE_SCHEDULER, clock, helpers_of, use_of
from bench.scene import Scene, ask, run_inside, scene

WORK, BEAT_WORK = "bench.dispatch_work", "bench.beat_work"
TASK = "jobs.execute"
DUE_TASK, FIRST_TASK, SAVED_TASK = "bench.due", "bench.first", "bench.saved"
FEW = 100
MOST_SECONDS = 300
START_SECONDS = 3_600
SAVED_SECONDS = 60
BEAT = "django-celery-beat"
Found = defaultdict[str, list[float]]


def measure(extent: Extent) -> Part:
    """100 and 100,000 jobs (or as many as the extent says), and the same in django-celery-beat."""
    found: Found = defaultdict(list)
    due = extent.jobs // 100
    with scene() as made:
        _inside(made, "fill", FEW)
        for _ in range(extent.rounds):
            _save(made, extent, found, "few")
        _inside(made, "fill", extent.jobs)
        lead = 5 + extent.jobs // 20_000
        with started_clock(made, found) as (watching, process):
            for _ in range(extent.rounds):
                _idle(process, extent, found)
                _due(made, watching, due, lead, found, "some")
                _due(made, watching, extent.jobs, lead + extent.jobs // 5_000, found, "all")
        for _ in range(extent.rounds):
            found["tick"].append(quantile(_inside(made, "idle_ticks"), 0.5))
            found["loop p99"].append(quantile(_inside(made, "plain_loop", due), 0.99))
            _beat(made, extent, due, found)
    return Part(_figures(extent, due, found), _notes(extent))


def measure_million(extent: Extent) -> Part:
    """As many jobs as one installation is said to take."""
    found: Found = defaultdict(list)
    due = extent.most_jobs // 100
    with scene() as made:
        _inside(made, "fill", extent.most_jobs)
        lead = 5 + extent.most_jobs // 20_000
        with started_clock(made, found) as (watching, process):
            for _ in range(extent.rounds):
                _idle(process, extent, found)
                _due(made, watching, due, lead, found, "some")
        for _ in range(extent.rounds):
            _save(made, extent, found, "many")
    jobs = f"{extent.most_jobs:,} jobs"
    return Part([
        Figure(f"{jobs}, {due:,} due in one second: p99 late", "ms", found["some p99"],
               Bar(most=500)),
        *_saves(jobs, found, "many"),
        *_of_process(jobs, found),
    ])  # fmt: skip


def _inside(made: Scene, *arguments: object) -> list[float]:
    answer: list[float] = json.loads(run_inside(made, WORK, *map(str, arguments)))
    return answer


@contextmanager
def started_clock(made: Scene, found: Found) -> Iterator[tuple[Watch, int]]:
    """Our clock, from its first tick on, and its messages.

    It is given once what it does beside its ticks after a start is done: that would put right the
    slots that are set here.
    """
    began = time.time()
    ask(made, "DELETE FROM jobs_heartbeat")
    with watch(made.redis_url) as watching, clock(made) as process:
        while not ask(made, "SELECT 1 FROM jobs_heartbeat WHERE name = 'clock'"):
            if time.time() > began + START_SECONDS:
                sys.exit("the clock does not tick")
            time.sleep(0.1)
        found["start"].append(time.time() - began)
        while helpers_of(process):
            time.sleep(0.5)
        yield watching, process


def _idle(process: int, extent: Extent, found: Found) -> None:
    """Memory after a while, and how it grew meanwhile; the share of a core with nothing due."""
    time.sleep(1)
    before = use_of(process)
    time.sleep(extent.idle_seconds)
    after = use_of(process)
    found["rss"].append(after.rss)
    found["pss"].append(after.pss)
    found["growth"].append(after.rss - before.rss)
    found["idle cpu"].append((after.cpu - before.cpu) / extent.idle_seconds * 100)


def _due(made: Scene, watching: Watch, number: int, lead: int, found: Found, name: str) -> None:
    """Lateness of the first message of each run of so many jobs due in one second."""
    slot = json.loads(run_inside(made, WORK, "make_due", str(number), str(lead)))
    watching.forget()
    seen = watching.first_arrivals(TASK, number, slot - time.time() + MOST_SECONDS)
    if len(seen) != number:
        sys.exit(f"{len(seen)} messages of {number} runs came in {MOST_SECONDS} s")
    late = [at - slot for at in seen.values()]
    found[f"{name} p50"].append(quantile(late, 0.5) * 1000)
    found[f"{name} p99"].append(quantile(late, 0.99) * 1000)
    found[f"{name} last"].append(max(late))


def _save(made: Scene, extent: Extent, found: Found, name: str) -> None:
    """Milliseconds of Saves, the slowest of a hundred, and seconds until each took effect."""
    with watch(made.redis_url) as watching:
        saves = json.loads(run_inside(made, WORK, "save", str(extent.saves)))
        seen = watching.first_arrivals(TASK, extent.saves + 1, SAVED_SECONDS)
    found[f"{name} save"].append(quantile([taken for taken, _, _ in saves], 0.5))
    found[f"{name} save p99"].append(quantile([taken for taken, _, _ in saves], 0.99))
    found[f"{name} effect"].append(max(seen[run] - began for _, began, run in saves))


def _beat(made: Scene, extent: Extent, due: int, found: Found) -> None:
    """The same in django-celery-beat, cut short after a while; then one Save, until its effect."""
    lead = 5 + extent.jobs // 4_000
    while not _beat_once(made, extent, due, lead, found):
        lead *= 2


def _beat_once(made: Scene, extent: Extent, due: int, lead: int, found: Found) -> bool:
    """False where the rows were not read before some of them came due."""
    slot = json.loads(run_inside(made, BEAT_WORK, "fill", str(extent.jobs), str(due), str(lead)))
    with watch(made.redis_url) as watching, clock(made, DATABASE_SCHEDULER) as process:
        if not watching.first_arrivals(FIRST_TASK, 1, slot - time.time()):
            return False
        seen = watching.first_arrivals(DUE_TASK, due, slot - time.time() + extent.beat_seconds)
        found["beat rss"].append(use_of(process).rss)
        late = [at - slot for at in seen.values()]
        late += [float(extent.beat_seconds)] * (due - len(late))
        found["beat p99"].append(quantile(late, 0.99) * 1000)
        found["beat sent"].append(len(seen) / due)
        taken, began = json.loads(run_inside(made, BEAT_WORK, "save"))
        saved = watching.first_arrivals(SAVED_TASK, 1, SAVED_SECONDS)
        found["beat save"].append(taken)
        found["beat effect"].append(min(saved.values(), default=began + SAVED_SECONDS) - began)
    return True


def _figures(extent: Extent, due: int, found: Found) -> list[Figure]:
    jobs = f"{extent.jobs:,} jobs"
    cut = min(found["beat sent"]) < 1
    some = f"{jobs}, {due:,} due in one second"
    return [
        Figure(f"{some}: p99 late", "ms", found["some p99"], Bar(most=50, times=500), BEAT,
               found["beat p99"], at_least=cut),
        Figure(f"{some}: p99 late", "ms", found["some p99"], None, "a row, a message in a loop",
               found["loop p99"]),
        Figure(f"{some}: p50 late", "ms", found["some p50"]),
        Figure(f"{jobs}, all due in one second: until the last", "s", found["all last"],
               Bar(most=5)),
        *_saves(f"{FEW} jobs", found, "few", f"{BEAT} with {extent.jobs:,}"),
        Figure(f"{jobs}: clock's memory (RSS)", "MB", found["rss"], Bar(most=80), BEAT,
               found["beat rss"]),
        *_of_process(jobs, found)[1:],
        Figure(f"{jobs}: a tick with nothing due", "ms", found["tick"]),
    ]  # fmt: skip


def _saves(jobs: str, found: Found, name: str, against: str = "") -> list[Figure]:
    return [
        Figure(f"{jobs}: a Save, p50", "ms", found[f"{name} save"], Bar(most=5),
               against, found["beat save"]),
        Figure(f"{jobs}: a Save, p99", "ms", found[f"{name} save p99"]),
        Figure(f"{jobs}: from a Save to the run it starts, slowest", "s", found[f"{name} effect"],
               Bar(most=1), against, found["beat effect"]),
    ]  # fmt: skip


def _of_process(jobs: str, found: Found) -> list[Figure]:
    return [
        Figure(f"{jobs}: clock's memory (RSS)", "MB", found["rss"], Bar(most=80)),
        Figure(f"{jobs}: clock's memory (PSS)", "MB", found["pss"]),
        Figure(f"{jobs}: growth of it while idle", "MB", found["growth"], Bar(most=1)),
        Figure(f"{jobs}: clock with nothing due", "% of a core", found["idle cpu"]),
        Figure(f"{jobs}: from the clock's start to its first tick", "s", found["start"]),
    ]  # fmt: skip


def _notes(extent: Extent) -> list[str]:
    return [
        "Dispatch: `celery beat` as in the Procfile, alone with PostgreSQL and Redis; late is from "
        "the due second to the arrival of the run's message in Redis. Accounts have 25 channels "
        f"with four daily jobs each. {BEAT}: `DatabaseScheduler` with as many interval tasks, the "
        f"same number due in one second, cut after {extent.beat_seconds} s. A Save: "
        "`configure.apply` of another delay, whose effect is a run at once; the baseline's is "
        "`PeriodicTask.save()`, whose effect is a message. The clock's memory is taken after "
        f"{extent.idle_seconds} s with nothing due, and so is its growth.",
    ]
