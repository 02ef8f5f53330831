"""What is to be sent: each message to each destination on its own, tried again until it is taken.

One whose pass died amid sending is sent again: it may come twice rather than not at all.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db.models import F

from notifications.models import Delivery, DeliverySort, DeliveryStatus, Destination, Level
from notifications.sending import Message, send

CLAIM = timedelta(minutes=5)
"""For so long a message belongs to the pass that took it."""
MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=1)
PASS_SECONDS = 180.0
"""A pass sends for so long at the most; the next goes on."""

log = logging.getLogger(__name__)


def send_due(at: datetime) -> int:
    """What waits and is due, those first whose destination worked; answers how many were taken.

    A destination that failed is left alone for the rest of the pass.
    """
    end = time.monotonic() + PASS_SECONDS
    due = Delivery.objects.filter(
        status=DeliveryStatus.WAITING, next_attempt_at__lte=at, destination__enabled=True
    )
    ordered = due.order_by(F("destination__last_ok").desc(nulls_first=True), "pk")
    broken: set[int] = set()
    sent = 0
    for delivery in ordered.select_related("destination__account")[:200]:
        if time.monotonic() > end:
            break
        if delivery.destination_id in broken or not _claim(delivery, at):
            continue
        error = _send(delivery, at)
        sent += not error
        if error:
            broken.add(delivery.destination_id)
    return sent


def _claim(delivery: Delivery, at: datetime) -> bool:
    """Is the message this pass's to send?"""
    seen = Delivery.objects.filter(
        pk=delivery.pk, status=DeliveryStatus.WAITING, attempts=delivery.attempts
    )
    delivery.attempts += 1
    return bool(seen.update(attempts=delivery.attempts, next_attempt_at=at + CLAIM))


def _send(delivery: Delivery, at: datetime) -> str:
    sort, level = DeliverySort(delivery.sort), Level(delivery.level)
    try:
        error = send(delivery.destination, Message(delivery.title, delivery.body, sort, level))
    except Exception as fault:
        # Whatever a destination does to the library, others have their messages.
        log.error("delivery %s could not be sent: %s", delivery.pk, type(fault).__name__)
        error = f"omsauto could not send it ({type(fault).__name__})."
    error = error[:500]
    remember(delivery.destination, error, at)
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    if not error:
        mine.update(status=DeliveryStatus.SENT, ended_at=at, error="")
    elif delivery.attempts >= MOST_ATTEMPTS:
        mine.update(status=DeliveryStatus.FAILED, ended_at=at, error=error)
    else:
        mine.update(next_attempt_at=at + wait_after(delivery.attempts), error=error)
    return error


def wait_after(attempts: int) -> timedelta:
    """1, 2, 4, ... minutes, at most an hour."""
    return min(timedelta(minutes=2 ** (attempts - 1)), LONGEST_WAIT)


def remember(destination: Destination, error: str, at: datetime) -> None:
    """How the newest attempt ended, for the page."""
    Destination.objects.filter(pk=destination.pk).update(
        last_at=at, last_ok=not error, last_error=error[:500]
    )
