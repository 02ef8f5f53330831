"""The figures of /metrics, counted when they are asked for.

Every query stays on an index, however many runs and events are kept: what is open is counted
exactly, the outcomes over the newest rows only.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.circuit import State
from jobs.models import Circuit, Event, EventStatus, Heartbeat, Run, RunStatus

CONTENT_TYPE = CONTENT_TYPE_LATEST
NEWEST = 10_000

OPEN_RUNS = (RunStatus.QUEUED, RunStatus.RUNNING)
OPEN_EVENTS = (EventStatus.WAITING, EventStatus.HELD)


class Figures(Collector):
    """What the tables say at one moment."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        yield _by_status(
            "omsauto_runs_open", "Runs not ended yet", _open(Run.objects.all(), OPEN_RUNS)
        )
        yield _by_status(
            "omsauto_runs_newest", f"The newest {NEWEST} runs", _newest(Run.objects.all())
        )
        yield _by_status(
            "omsauto_events_open",
            "Events not ended yet",
            _open(Event.objects.all(), OPEN_EVENTS),
        )
        yield _by_status(
            "omsauto_events_newest", f"The newest {NEWEST} events", _newest(Event.objects.all())
        )
        yield _circuits()
        yield _seconds(
            "omsauto_queue_age_seconds", "For how long the oldest due run waits", self._queue_age()
        )
        yield _seconds(
            "omsauto_clock_tick_age_seconds", "Time since the last tick", self._tick_age()
        )

    def _queue_age(self) -> float:
        due = Run.objects.filter(status=RunStatus.QUEUED, not_before__lte=self.at)
        oldest: datetime | None = due.aggregate(oldest=Min("not_before"))["oldest"]
        return (self.at - oldest).total_seconds() if oldest else 0.0

    def _tick_age(self) -> float | None:
        last = Heartbeat.objects.filter(name="clock").values_list("at", flat=True).first()
        return (self.at - last).total_seconds() if last else None


def exposition(at: datetime) -> bytes:
    registry = CollectorRegistry()
    registry.register(Figures(at))
    return generate_latest(registry)


def _open(rows: QuerySet[Any], statuses: tuple[str, ...]) -> dict[str, int]:
    """One query per status, so that each can use its partial index; zeros are told as well."""
    return {str(status): rows.filter(status=status).count() for status in statuses}


def _newest(rows: QuerySet[Any]) -> dict[str, int]:
    last: int = rows.aggregate(last=Max("pk"))["last"] or 0
    newest = rows.filter(pk__gt=last - NEWEST).order_by()
    return dict(newest.values_list("status").annotate(rows=Count("pk")))


def _circuits() -> Metric:
    """Channels whose circuit is not closed, by its state; zeros are told as well."""
    family = GaugeMetricFamily(
        "omsauto_circuits", "Channels whose platform is left alone, by state.", labels=["state"]
    )
    rows = Circuit.objects.filter(wake_at__isnull=False).order_by()
    counts = dict(rows.values_list("state").annotate(rows=Count("pk")))
    for state in (State.OPEN, State.HALF_OPEN):
        family.add_metric([state.value], counts.get(state.value, 0))
    return family


def _by_status(name: str, text: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, f"{text}, by status.", labels=["status"])
    for status, count in sorted(counts.items()):
        family.add_metric([status], count)
    return family


def _seconds(name: str, text: str, value: float | None) -> Metric:
    """A gauge; without a value where there is nothing to measure."""
    family = GaugeMetricFamily(name, f"{text}.")
    if value is not None:
        family.add_metric([], value)
    return family
