"""Stock that changed by hand, from a file or in a run, and the channels that must hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import ParamSpec

from django.db import transaction

from accounts.models import Account
from channels.enums import JobType
from channels.models import Channel
from jobs.dispatch import Request, request_runs
from jobs.models import Job
from jobs.overlap import Sort, Trigger
from oms import listed_stock, sync_inventory
from oms.models import StockLevel
from oms.stock import set_counts, set_on_hand
from oms.stock_file import Count
from oms.work import StockCause

P = ParamSpec("P")
RECONCILED_EACH = timedelta(days=1)
CHANGED, RECONCILE = "stock changed", "daily reconcile of stock"


def announce(account_id: int, cause: StockCause, at: datetime) -> None:
    """One `change` run for each sales channel whose inventory mode sends stock for this cause.

    In a transaction.
    """
    tell(sync_inventory.wanting(account_id, cause), at)


def tell(channel_ids: Iterable[int], at: datetime) -> None:
    """Ask for a `change` run of each of these sales channels. In a transaction."""
    _ask(channel_ids, Trigger.CHANGE, Sort.ENTITY, CHANGED, at)


def after_commit(act: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Tell then, in a transaction of its own.

    It locks jobs of several channels, and not in the order in which a Save of one locks its own.
    """

    def apart() -> None:
        with transaction.atomic():
            act(*args, **kwargs)

    transaction.on_commit(apart)


def _ask(
    channel_ids: Iterable[int], trigger: Trigger, sort: Sort, reason: str, at: datetime
) -> int:
    """Of how many channels a run was asked for.

    Their jobs are locked in the order of their keys, as a Save locks them, and looked at then: one
    that was just disabled runs no more.
    """
    jobs = Job.objects.with_channel().filter(
        channel__in=list(channel_ids), type=JobType.SYNC_INVENTORY
    )
    locked = jobs.select_for_update(of=("self",), no_key=True).order_by("pk")
    live = [job for job in locked if job.row and not job.suspended]
    request_runs([Request(job, trigger, sort, not_before=at, reason=reason) for job in live], at)
    return len(live)


@transaction.atomic
def adjust(level: StockLevel, on_hand: int, at: datetime) -> None:
    """An operator counted: what lies at the warehouse is `on_hand`."""
    set_on_hand(level, on_hand, at)
    announce(level.product.account_id, StockCause.ADJUSTED, at)


@transaction.atomic
def take_file(account: Account, channel: Channel, counts: list[Count], at: datetime) -> None:
    """All counts of a file that was read whole, or none."""
    set_counts(channel.pk, {count.product_id: count.on_hand for count in counts}, at)
    announce(account.pk, StockCause.IMPORTED, at)


def reconcile(at: datetime) -> int:
    """Once a day each listing is told again what is available; answers how many channels are.

    In real-time mode the same for what is outstanding since the channel was disabled, or its run
    failed.
    """
    return sum(_reconcile(account, at) for account in Account.objects.filter(enabled=True))


@transaction.atomic
def _reconcile(account: Account, at: datetime) -> int:
    channels = sync_inventory.automatic_channels(account.pk)
    stale = [channel.pk for channel in channels if _needs_reconcile(channel, at)]
    return _ask(stale, Trigger.SCHEDULE, Sort.FULL, RECONCILE, at)


def _needs_reconcile(channel: Channel, at: datetime) -> bool:
    stale = listed_stock.demand_again(channel, at - RECONCILED_EACH)
    realtime = sync_inventory.mode_of(channel) == sync_inventory.REALTIME
    return bool(stale) or (realtime and sync_inventory.has_news(channel))
