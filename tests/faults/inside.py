"""Runs with the settings of the installation under test: builds its scene, looks into its tables.

`python -m tests.faults.inside` reads `[verb, arguments]` as lines of JSON and answers each with
one line.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omsauto.settings")
django.setup()

from django.db import connections  # noqa: E402 - models need the set-up above
from django.utils import timezone  # noqa: E402

from accounts.models import Account  # noqa: E402
from channels.enums import JobType  # noqa: E402
from channels.models import create_channel  # noqa: E402
from jobs import configure  # noqa: E402
from jobs.change import Change  # noqa: E402
from jobs.models import Event, Job, Run  # noqa: E402
from jobs.slots import grid_of  # noqa: E402
from jobs.timetable import previous_slot  # noqa: E402
from oms.catalog import create_product  # noqa: E402
from oms.models import StockLevel  # noqa: E402
from oms.stock import ensure_levels  # noqa: E402
from tests.faults import audit  # noqa: E402

ACCOUNT = "Faults"
PERIOD_MINUTES = 5
STOCK = 1_000_000
SYNCED_FOR = timedelta(minutes=30)
"""Long enough to include the shop's orders, too short for an emergency job to be due."""


def build(shops: list[dict[str, Any]], warehouse: dict[str, Any], sku: str) -> list[dict[str, Any]]:
    """The account with one listening channel per shop; answers with their ids and addresses."""
    at = timezone.now()
    account = Account.objects.create(name=ACCOUNT, timezone="UTC", automatic_workflow=True)
    store = create_channel(account, "sandbox_warehouse", "Warehouse", at, **warehouse)
    account.default_fulfillment_channel = store
    account.save(update_fields=["default_fulfillment_channel"])
    create_product(account, sku, "Anything", at)
    ensure_levels(account)
    StockLevel.objects.filter(product__account=account).update(on_hand=STOCK)
    made = [
        create_channel(account, "sandbox_shop", f"Listening {number}", at, **shop)
        for number, shop in enumerate(shops, 1)
    ]
    configure.reconcile(account, at)
    modes = {channel.pk: {"mode": "webhook"} for channel in made}
    configure.apply(account, Change(channels=modes), at)
    return [{"channel": channel.pk, "path": channel.webhook_path} for channel in made]


def add_polled(count: int, shop: dict[str, Any], name: str) -> list[int]:
    """Channels whose Receive Orders runs every 5 minutes, from the next mark on; their ids."""
    at = timezone.now()
    account = Account.objects.get(name=ACCOUNT)
    since = at - SYNCED_FOR
    made = [
        create_channel(account, "sandbox_shop", f"{name} {n}", at, sync_from=since, **shop)
        for n in range(count)
    ]
    configure.reconcile(account, at)
    period = {"main_period_minutes": PERIOD_MINUTES}
    jobs = {(channel.pk, str(JobType.RECEIVE_ORDERS)): period for channel in made}
    configure.apply(account, Change(jobs=jobs), at)
    return [channel.pk for channel in made]


def make_due(channels: list[int]) -> dict[str, str]:
    """Let the mark before the next one come due now; answers each job's first expected slot.

    A job whose mark comes by itself in these moments is left alone.
    """
    firsts = {}
    for job in _polled(channels):
        grid, following = grid_of(job, "UTC"), job.next_slot_at
        assert grid is not None
        assert following is not None
        mark = previous_slot(grid, following - timedelta.resolution)
        came_by_itself = Run.objects.filter(job=job, slot_at=mark).exists()
        untouched = Job.objects.filter(pk=job.pk, next_slot_at=following)
        made = came_by_itself or untouched.update(next_slot_at=mark)
        first = mark if made else following
        firsts[str(job.pk)] = first.isoformat()
    return firsts


def _polled(channels: list[int]) -> list[Job]:
    found = Job.objects.filter(channel__in=channels, type=JobType.RECEIVE_ORDERS)
    return list(found.exclude(period_minutes=None).order_by("pk"))


def retire(channels: list[int]) -> None:
    """No more slots for these: their fault is over."""
    account = Account.objects.get(name=ACCOUNT)
    none = {"main_period_minutes": None}
    jobs = {(pk, str(JobType.RECEIVE_ORDERS)): none for pk in channels}
    configure.apply(account, Change(jobs=jobs), timezone.now())


def delay(channel: int, minutes: int | None) -> None:
    """Set the Delay of a listening channel's Receive Orders."""
    account = Account.objects.get(name=ACCOUNT)
    jobs = {(channel, str(JobType.RECEIVE_ORDERS)): {"webhook_delay_minutes": minutes}}
    configure.apply(account, Change(jobs=jobs), timezone.now())


def running() -> int:
    return Run.objects.filter(status="running").count()


def pending() -> dict[str, int]:
    """What is still to be done; all zero when the installation is quiet."""
    now = timezone.now()
    open_runs = Run.objects.filter(status__in=["queued", "running"])
    return {
        "queued or running": open_runs.count(),
        "waiting events": Event.objects.filter(status="waiting").count(),
        "due slots": Job.objects.filter(next_slot_at__lte=now).count(),
        "due emergencies": Job.objects.filter(emergency_due_at__lte=now).count(),
    }


def look(deliveries: list[dict[str, Any]], firsts: dict[str, str]) -> dict[str, Any]:
    """What is wrong, and the figures; see `audit`."""
    slots = {int(job): datetime.fromisoformat(first) for job, first in firsts.items()}
    return audit.look(deliveries, slots, timezone.now())


def lost_orders(deliveries: list[dict[str, Any]]) -> int:
    return audit.lost_orders(deliveries)


VERBS = {
    verb.__name__: verb
    for verb in (build, add_polled, make_due, retire, delay, running, pending, look, lost_orders)
}


def main() -> None:
    for line in sys.stdin:
        verb, arguments = json.loads(line)
        connections.close_all()  # what it led to may be gone, or another file by now
        sys.stdout.write(json.dumps(VERBS[verb](**arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
