"""Probes: does this process live, is the installation ready, what are its figures."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from jobs.models import Heartbeat
from omsauto import metrics as figures
from omsauto.celery import app

logger = structlog.get_logger(__name__)
CLOCK_LIMIT = timedelta(seconds=30)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while this process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database, broker and clock are well, else 503; the log says what is not and why."""
    at = timezone.now()
    checks: dict[str, Callable[[], str | None]] = {
        "database": database_fault,
        "broker": broker_fault,
        "clock": lambda: clock_fault(at),
    }
    faults = {name: check() for name, check in checks.items()}
    for name, fault in faults.items():
        if fault:
            logger.warning("not ready", part=name, fault=fault)
    answer = {name: fault is None for name, fault in faults.items()}
    return JsonResponse(answer, status=200 if all(answer.values()) else 503)


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


def clock_fault(at: datetime) -> str | None:
    try:
        last = Heartbeat.objects.filter(name="clock").values_list("at", flat=True).first()
    except DatabaseError as error:
        return str(error)
    if last is None:
        return "the clock has never ticked: is beat running?"
    if at - last >= CLOCK_LIMIT:
        return f"the last tick was at {last.isoformat()}: is beat running?"
    return None
