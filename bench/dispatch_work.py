"""The inside of the dispatch benchmark: fill the tables, then dispatch once, either way."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("OMSAUTO_PROCESS", "beat")
django.setup()

from celery import current_app  # noqa: E402 - after the set-up above

from accounts.models import Account  # noqa: E402
from channels.enums import JobType, Mode  # noqa: E402
from channels.models import Channel  # noqa: E402
from jobs import clock, wake  # noqa: E402
from jobs.models import Job, Run  # noqa: E402
from jobs.timetable import Grid, previous_slot  # noqa: E402

PER_CHANNEL = [JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES]
PERIOD = 60


def fill(jobs: int) -> None:
    """This many enabled jobs, none due within the hour."""
    at = datetime.now(UTC)
    account = Account.objects.create(name="Bench")
    channels = Channel.objects.bulk_create(
        Channel(account=account, name=f"c{n}", kind="sales", connector="sandbox_shop",
                mode=Mode.RECURRING, sync_from=at)
        for n in range(jobs // len(PER_CHANNEL))
    )  # fmt: skip
    Job.objects.bulk_create(
        (
            Job(channel=channel, type=kind, proven_until=at, row="recurring",
                main_period_minutes=PERIOD, period_minutes=PERIOD,
                next_slot_at=at + timedelta(hours=2), scheduled_since=at)
            for channel in channels
            for kind in PER_CHANNEL
        ),
        batch_size=2000,
    )  # fmt: skip


def make_due(count: int) -> datetime:
    """This many jobs have a slot due now; runs of earlier rounds are out of the way."""
    Run.objects.all().delete()
    slot = previous_slot(Grid(PERIOD, 0, "UTC"), datetime.now(UTC))
    Job.objects.exclude(next_slot_at=None).update(next_slot_at=slot + timedelta(hours=2))
    ids = list(Job.objects.order_by("?").values_list("pk", flat=True)[:count])
    Job.objects.filter(pk__in=ids).update(next_slot_at=slot)
    return slot


def dispatch_ours(count: int) -> list[float]:
    """Seconds from the tick to the broker's answer, per run."""
    make_due(count)
    warm_up()
    sent: list[tuple[float, int]] = []
    publish = wake.send_now

    def timed(ids: list[int], at: datetime) -> None:
        publish(ids, at)
        sent.append((time.perf_counter(), len(ids)))

    wake.send_now = timed  # type: ignore[assignment]
    start = time.perf_counter()
    clock.tick(datetime.now(UTC))
    return [moment - start for moment, number in sent for _ in range(number)]


def dispatch_plain(count: int) -> list[float]:
    """What one writes first: for each due job a row and a message."""
    slot = make_due(count)
    warm_up()
    late = []
    start = time.perf_counter()
    for job in Job.objects.filter(next_slot_at=slot).select_related("channel"):
        now = datetime.now(UTC)
        run = Run.objects.create(
            job=job, channel_id=job.channel_id, account_id=job.channel.account_id, type=job.type,
            sort="full", trigger="schedule", slot_at=slot, not_before=now, wake_at=now,
        )  # fmt: skip
        job.next_slot_at = slot + timedelta(minutes=PERIOD)
        job.save(update_fields=["next_slot_at"])
        current_app.send_task(wake.TASK, args=[[run.pk]])
        late.append(time.perf_counter() - start)
    return late


def warm_up() -> None:
    """Connections to database and broker are open before the clock starts."""
    clock.beat(datetime.now(UTC))
    current_app.send_task("bench.nothing")


def main() -> None:
    what, number = sys.argv[1], int(sys.argv[2])
    if what == "fill":
        fill(number)
        return
    late = dispatch_ours(number) if what == "ours" else dispatch_plain(number)
    if Run.objects.count() != number or len(late) != number:
        sys.exit(f"{Run.objects.count()} runs and {len(late)} messages instead of {number}")
    sys.stdout.write(json.dumps(late))


main()
