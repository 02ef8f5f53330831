"""Any number of jobs on a schedule: one account made by the product, then copied in SQL."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from accounts.models import Account
from bench.copying import copy_rows
from channels.enums import TRAITS, JobType
from channels.models import create_channel
from jobs import configure
from jobs.change import Change
from jobs.models import Job, Run

STRIDE = 1_000
"""Ids of a copy's rows lie so far behind those of the last one; the first has fewer rows."""
TYPES = (
    JobType.RECEIVE_ORDERS,
    JobType.RECEIVE_ORDER_UPDATES,
    JobType.SEND_ORDER_UPDATES,
    JobType.SYNC_INVENTORY,
)
CHANNELS = 25
PER_ACCOUNT = CHANNELS * len(TYPES)
DAILY = ((1440, None),)
MIX = (
    *((60, delay) for delay in (None, 5, 10, 15, 20, 30, 45, None)),
    (5, None), (15, None), (15, 5), (30, 10), (120, None), (240, 15), (240, 60), (480, None),
    (720, 30), (1440, None), (1440, 60), (1440, 240),
)  # fmt: skip
"""Period and shift in minutes, one after the other: each twentieth job runs every 5 minutes."""
FAR_DAYS = 2
"""Until then nothing of a daily schedule is due."""
MOVED = f"old.{{}} + n * {STRIDE}"
COPIED: dict[str, dict[str, str]] = {
    "accounts_account": {"name": "old.name || ' ' || n"},
    "channels_channel": {
        "account_id": MOVED.format("account_id"),
        "webhook_token": "old.webhook_token || n",
    },
    "channels_webhookmapping": {"channel_id": MOVED.format("channel_id")},
    "jobs_job": {"channel_id": MOVED.format("channel_id")},
    "jobs_run": {name: MOVED.format(name) for name in ("job_id", "channel_id", "account_id")},
}


def fill_first(periods: tuple[tuple[int, int | None], ...]) -> None:
    """One account of 25 beta channels with four jobs each that run on a schedule, and ran once."""
    at = datetime.now(UTC)
    account = Account.objects.create(name="Bench", timezone="UTC")
    for number in range(CHANNELS):
        create_channel(
            account, "sandbox_shop", f"Shop {number}", at, settings={"url": "http://127.0.0.1:1"}
        )
    configure.reconcile(account, at)
    changes: dict[tuple[int, str], dict[str, int | None]] = {}
    for number, channel in enumerate(account.channels.order_by("id")):
        for place, kind in enumerate(TYPES):
            period, delay = periods[(number + len(TYPES) * place) % len(periods)]
            shift = {"delay_minutes": delay} if TRAITS[kind].delay_on_recurring else {}
            changes[channel.pk, kind] = {"main_period_minutes": period, **shift}
    configure.apply(account, Change(jobs=changes), at)
    for job in Job.objects.exclude(period_minutes=None):
        Run.objects.create(
            job=job, channel_id=job.channel_id, account=account, type=job.type, sort="full",
            trigger="schedule", causes_text=",schedule,", status="succeeded", attempt=1,
            slot_at=at, not_before=at, wake_at=at, started_at=at, finished_at=at,
        )  # fmt: skip
    if periods == DAILY:
        put_off()


def put_off() -> None:
    """Nothing is due for two days: for measuring what is due then by itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET emergency_due_at = NULL WHERE emergency_due_at IS NOT NULL"
        )
        cursor.execute(
            "UPDATE jobs_job SET next_slot_at = date_trunc('day', now()) + %s * interval '1 day' "
            "+ (id %% 20) * interval '1 day' + offset_minutes * interval '1 minute' "
            "WHERE next_slot_at < now() + interval '1 day'",
            [FAR_DAYS],
        )


def copy_to(accounts: int) -> None:
    """As many accounts in all, each like the first."""
    there = Account.objects.count()
    for table, moved in COPIED.items() if there < accounts else ():
        values = {"id": MOVED.format("id"), **moved}
        copy_rows(table, values, accounts - 1, there, within=STRIDE)
    tidy()


def tidy() -> None:
    """What autovacuum does in time."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(COPIED)}")
