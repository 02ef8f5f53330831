"""The Celery task: it may run late, twice or beside another; the database keeps what was told."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone


@shared_task(name="notifications.tell")
def tell_task() -> int:
    from notifications.tell import tell  # with all that sends: not for the clock, which tells none

    return tell(timezone.now())
