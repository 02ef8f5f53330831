"""Probes: does this process live, is the installation ready, what are its figures."""

import os
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from jobs import blind
from jobs.pulse import Signs, take_signs
from omsauto import metrics as figures
from omsauto.celery import app

logger = structlog.get_logger(__name__)
CLOCK_LIMIT = timedelta(seconds=30)
WEB_LIMIT = blind.SILENT_AFTER
NEEDED = ("database", "broker", "clock")
"""Without these the answer of /readyz is 503."""
UNKNOWN = "it is not known: the database cannot be asked"


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while this process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database, broker and clock are well, else 503; the log says what is not and why.

    What else it tells (worker, queue) takes this process out of no balancer: it could still take
    webhooks, which is what it is asked for.
    """
    faults = find_faults(timezone.now())
    del faults["web"]
    for name, fault in faults.items():
        if fault:
            logger.warning("not ready", part=name, fault=fault)
    answer = {name: fault is None for name, fault in faults.items()}
    ready = all(answer[name] for name in NEEDED)
    return JsonResponse(answer, status=200 if ready else 503)


@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Prometheus text, counted now."""
    return HttpResponse(figures.exposition(timezone.now()), content_type=figures.CONTENT_TYPE)


def database_fault() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return str(error)
    return None


def broker_fault() -> str | None:
    """Bounded by the broker's socket time-outs: a frozen one costs two seconds."""
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=0, timeout=2)
    except (OSError, OperationalError) as error:
        return str(error) or type(error).__name__
    folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_out")
    if folder and not os.access(folder, os.W_OK):
        return f"the folder {folder} cannot be written"
    return None


def find_faults(at: datetime) -> dict[str, str | None]:
    """What is wrong with each part, None where it is well. Parts that cannot be asked are not."""
    faults = {"database": database_fault(), "broker": broker_fault()}
    try:
        signs = None if faults["database"] else take_signs(at)
    except DatabaseError as error:
        faults["database"], signs = str(error), None
    if signs is None:
        return faults | dict.fromkeys(("clock", "worker", "queue", "web"), UNKNOWN)
    return faults | {
        "clock": clock_fault(signs),
        "worker": worker_fault(signs),
        "queue": queue_fault(signs),
        "web": web_fault(signs),
    }


def clock_fault(signs: Signs) -> str | None:
    return _silence("the clock has never ticked", "the last tick was", signs.tick_at, signs, "beat")


def worker_fault(signs: Signs) -> str | None:
    """Idle is no fault: an installation that has just been made has had no worker yet."""
    if signs.worker != "silent":
        return None
    seen = f"at {signs.worker_seen_at.isoformat()}" if signs.worker_seen_at else "never"
    return (
        f"a worker last gave a sign of life {seen}: runs that are due do not start. Is worker "
        "running, and does it reach its broker? Its log says why it does not."
    )


def queue_fault(signs: Signs) -> str | None:
    if not signs.stuck or signs.queue_age is None:
        return None
    runs = "1 run is" if signs.due == 1 else f"{signs.due} runs are"
    return (
        f"{runs} due and not begun, the oldest for "
        f"{signs.queue_age.total_seconds():.0f} s. They start in turn; where workers live and the "
        "queue does not get shorter, raise WORKER_CONCURRENCY."
    )


def web_fault(signs: Signs) -> str | None:
    """For those who ask from outside: a web process that answers knows that it lives."""
    never = "no web process has ever lived"
    return _silence(never, "a web process last lived", signs.web_at, signs, "web", WEB_LIMIT)


def _silence(
    never: str,
    last: str,
    seen: datetime | None,
    signs: Signs,
    process: str,
    limit: timedelta = CLOCK_LIMIT,
) -> str | None:
    if seen is None:
        return f"{never}: is {process} running?"
    if signs.at - seen >= limit:
        return f"{last} at {seen.isoformat()}: is {process} running?"
    return None
