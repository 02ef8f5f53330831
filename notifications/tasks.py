"""The Celery task: it may run late, twice or beside another; the database keeps what was told."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from notifications.tell import tell


@shared_task(name="notifications.tell")
def tell_task() -> int:
    return tell(timezone.now())
