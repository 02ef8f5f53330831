"""Celery tasks: they take ids, may run twice, and leave all state to the database."""

from __future__ import annotations

import time
from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts import sessions
from jobs import (
    event_replays,
    keeper,
    maintenance,
    probing,
    stock,
    wake,
    webhook_addresses,
    webhook_secrets,
)
from jobs.budget import PRIORITIES, Lane
from jobs.execute import execute

HANDS_BACK_AFTER_SECONDS = 1.0
AUDITED_TOGETHER = 5
"""Channels in one message: even if each of them takes two minutes, its task ends in time."""
AUDITED_EACH = 3600
"""Seconds: what waits for longer is superseded by the next one."""


@shared_task(name=wake.TASK, bind=True)
def execute_runs(self: Any, run_ids: list[int]) -> int:
    """Work on each of these runs that is due and free; answers how many were ours to do.

    Quick runs travel together. Where they turn out slow, those that were not begun go back, each
    in a message of its own with the priority of this: another worker may have nothing to do.
    """
    priority = (self.request.delivery_info or {}).get("priority") or 0
    done, begun = 0, time.monotonic()
    for position, run_id in enumerate(run_ids):
        if position and time.monotonic() - begun >= HANDS_BACK_AFTER_SECONDS:
            for other in run_ids[position:]:
                wake.send_now([other], timezone.now(), priority)
            break
        done += execute(run_id, timezone.now, keeper.kept)
    return done


@shared_task(name=wake.REPLAY_TASK)
def replay_events(replay_id: int) -> None:
    """Go on with a replay of events to its end; another worker may help."""
    while event_replays.go_on(replay_id, timezone.now()):
        pass


@shared_task(name=wake.PROBE_TASK)
def probe(channel_id: int) -> None:
    """Ask a platform whose circuit is open, if that is due and nobody else does."""
    probing.probe(channel_id, timezone.now())


@shared_task(name="jobs.wake_replays")
def wake_replays() -> int:
    return event_replays.wake_silent(timezone.now())


@shared_task(name="jobs.forget_old_events")
def forget_old_events() -> int:
    return maintenance.forget_old_events(timezone.now())


@shared_task(name="jobs.forget_old_changes")
def forget_old_changes() -> int:
    return maintenance.forget_old_changes(timezone.now())


@shared_task(name="jobs.forget_ended_logins")
def forget_ended_logins() -> int:
    return sessions.forget_ended(timezone.now())


@shared_task(name="jobs.reconcile")
def reconcile() -> int:
    return maintenance.reconcile_all(timezone.now())


@shared_task(name="jobs.audit_subscriptions")
def audit_subscriptions() -> int:
    """Share the channels out among the workers: a platform that is slow holds up few others."""
    wanted = maintenance.to_audit()
    for start in range(0, len(wanted), AUDITED_TOGETHER):
        some = wanted[start : start + AUDITED_TOGETHER]
        audit_some.apply_async((some,), priority=PRIORITIES[Lane.SWEEP], expires=AUDITED_EACH)
    return len(wanted)


@shared_task(name="jobs.audit_some_subscriptions")
def audit_some(channel_ids: list[int]) -> int:
    return maintenance.audit_subscriptions(timezone.now(), channel_ids)


@shared_task(name="jobs.forget_former_secrets")
def forget_former_secrets() -> int:
    at = timezone.now()
    return webhook_secrets.forget_ended(at) + webhook_addresses.forget_ended(at)


@shared_task(name="jobs.reconcile_stock")
def reconcile_stock() -> int:
    return stock.reconcile(timezone.now())
