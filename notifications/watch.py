"""A silent clock or a dead worker cannot tell of itself: then a web process tells."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from django.db import close_old_connections, connection

from jobs.models import Heartbeat
from notifications.tell import HEARTBEAT, tell

LOOK_EVERY_SECONDS = 30
SILENT_AFTER = timedelta(minutes=2)

log = logging.getLogger(__name__)


def tell_if_nobody_does(at: datetime) -> bool:
    """One pass where there was none for two minutes; of several web processes one makes it."""
    _beat, is_first = Heartbeat.objects.get_or_create(name=HEARTBEAT, defaults={"at": at})
    silent = Heartbeat.objects.filter(name=HEARTBEAT, at__lt=at - SILENT_AFTER)
    if is_first or not silent.update(at=at):
        return False
    tell(at)
    return True


def start_watching() -> threading.Thread:
    """In a thread of its own: a destination that does not answer holds up nothing else."""
    thread = threading.Thread(target=_watch, name="notifications-watch", daemon=True)
    thread.start()
    return thread


def _watch() -> None:
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        try:
            tell_if_nobody_does(datetime.now(UTC))
        except Exception:
            log.exception("nobody could be told; it is tried again")
            connection.close()
        close_old_connections()
