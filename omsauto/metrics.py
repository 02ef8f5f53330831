"""The figures of /metrics, counted when they are asked for.

Every query stays on an index, however many runs and events are kept: what is open is counted
exactly, the outcomes over the newest rows only.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.circuit import State
from jobs.models import Circuit, Event, EventStatus, Run, RunStatus
from jobs.pulse import Signs, take_signs

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
        yield from self._of_program(take_signs(self.at))

    def _of_program(self, signs: Signs) -> Iterator[Metric]:
        """Who watches these needs no other sign: silence shows as an age that grows."""
        age = signs.queue_age or timedelta(0)
        yield _seconds("omsauto_queue_age_seconds", "How long the oldest due run has waited", age)
        due = GaugeMetricFamily("omsauto_runs_due", "Runs that wait for a worker alone.")
        due.add_metric([], signs.due)
        yield due
        for part, text, seen in (
            ("clock_tick", "Time since the last tick", signs.tick_at),
            ("worker_sign", "Time since a worker last gave a sign of life", signs.worker_seen_at),
            ("web_sign", "Time since a web process last gave one", signs.web_at),
        ):
            silence = self.at - seen if seen else None
            yield _seconds(f"omsauto_{part}_age_seconds", text, silence)


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


def _seconds(name: str, text: str, value: timedelta | None) -> Metric:
    """A gauge; without a value where there is nothing to measure."""
    family = GaugeMetricFamily(name, f"{text}.")
    if value is not None:
        family.add_metric([], value.total_seconds())
    return family
