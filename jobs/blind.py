"""When our own intake was blind, silence proves nothing: kept until the database is back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from jobs import fallback
from jobs.models import Heartbeat, Job

WEB = "web"
CLOCK = "clock"
WORKER = "worker"
BEAT_EVERY_SECONDS = 10
SILENT_AFTER = timedelta(seconds=60)
SPREAD = timedelta(minutes=5)


def _mark() -> Path:
    return Path(settings.VAR) / "intake-was-blind"


def note_fault() -> None:
    """Remember that a delivery was answered 503; survives a restart of the web process."""
    _mark().touch()


def beat(name: str, at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def watch_web(at: datetime) -> str | None:
    """One look of a living web process: beat, and turn past blindness into evidence.

    Answers with the evidence it recorded. Raises DatabaseError while the database is away.
    """
    last = Heartbeat.objects.filter(name=WEB).values_list("at", flat=True).first()
    evidence = None
    if last is not None and at - last > SILENT_AFTER:
        evidence = f"no web process took webhooks from {last:%H:%M:%S} to {at:%H:%M:%S} UTC"
    elif _mark().exists():
        evidence = "webhooks were answered 503, because the database could not be reached"
    if evidence:
        _spread(at, evidence)
    _mark().unlink(missing_ok=True)
    beat(WEB, at)
    return evidence


def _spread(at: datetime, evidence: str) -> None:
    listening = Job.objects.filter(listening_since__isnull=False).order_by("pk")
    fallback.spread_evidence(list(listening), at, evidence, SPREAD)


def start_watching() -> threading.Thread:
    """The web process's pulse, in a thread of its own."""
    return _start(WEB, watch_web)


def start_worker_pulse() -> threading.Thread:
    """The worker's pulse, from the process that its pool's processes belong to.

    Without it a worker that has nothing to do could not be told from one that is dead.
    """
    return _start(WORKER, lambda at: beat(WORKER, at))


def _start(name: str, look: Callable[[datetime], object]) -> threading.Thread:
    thread = threading.Thread(target=_pulse, args=(look,), name=f"{name}-pulse", daemon=True)
    thread.start()
    return thread


def _pulse(look: Callable[[datetime], object]) -> None:
    """The connection is closed after each look: a process forked later inherits none."""
    while True:
        with contextlib.suppress(DatabaseError):
            look(datetime.now(UTC))
        connection.close()
        time.sleep(BEAT_EVERY_SECONDS)
