"""What the figures mean: how many workers a load needs, and what spreading would save. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from jobs.simulation.crowd import ChannelSpec
from jobs.spread import spread_of
from jobs.timetable import Grid, slots_between

MINUTE = timedelta(minutes=1)
SPREADS = (5, 15, 30)
"""The bounds that are compared with no spread, minutes."""


@dataclass(frozen=True, slots=True)
class Spreading:
    """Slots that are due in the busiest minute, and the workers that start each run in time."""

    minutes: int
    busiest_minute: int
    workers: int


def workers_for(load: Sequence[float], within_minutes: float) -> int:
    """The fewest workers that never fall further behind than this; `load` in seconds a minute.

    What was due in a minute counts as spread over it, so that short waits do not show.
    """
    low, high = 1, max(ceil(max(load, default=0.0) / 60), 1)
    while low < high:
        middle = (low + high) // 2
        if _furthest_behind(load, middle) <= within_minutes:
            high = middle
        else:
            low = middle + 1
    return low


def _furthest_behind(load: Sequence[float], workers: int) -> float:
    """Minutes until the last worker second that is due would have been worked, at the worst."""
    left = worst = 0.0
    for seconds in load:
        left = max(left + seconds - workers * 60, 0.0)
        worst = max(worst, left / (workers * 60))
    return worst


def slots_by_minute(
    crowd: Iterable[ChannelSpec], start: datetime, hours: float, bound_minutes: int
) -> list[int]:
    """Slots that are due in each minute where jobs are spread within this bound."""
    lags: dict[Grid, Counter[int]] = {}
    for channel in crowd:
        for job in channel.jobs:
            if job.grid is not None:
                spread = spread_of(channel.job_id(job), bound_minutes, job.grid.period_minutes)
                lags.setdefault(job.grid, Counter())[spread // MINUTE] += 1
    found = [0] * (ceil(hours * 60) + bound_minutes + 1)
    for grid, of_grid in lags.items():
        for slot in slots_between(grid, start, start + timedelta(hours=hours)):
            minute = int((slot - start).total_seconds() // 60)
            for lag, jobs in of_grid.items():
                found[minute + lag] += jobs
    return found


def compare_spreads(
    slots: Iterable[tuple[int, Sequence[int]]],
    other_load: Sequence[float],
    seconds_a_slot: float,
    within_minutes: float,
) -> list[Spreading]:
    """`slots`: bound in minutes with the slots of each minute; `other_load`: all that is due
    besides them, seconds a minute."""
    found = []
    for bound, minutes in slots:
        beside = [*other_load, *([0.0] * len(minutes))]
        load = [count * seconds_a_slot + beside[index] for index, count in enumerate(minutes)]
        found.append(Spreading(bound, max(minutes), workers_for(load, within_minutes)))
    return found
