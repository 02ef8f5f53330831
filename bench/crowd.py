"""A large account: hundreds of channels and a long past, written in bulk. Same size, same rows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from bench.copying import copy_rows
from channels.enums import JobType, Mode, Track
from channels.models import Channel, WebhookMapping
from jobs.models import EmergencyState, Event, EventStatus, Job, Run, RunStatus, SlotStretch
from jobs.overlap import Sort, Trigger
from jobs.timetable import next_slot
from jobs.world import capability, load_world, proposed_topics
from oms.models import Order, ParkedRecord, Product, StockLevel

BATCH = 2000
CONNECTORS = ("sandbox_shop", "woocommerce", "shopify", "sandbox_warehouse")
PERIODS = (5, 15, 60, 480, None)
RUN_EVERY = timedelta(seconds=20)
RUN_MOMENTS = ("slot_at", "not_before", "wake_at", "created_at", "started_at", "finished_at")
EVENT_KEYS = {
    "delivery_id": "old.delivery_id || '-' || n",
    "delivery_key": "old.delivery_key || '-' || n",
}
RARE = 50
"""Of every so many runs, events and orders one is out of the ordinary."""


@dataclass(frozen=True)
class Size:
    """Rows in all. `copies`: runs and events are made in SQL so many times over, the past first."""

    channels: int = 500
    runs: int = 100_000
    events: int = 100_000
    stretches: int = 20_000
    orders: int = 20_000
    products: int = 2_000
    parked: int = 2_000
    history: int = 2_000
    copies: int = 1


def fill(account: Account, at: datetime, size: Size) -> None:
    """Channels of several platforms, modes and tracks with their jobs, and what they left."""
    dice = random.Random(7)  # noqa: S311  # a fixed seed: the same crowd each time
    channels = _channels(account, at, size, dice)
    jobs = list(Job.objects.filter(channel__in=channels).select_related("channel"))
    pulls = [job for job in jobs if job.type == "receive_orders"]
    first = replace(size, runs=size.runs // size.copies, events=size.events // size.copies)
    earlier = size.copies - 1
    past = at - RUN_EVERY * first.runs * earlier
    Run.objects.bulk_create(_runs(account, jobs, past, first, dice), BATCH)
    past = at - RUN_EVERY * first.events * earlier
    Event.objects.bulk_create(_events(pulls, past, first, dice), BATCH)
    if earlier:
        copy_rows("jobs_run", _later(RUN_MOMENTS, first.runs), earlier)
        copy_rows("jobs_event", EVENT_KEYS | _later(["received_at"], first.events), earlier)
    SlotStretch.objects.bulk_create(_stretches(jobs, at, size, dice), BATCH)
    shops = [job.channel for job in pulls]
    depots = [channel for channel in channels if channel.kind == "fulfillment"]
    Order.objects.bulk_create(_orders(account, shops, at, size, dice), BATCH)
    _products(account, depots, at, size)
    ParkedRecord.objects.bulk_create(_parked(account, shops, at, size), BATCH)
    account.history.bulk_create(_history(account, channels, at, size), BATCH)


def _later(columns: Iterable[str], rows: int) -> dict[str, str]:
    """Each copy's moments lie where those of the last one ended."""
    span = f"n * interval '{(RUN_EVERY * rows).total_seconds()} seconds'"
    return {column: f'old."{column}" + {span}' for column in columns}


def _channels(account: Account, at: datetime, size: Size, dice: random.Random) -> list[Channel]:
    """Each second one stable; each fifth in mode Webhook; their periods drawn from a mix."""
    kinds = {name: "fulfillment" if "warehouse" in name else "sales" for name in CONNECTORS}
    names = [CONNECTORS[number % len(CONNECTORS)] for number in range(size.channels)]
    channels = Channel.objects.bulk_create(
        Channel(
            account=account,
            name=f"Channel {number:03}",
            connector=name,
            kind=kinds[name],
            track=Track.STABLE if number % 2 else Track.BETA,
            mode=Mode.WEBHOOK if number % 5 == 0 else Mode.RECURRING,
            settings={"url": "https://shop.example"},
            sync_from=at,
        )
        for number, name in enumerate(names)
    )
    WebhookMapping.objects.bulk_create(
        WebhookMapping(channel=channel, topic=topic, type=job_type)
        for channel in channels
        for topic, job_type in proposed_topics(channel)
    )
    account.stable_jobs.create(
        type=JobType.RECEIVE_ORDERS, enabled=True, period_minutes=60, delay_minutes=5
    )
    Job.objects.bulk_create(_settled(_jobs(channels, at, dice), account, at), BATCH)
    return channels


def _jobs(channels: list[Channel], at: datetime, dice: random.Random) -> list[Job]:
    """Settings of their own, also where those of the account hold."""
    return [
        Job(
            channel=channel,
            type=job_type,
            proven_until=at,
            main_period_minutes=dice.choice(PERIODS),
        )
        for channel in channels
        for job_type in JobType
        if capability(channel, job_type)
    ]


