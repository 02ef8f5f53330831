"""How many webhooks were accepted in each of the last 24 hours, as bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncHour

from accounts.models import Account
from jobs.models import Event

HOURS = 24
HOUR = timedelta(hours=1)
BAR_WIDTH, BAR_SPACE, HEIGHT = 7, 10, 40


@dataclass(frozen=True)
class Hour:
    """One bar; `x`, `y` and `height` in the units of the drawing, whose zero is top left."""

    since: datetime
    count: int
    x: int
    y: int
    height: int

    @property
    def until(self) -> datetime:
        return self.since + HOUR


@dataclass(frozen=True)
class EventHours:
    """The hours, the oldest first; the last one is still under way."""

    hours: list[Hour]
    width: int = HOURS * BAR_SPACE
    height: int = HEIGHT
    bar_width: int = BAR_WIDTH

    @property
    def total(self) -> int:
        return sum(hour.count for hour in self.hours)

    @property
    def busiest(self) -> Hour:
        return max(self.hours, key=lambda hour: hour.count)


def event_hours(account: Account, at: datetime) -> EventHours:
    """One query over the events of a day, which its index answers without their rows."""
    current = at.replace(minute=0, second=0, microsecond=0)
    hours = [current - HOUR * back for back in reversed(range(HOURS))]
    counts = _counts(account, hours[0])
    most = max(counts.values(), default=0)
    return EventHours(
        [_bar(index, hour, counts.get(hour, 0), most) for index, hour in enumerate(hours)]
    )


def _counts(account: Account, since: datetime) -> dict[datetime, int]:
    """By whole hours of UTC: in every zone they follow one another without gap or repetition."""
    events = Event.objects.filter(
        channel__in=account.channels.values("pk"), received_at__gte=since
    ).order_by()
    by_hour = events.values_list(TruncHour("received_at", tzinfo=since.tzinfo))
    return dict(by_hour.annotate(events=Count("*")))


def _bar(index: int, since: datetime, count: int, most: int) -> Hour:
    """The highest bar fills the drawing; one event in a busy day can still be seen."""
    height = max(2, round(HEIGHT * count / most)) if count else 1
    return Hour(since, count, index * BAR_SPACE, HEIGHT - height, height)
