"""When things happen at the platforms. Pure.

Times are seconds since the start of the simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

DAY = 86_400.0
HOUR = 3_600.0
RHYTHM = (
    0.30, 0.20, 0.15, 0.12, 0.15, 0.25, 0.50, 0.80, 1.10, 1.35, 1.45, 1.45,
    1.40, 1.30, 1.25, 1.20, 1.25, 1.40, 1.60, 1.80, 1.85, 1.55, 1.00, 0.58,
)  # fmt: skip
"""How much of an average hour's changes each hour of the local day sees; their mean is one."""
BUSIEST = max(RHYTHM)


class Rhythms:
    """The rhythm of each zone, by the hour of the simulation."""

    def __init__(self, start: datetime, hours: int) -> None:
        self._start, self._hours = start, hours
        self._of: dict[str, list[float]] = {}

    def of(self, zone: str) -> list[float]:
        if zone not in self._of:
            clock = ZoneInfo(zone)
            self._of[zone] = [
                RHYTHM[(self._start + timedelta(hours=hour)).astimezone(clock).hour]
                for hour in range(self._hours + 1)
            ]
        return self._of[zone]


def arrivals(random: Random, a_day: float, rhythm: list[float], end: float) -> Iterator[float]:
    """A Poisson stream with the rhythm: of the busiest hour's arrivals so many are kept."""
    if a_day <= 0:
        return
    rate, at = a_day * BUSIEST / DAY, 0.0
    while (at := at + random.expovariate(rate)) < end:
        if random.random() * BUSIEST < rhythm[int(at // HOUR)]:
            yield at