def _settled(jobs: list[Job], account: Account, at: datetime) -> Iterator[Job]:
    """With the derived columns that a Save would have given them."""
    world = load_world(account)
    world.jobs |= {(job.channel_id, job.type): job for job in jobs}
    for job in jobs:
        plan = world.plan(job)
        grid, emergency = world.grid(plan), plan.emergency
        job.row, job.from_account = plan.row or "", plan.from_account
        job.period_minutes, job.offset_minutes = plan.period, plan.offset
        job.next_slot_at = next_slot(grid, at) if grid else None
        job.scheduled_since = at if grid else None
        job.listening_since = at if plan.listening else None
        job.emergency_state = EmergencyState.ARMED if emergency.on else EmergencyState.OFF
        job.emergency_minutes, job.emergency_automatic = emergency.period, emergency.automatic
        job.emergency_reason = emergency.reason
        yield job


def _runs(
    account: Account, jobs: list[Job], at: datetime, size: Size, dice: random.Random
) -> Iterator[Run]:
    """One each 20 s up to now, each ended; two in a hundred failed or cancelled."""
    for number in range(size.runs):
        job, moment = dice.choice(jobs), at - RUN_EVERY * (size.runs - number)
        trigger = dice.choice([Trigger.SCHEDULE] * 8 + [Trigger.WEBHOOK] * 4 + [Trigger.MANUAL])
        status = RunStatus.SUCCEEDED
        if number % RARE == 0:
            status = dice.choice([RunStatus.FAILED, RunStatus.CANCELLED])
        run = Run(
            job=job, channel=job.channel, account=account, type=job.type,
            sort=Sort.ENTITY if trigger == Trigger.WEBHOOK else Sort.FULL, trigger=trigger,
            status=status, slot_at=moment if trigger == Trigger.SCHEDULE else None,
            not_before=moment, wake_at=moment, created_at=moment, started_at=moment,
            finished_at=moment + timedelta(seconds=3), attempt=1, read=10, created=1, unchanged=9,
            error="The platform answered 500." if status == RunStatus.FAILED else "",
        )  # fmt: skip
        run.causes = [trigger.value]
        yield run


def _events(jobs: list[Job], at: datetime, size: Size, dice: random.Random) -> Iterator[Event]:
    for number in range(size.events):
        job = dice.choice(jobs)
        status = EventStatus.FAILED if number % RARE == 0 else EventStatus.DONE
        yield Event(
            channel=job.channel, job=job, topic="order.created", delivery_id=f"d-{number}",
            delivery_key=f"d-{number}", received_at=at - RUN_EVERY * (size.events - number),
            status=status, entities=[str(number)], headers={"webhook-id": f"d-{number}"},
            body=b'{"id": "%d", "note": "%s"}' % (number, b"x" * 300),
        )  # fmt: skip


def _stretches(
    jobs: list[Job], at: datetime, size: Size, dice: random.Random
) -> Iterator[SlotStretch]:
    for number in range(size.stretches):
        moment = at - RUN_EVERY * 5 * (size.stretches - number)
        job = dice.choice(jobs)
        yield SlotStretch(
            job=job, account_id=job.channel.account_id, channel=job.channel, type=job.type,
            first_slot_at=moment, last_slot_at=moment, count=1,
            outcome=dice.choice(["skipped", "coalesced", "suspended"]), reason="a run was active",
        )  # fmt: skip


def _orders(
    account: Account, shops: list[Channel], at: datetime, size: Size, dice: random.Random
) -> Iterator[Order]:
    for number in range(size.orders):
        moment = at - RUN_EVERY * 5 * (size.orders - number)
        yield Order(
            account=account, channel=dice.choice(shops), external_id=str(number),
            number=f"#{number}", revision_at=moment, placed_at=moment, created_at=moment,
            status="approved" if number % RARE == 0 else "shipped", currency="EUR", total=10,
        )  # fmt: skip


def _products(account: Account, depots: list[Channel], at: datetime, size: Size) -> None:
    Product.objects.bulk_create(
        [
            Product(account=account, sku=f"SKU-{n}", sku_key=f"sku-{n}", created_at=at)
            for n in range(size.products)
        ],
        BATCH,
    )
    made = Product.objects.filter(account=account)
    StockLevel.objects.bulk_create(
        [StockLevel(product=product, channel=depots[0], on_hand=10) for product in made], BATCH
    )


def _parked(
    account: Account, shops: list[Channel], at: datetime, size: Size
) -> Iterator[ParkedRecord]:
    for number in range(size.parked):
        yield ParkedRecord(
            account=account, channel=shops[number % len(shops)], type="receive_orders",
            external_id=f"p-{number}", reason="No product has the SKU X.", parked_at=at,
        )  # fmt: skip


def _history(account: Account, channels: list[Channel], at: datetime, size: Size) -> Iterator[Any]:
    for number in range(size.history):
        yield account.history.model(
            account=account, channel=channels[number % len(channels)], at=at, subject="name",
            old={"name": "a"}, new={"name": "b"},
        )  # fmt: skip
