"""Replaying many events: chosen once, then put into their jobs' batches so many at a time.

What is to be done and how far it has come is a row; a worker takes the next ids by moving its
`position`, in the transaction that moves the events. Killed between, nothing is done twice.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Count, F

from accounts.models import Account, User
from channels.models import WebhookMapping
from jobs import batches, wake
from jobs.control import NotNow
from jobs.models import Event, EventReplay, EventStatus, Job

MOST = 10_000
"""Events of one replay; whoever wants more starts another one after it."""
A_TIME = 200
SILENT_AFTER = timedelta(minutes=1)
"""A replay without a sign of life for so long has lost its worker."""
WAITS = "it waits for its batch already"
GONE = "it was deleted meanwhile"
FAULT = "a fault of omsauto; the log tells more"

log = logging.getLogger(__name__)


@dataclass
class Prospect:
    """What a replay of some events would do: `ready` and `refused` count them, by job and why."""

    ready: Counter[Job] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def replayable(self) -> int:
        return self.ready.total()

    @property
    def total(self) -> int:
        return self.ready.total() + self.refused.total()


def look_ahead(event_ids: Sequence[int]) -> Prospect:
    """What would become of these events now; a handful of queries."""
    found = Prospect()
    groups = (
        Event.objects.filter(pk__in=event_ids)
        .order_by()
        .values_list("job", "channel", "topic", "status")
        .annotate(count=Count("pk"))
    )
    jobs = _Jobs.of((job_id, channel, topic) for job_id, channel, topic, _, _ in groups)
    for job_id, channel_id, topic, status, count in groups:
        job = jobs.find(job_id, channel_id, topic)
        reason = _why_not(job, status)
        if job is None or reason:
            found.refused[reason] += count
        else:
            found.ready[job] += count
    return found


def _why_not(job: Job | None, status: str) -> str:
    if job is None:
        return batches.NO_MAPPING
    if status == EventStatus.WAITING:
        return WAITS
    return "" if job.listening_since else batches.NOT_LISTENING


@dataclass(frozen=True)
class _Jobs:
    """Jobs by id, and by channel and topic for events that had none when they came."""

    by_id: dict[int, Job]
    by_topic: dict[tuple[int, str], Job]

    @classmethod
    def of(cls, wanted: Iterable[tuple[int | None, int, str]]) -> _Jobs:
        listed = list(wanted)
        channels = {channel for job_id, channel, _ in listed if job_id is None}
        mapped = WebhookMapping.objects.filter(channel__in=channels, enabled=True)
        types = {(one.channel_id, one.topic): one.type for one in mapped}
        own = Job.objects.filter(pk__in={job_id for job_id, _, _ in listed if job_id})
        others = Job.objects.filter(channel__in=channels)
        found = (own | others).select_related("channel")
        by_type = {(job.channel_id, job.type): job for job in found}
        by_topic = {
            key: by_type[key[0], job_type]
            for key, job_type in types.items()
            if (key[0], job_type) in by_type
        }
        return cls({job.pk: job for job in by_type.values()}, by_topic)

    def find(self, job_id: int | None, channel_id: int, topic: str) -> Job | None:
        return self.by_id.get(job_id) if job_id else self.by_topic.get((channel_id, topic))


def start(
    account: Account, event_ids: Sequence[int], words: str, at: datetime, actor: User | None
) -> EventReplay:
    """Fix the set and wake a worker; raises `NotNow` where there is nothing, or another one."""
    if not event_ids:
        raise NotNow("No event fits any more: there is nothing to replay.")
    # The oldest first, as they came.
    chosen = sorted(event_ids)[-MOST:]
    try:
        with transaction.atomic():
            replay = EventReplay.objects.create(
                account=account,
                actor=actor,
                words=words[:500],
                ids=chosen,
                total=len(chosen),
                started_at=at,
                touched_at=at,
            )
            transaction.on_commit(partial(wake.send_replay, replay.pk))
    except IntegrityError as error:
        raise NotNow(
            "Another replay of this account is under way: wait for its end, or cancel it."
        ) from error
    return replay


def go_on(replay_id: int, at: datetime) -> bool:
    """Take the next events of a replay; False where none are left or it was ended."""
    replay = EventReplay.objects.filter(pk=replay_id, finished_at=None).first()
    if replay is None:
        return False
    some = replay.ids[replay.position : replay.position + A_TIME]
    if not some:
        EventReplay.objects.filter(pk=replay_id, finished_at=None).update(finished_at=at, ids=[])
        return False
    try:
        with transaction.atomic():
            if _take(replay, len(some), at):
                _put_back(replay, some, at)
    except OperationalError:
        raise  # the database is away or busy: whoever goes on takes these events again
    except Exception:
        log.exception("replay %s: events %s to %s", replay_id, some[0], some[-1])
        _give_up(replay, len(some), at)
    return True


def _take(replay: EventReplay, count: int, at: datetime) -> bool:
    """Move on by so many, unless another worker did, or somebody cancelled."""
    here = EventReplay.objects.filter(pk=replay.pk, position=replay.position, finished_at=None)
    return bool(here.update(position=replay.position + count, touched_at=at))


def _put_back(replay: EventReplay, some: Sequence[int], at: datetime) -> None:
    events = Event.objects.filter(pk__in=some).values_list(
        "pk", "job", "channel", "topic", "status"
    )
    jobs = _Jobs.of((job_id, channel, topic) for _, job_id, channel, topic, _ in events)
    ready: dict[int, list[int]] = defaultdict(list)
    refused: Counter[str] = Counter()
    for key, job_id, channel_id, topic, status in events:
        job = jobs.find(job_id, channel_id, topic)
        reason = _why_not(job, status)
        if job is None or reason:
            refused[reason] += 1
        else:
            ready[job.pk].append(key)
    refused[GONE] += len(some) - len(events)
    done, runs = 0, list(replay.runs)
    for job_id, keys in sorted(ready.items()):
        run, moved = batches.replay_many(job_id, keys, at)
        runs += [run.pk] if run and run.pk not in runs else []
        refused[WAITS if run else batches.NOT_LISTENING] += len(keys) - moved
        done += moved
    _count(replay, refused, runs, done=done, skipped=refused.total())


def _give_up(replay: EventReplay, count: int, at: datetime) -> None:
    with transaction.atomic():
        if _take(replay, count, at):
            _count(replay, Counter({FAULT: count}), replay.runs, failed=count)


def _count(replay: EventReplay, reasons: Counter[str], runs: Sequence[int], **more: int) -> None:
    """Add to the counts of the row; whoever moved its position holds it."""
    total = Counter(replay.reasons) + reasons
    counts = {name: F(name) + number for name, number in more.items()}
    EventReplay.objects.filter(pk=replay.pk).update(reasons=dict(total), runs=list(runs), **counts)


def cancel(replay: EventReplay, at: datetime, actor: User | None) -> None:
    """Leave the rest as it is; raises `NotNow` where the replay is over."""
    running = EventReplay.objects.filter(pk=replay.pk, finished_at=None)
    if not running.update(finished_at=at, ids=[], cancelled=True, cancelled_by=actor):
        raise NotNow("This replay is over already.")


def wake_silent(at: datetime) -> int:
    """Wake a worker for each replay that lost its own; answers how many."""
    silent = EventReplay.objects.filter(finished_at=None, touched_at__lt=at - SILENT_AFTER)
    ids = list(silent.values_list("pk", flat=True))
    for replay_id in ids:
        wake.send_replay(replay_id)
    return len(ids)
