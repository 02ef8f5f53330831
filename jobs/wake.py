"""Wake-up calls: messages that tell a worker which runs may start. Losing one only delays."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from celery import Celery, current_app
from celery.utils import uuid
from django.conf import settings
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest

from jobs.budget import PRIORITIES, lane_of
from jobs.models import Run

TASK = "jobs.execute"
REPLAY_TASK = "jobs.replay_events"
PROBE_TASK = "jobs.probe"
RUNS_PER_MESSAGE = 10
RESEND_AFTER = timedelta(seconds=30)
TRY_BROKER_AFTER = timedelta(seconds=1)
OF_PRIORITY = ("pk", "causes_text", "reason")
BATCH_SIZE = 500
log = logging.getLogger(__name__)


def countdown_limit() -> timedelta:
    """The longest wait that may travel as a message's countdown; longer ones the clock keeps."""
    return timedelta(seconds=settings.OMSAUTO_COUNTDOWN_LIMIT_SECONDS)


def next_wake(not_before: datetime, at: datetime) -> datetime:
    """When the clock is to send a run's message, given that one is sent at `at` if that is due."""
    if not_before - at > countdown_limit():
        return not_before
    return max(not_before, at) + RESEND_AFTER


def send_soon(run_id: int, not_before: datetime, at: datetime) -> None:
    """Send one run's message with its wait as countdown; for use after commit."""
    wait = max((not_before - at).total_seconds(), 0.0)
    if wait > countdown_limit().total_seconds():
        return
    try:
        current_app.send_task(TASK, args=[[run_id]], countdown=wait or None, retry=False)
    except Exception:
        log.warning("broker away, the wake-up call of run %s waits", run_id, exc_info=True)
        _left_to_the_clock([run_id], at)


def priority_of(causes: Iterable[str], reason: str = "") -> int:
    """Of the message of a run with these causes and this reason."""
    return PRIORITIES[lane_of(causes, reason)]


def send_each(runs: Iterable[Run], at: datetime) -> bool:
    """As `send_now`, each run by its own priority; reads of them the columns of `OF_PRIORITY`."""
    found: dict[int, list[int]] = defaultdict(list)
    for run in runs:
        found[priority_of(run.causes, run.reason)].append(run.pk)
    is_there = True
    for priority, run_ids in sorted(found.items()):
        if is_there:
            is_there = send_now(run_ids, at, priority)
        else:  # to ask it again for these would take as long again
            _left_to_the_clock(run_ids, at)
    return is_there


def send_now(run_ids: Sequence[int], at: datetime, priority: int = 0) -> bool:
    """Send many runs' messages in bulk, several runs in each; for use after commit.

    Answers whether the broker took them.
    """
    chunks = [run_ids[i : i + RUNS_PER_MESSAGE] for i in range(0, len(run_ids), RUNS_PER_MESSAGE)]
    try:
        _publish(current_app._get_current_object(), chunks, priority)  # type: ignore[attr-defined]
    except Exception:
        log.warning("broker away, wake-up calls wait", exc_info=True)
        _left_to_the_clock(run_ids, at)
        return False
    return True


def send_replay(replay_id: int) -> None:
    """Have a worker go on with a replay of events; a lost message is sent again by maintenance."""
    try:
        current_app.send_task(REPLAY_TASK, args=[replay_id], retry=False)
    except Exception:
        log.warning("broker away, replay %s waits for maintenance", replay_id, exc_info=True)


def send_probe(channel_id: int) -> None:
    """Have a worker probe a channel's platform; a lost message is sent again by the clock."""
    try:
        current_app.send_task(PROBE_TASK, args=[channel_id], retry=False)
    except Exception:
        log.warning("broker away, the probe of channel %s waits", channel_id, exc_info=True)


def _publish(app: Celery, chunks: list[Sequence[int]], priority: int) -> None:
    """Celery's own message, made once and sent with other ids: making it takes the most time."""
    queue = app.amqp.default_queue
    headers, properties, (_args, kwargs, embedded), _event = app.amqp.as_task_v2(
        uuid(), TASK, args=([],), argsrepr="(...)", kwargsrepr="{}"
    )
    with (
        app.amqp.producer_pool.acquire(block=True, timeout=2) as producer,
        producer.batch(max_size=BATCH_SIZE),  # type: ignore[attr-defined]  # stubs predate it
    ):
        producer.maybe_declare(queue)
        for chunk in chunks:
            name = uuid()
            producer.publish(
                (([*chunk],), kwargs, embedded),
                routing_key=queue.name,
                headers={**headers, "id": name, "root_id": name},
                priority=priority,
                serializer=app.conf.task_serializer,
                delivery_mode=app.conf.task_default_delivery_mode,
                **{**properties, "correlation_id": name},
            )


def _left_to_the_clock(run_ids: Sequence[int], at: datetime) -> None:
    """The broker is away: the clock sends these when they are due, a second from now at first."""
    log.warning("%s wake-up calls are left to the clock", len(run_ids))
    soon = Value(at + TRY_BROKER_AFTER, output_field=DateTimeField())
    left = Run.objects.filter(pk__in=run_ids, status="queued")
    left.update(wake_at=Greatest(F("not_before"), soon))
