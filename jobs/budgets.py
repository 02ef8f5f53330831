"""The budgets of channels as all workers share them: each write is one compare-and-set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.db.models import F

from channels.connectors.values import Limit
from jobs import budget
from jobs.budget import SHORTEST_WAIT, Answer, Bucket, Lane
from jobs.models import ChannelBudget

MOST_TRIES = 10
"""So many others came first each time: then it is asked again a moment later."""


@dataclass(frozen=True, slots=True)
class Known:
    """A channel's bucket as it was last read or written here; None where there is none."""

    bucket: Bucket | None = None
    version: int = 0


def known(row: ChannelBudget | None) -> Known:
    if row is None:
        return Known()
    values = {field.name: getattr(row, field.name) for field in fields(Bucket)}
    return Known(Bucket(**values), row.version)


def show(row: ChannelBudget, now: Known) -> None:
    """Have a row that was read say what is known now."""
    for name, value in (asdict(now.bucket) if now.bucket else {}).items():
        setattr(row, name, value)
    row.version = now.version


def reserve() -> float:
    """The share of a bucket that is kept for manual and webhook runs."""
    return float(settings.OMSAUTO_BUDGET_RESERVE_PERCENT) / 100


def take(
    channel_id: int, lane: Lane, at: datetime, last: Known, limit: Limit | None = None
) -> tuple[Known, datetime | None]:
    """Take one call of the bucket, after the platform said `limit`; until when to wait, if so.

    `last` is what the caller knows of it: where that is no longer so, it is read again.
    """

    def act(bucket: Bucket | None) -> Answer | None:
        if limit is not None:
            bucket = budget.told(bucket, limit, at)
        return None if bucket is None else budget.take(bucket, lane, at, reserve())

    return _change(channel_id, at, last, act)


def tell(channel_id: int, at: datetime, last: Known, limit: Limit) -> Known:
    """The platform said this of its limit."""
    return _change(channel_id, at, last, lambda was: Answer(budget.told(was, limit, at)))[0]


def forget(channel_id: int) -> None:
    """Nothing is known any more: other credentials may have another limit."""
    ChannelBudget.objects.filter(pk=channel_id).delete()


class _Act(Protocol):
    """The type of a change: the bucket as it is to what it becomes, None for none at all."""

    def __call__(self, bucket: Bucket | None) -> Answer | None: ...


def _change(channel_id: int, at: datetime, last: Known, act: _Act) -> tuple[Known, datetime | None]:
    for _ in range(MOST_TRIES):
        answer = act(last.bucket)
        if answer is None:
            return last, None
        if answer.bucket == last.bucket:
            return last, answer.wait_until
        if _stored(channel_id, answer.bucket, last):
            return Known(answer.bucket, last.version + 1), answer.wait_until
        last = known(ChannelBudget.objects.filter(pk=channel_id).first())
    return last, at + SHORTEST_WAIT


def _stored(channel_id: int, bucket: Bucket, last: Known) -> bool:
    """Did nobody else write since `last` was read?"""
    values = asdict(bucket)
    if last.bucket is None:
        made = {**values, "version": last.version + 1}
        return ChannelBudget.objects.get_or_create(pk=channel_id, defaults=made)[1]
    same = ChannelBudget.objects.filter(pk=channel_id, version=last.version)
    return bool(same.update(**values, version=F("version") + 1))
