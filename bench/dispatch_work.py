"""The inside of the dispatch benchmarks: fill the tables, make jobs due, save, tick, and so on."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import django

os.environ.setdefault("OMSAUTO_PROCESS", "beat")
django.setup()

from celery import current_app  # noqa: E402 - after the set-up above
from django.db import connection  # noqa: E402

from bench import jobs_fill  # noqa: E402
from channels.models import Channel  # noqa: E402
from jobs import clock, configure, wake  # noqa: E402
from jobs.change import Change  # noqa: E402
from jobs.models import Job, Run  # noqa: E402

TICKS = 50


def fill(jobs: str, kind: str = "daily") -> None:
    """At least one account, and copies of it up to this many scheduled jobs."""
    if not Job.objects.exists():
        jobs_fill.fill_first(jobs_fill.MIX if kind == "mix" else jobs_fill.DAILY)
    jobs_fill.copy_to(int(jobs) // jobs_fill.PER_ACCOUNT)


def make_due(number: str, seconds: str) -> float:
    """So many jobs have a slot at a whole second, about so many seconds from now: when."""
    lead = int(seconds)
    while True:
        _forget_runs()
        slot = datetime.fromtimestamp(int(time.time()) + lead + 1, UTC)
        _some_due(int(number), slot)
        jobs_fill.tidy()
        if slot > datetime.now(UTC) + timedelta(seconds=2):
            return slot.timestamp()
        lead *= 2


def _forget_runs() -> None:
    """Those of earlier rounds are ended, as by workers, and what was due is put off."""
    waiting, at = Run.objects.filter(status="queued"), datetime.now(UTC)
    waiting.update(status="succeeded", attempt=1, started_at=at, finished_at=at)
    jobs_fill.put_off()


def _some_due(number: int, slot: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET next_slot_at = %s WHERE id IN (SELECT id FROM jobs_job "
            "WHERE period_minutes IS NOT NULL ORDER BY random() LIMIT %s)",
            [slot, number],
        )


def plain_loop(number: str) -> list[float]:
    """What one writes first: for each due job a row and a message; ms until each was sent."""
    _forget_runs()
    slot = datetime.now(UTC)
    _some_due(int(number), slot)
    jobs_fill.tidy()
    current_app.send_task("bench.nothing")
    late, start = [], time.perf_counter()
    for job in Job.objects.filter(next_slot_at=slot).select_related("channel"):
        now = datetime.now(UTC)
        run = Run.objects.create(
            job=job, channel_id=job.channel_id, account_id=job.channel.account_id, type=job.type,
            sort="full", trigger="schedule", slot_at=slot, not_before=now, wake_at=now,
        )  # fmt: skip
        job.next_slot_at = slot + timedelta(days=1)
        job.save(update_fields=["next_slot_at"])
        current_app.send_task(wake.TASK, args=[[run.pk]])
        late.append((time.perf_counter() - start) * 1000)
    return late


def idle_ticks() -> list[float]:
    """Milliseconds of ticks with nothing due."""
    _forget_runs()
    return [_timed(lambda: clock.tick(datetime.now(UTC))) for _ in range(TICKS + 1)][1:]


def save(number: str) -> list[tuple[float, float, int]]:
    """Saves of one channel's schedule, each followed by a run now.

    Milliseconds of each, when it began, and the run's id.
    """
    _forget_runs()
    at = datetime.now(UTC)
    channels = Channel.objects.order_by("-id")[: int(number) + 1]
    found = []
    for channel in channels.select_related("account"):
        jobs = Job.objects.filter(channel=channel, type="receive_orders")
        jobs.update(proven_until=at - timedelta(days=3))
        delay = 60 if jobs.get().delay_minutes is None else None
        change = Change(jobs={(channel.pk, "receive_orders"): {"delay_minutes": delay}})
        began = time.time()
        taken = _timed(partial(configure.apply, channel.account, change, at))
        found.append((taken, began, Run.objects.get(channel=channel, status="queued").pk))
    _forget_runs()
    return found[1:]


def bring_near(seconds: str) -> None:
    """The earliest slots to come are moved to a whole second that is near; the others stay.

    So a short run sees some; the slots that follow are those of the grid again.
    """
    slot = datetime.fromtimestamp(int(time.time()) + int(seconds), UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET next_slot_at = %s WHERE next_slot_at = "
            "(SELECT min(next_slot_at) FROM jobs_job WHERE next_slot_at > %s)",
            [slot, slot],
        )


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


COMMANDS: dict[str, Callable[..., object]] = {
    "fill": fill,
    "make_due": make_due,
    "plain_loop": plain_loop,
    "idle_ticks": idle_ticks,
    "save": save,
    "bring_near": bring_near,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
