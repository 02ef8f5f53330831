"""A channel's budget: what its platform lets us ask for, who may take of it, and when. Pure.

The figures are the platform's own, told with its answers. Of a platform that says nothing there is
no bucket, and nothing is ever refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from channels.connectors.values import Limit
from jobs.deadline import SWEEP
from jobs.overlap import Trigger


class Lane(IntEnum):
    """Who takes before whom, the first one first."""

    MANUAL = 0
    WEBHOOK = 1
    EMERGENCY = 2
    SCHEDULE = 3
    SWEEP = 4


PRIORITIES = {
    Lane.MANUAL: 0,
    Lane.WEBHOOK: 0,
    Lane.EMERGENCY: 3,
    Lane.SCHEDULE: 6,
    Lane.SWEEP: 9,
}
"""Of the messages of runs: where workers are few, the least is taken first.

So an order that was told at midnight does not wait behind the slots of midnight. These are the
steps that Redis has; with RabbitMQ and the embedded broker, first in is first out.
"""

FLOORS = {
    Lane.MANUAL: 0.0,
    Lane.WEBHOOK: 0.25,
    Lane.EMERGENCY: 1.0,
    Lane.SCHEDULE: 1.5,
    Lane.SWEEP: 2.0,
}
"""What a lane leaves in the bucket for those above it, in reserves.

The reserve itself is a share of the capacity that the first two lanes have to themselves.
"""

BELIEVED = timedelta(hours=1)
"""How long a figure counts: then a run asks the platform again, whatever it had said."""
BELIEVED_WITHOUT_RESET = timedelta(seconds=30)
"""The same where the platform does not say when there will be more."""
ONE_WINDOW = timedelta(seconds=2)
"""Ends of windows that lie closer together are one: a platform tells them to the second."""
SHORTEST_WAIT = timedelta(seconds=1)

_LANES = {
    Trigger.MANUAL: Lane.MANUAL,
    Trigger.RETRY: Lane.MANUAL,
    Trigger.WEBHOOK: Lane.WEBHOOK,
    Trigger.CHANGE: Lane.WEBHOOK,
    Trigger.EMERGENCY: Lane.EMERGENCY,
    Trigger.SCHEDULE: Lane.SCHEDULE,
}


def lane_of(causes: Iterable[str], reason: str = "") -> Lane:
    """The best lane among a run's causes; an emergency run for the reason "sweep" has its own."""
    found = [_LANES[Trigger(cause)] for cause in causes]
    if reason == SWEEP:
        found = [Lane.SWEEP if lane == Lane.EMERGENCY else lane for lane in found]
    return min(found, default=Lane.SCHEDULE)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`remaining` of `capacity` as of `told_at`, in the platform's unit.

    At `resets_at` it is full again; `restores` units come back each second. `cost` is what one
    call takes.
    """

    remaining: float
    told_at: datetime
    capacity: float | None = None
    resets_at: datetime | None = None
    restores: float = 0.0
    cost: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The bucket afterwards; `wait_until` None where what was asked for could be taken."""

    bucket: Bucket
    wait_until: datetime | None = None


def told(bucket: Bucket | None, limit: Limit, at: datetime) -> Bucket:
    """The bucket after the platform said this; within one window the lower figure counts.

    Answers overtake each other, and what others have taken may not have reached the platform yet.
    """
    fresh = Bucket(
        remaining=limit.remaining,
        told_at=at,
        capacity=limit.capacity,
        resets_at=None if limit.resets_in is None else at + timedelta(seconds=limit.resets_in),
        restores=limit.restores or 0.0,
        cost=limit.cost,
    )
    has = None if bucket is None else available(bucket, at)
    if bucket is None or has is None or not _same_window(bucket, fresh):
        return fresh
    return replace(fresh, remaining=min(has, fresh.remaining))


def _same_window(bucket: Bucket, fresh: Bucket) -> bool:
    """A bucket told empty counts as it is told: its end is that of the wait, not of a window."""
    if not fresh.remaining:
        return False
    if fresh.restores:
        return bool(bucket.restores)
    if bucket.resets_at is None or fresh.resets_at is None:
        return False
    return abs(fresh.resets_at - bucket.resets_at) < ONE_WINDOW


def available(bucket: Bucket, at: datetime) -> float | None:
    """What is left at this instant; None where nothing is known any more."""
    age = at - bucket.told_at
    if age >= BELIEVED:
        return None
    if bucket.restores:
        left = bucket.remaining + bucket.restores * max(age.total_seconds(), 0.0)
        return left if bucket.capacity is None else min(left, bucket.capacity)
    if bucket.resets_at is None:
        return bucket.remaining if age < BELIEVED_WITHOUT_RESET else None
    return bucket.remaining if at < bucket.resets_at else bucket.capacity


def take(bucket: Bucket, lane: Lane, at: datetime, reserve: float) -> Answer:
    """Take what one call costs, if the lane's floor allows it; `reserve` is a share of capacity."""
    has = available(bucket, at)
    if has is None:
        return Answer(bucket)
    needed = _needed(bucket, lane, reserve)
    if has < needed:
        return Answer(bucket, _wait_until(bucket, lane, at, needed - has, reserve))
    left = max(has - bucket.cost, 0.0)
    if bucket.restores:
        return Answer(replace(bucket, remaining=left, told_at=at))
    if bucket.resets_at is not None and at >= bucket.resets_at:
        return Answer(replace(bucket, remaining=left, told_at=at, resets_at=None))
    return Answer(replace(bucket, remaining=left))


def is_plentiful(bucket: Bucket, at: datetime) -> bool:
    """Is at least half of it left, so that nobody has to look closely?"""
    has = available(bucket, at)
    return has is None or (bucket.capacity is not None and has * 2 >= bucket.capacity)


def _needed(bucket: Bucket, lane: Lane, reserve: float) -> float:
    """A full bucket serves every lane, however small it is."""
    if bucket.capacity is None:
        return bucket.cost
    return min(bucket.capacity * reserve * FLOORS[lane] + bucket.cost, bucket.capacity)


def _wait_until(bucket: Bucket, lane: Lane, at: datetime, short: float, reserve: float) -> datetime:
    """When it is worth to ask again; the lower lanes wait for more than a single call."""
    if bucket.restores:
        if lane >= Lane.EMERGENCY and bucket.capacity is not None:
            short += (bucket.capacity - _needed(bucket, lane, reserve)) / 2
        wait = at + timedelta(seconds=min(short / bucket.restores, BELIEVED.total_seconds()))
    else:
        wait = bucket.resets_at or bucket.told_at + BELIEVED_WITHOUT_RESET
    return max(min(wait, bucket.told_at + BELIEVED), at + SHORTEST_WAIT)
