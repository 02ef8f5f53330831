"""Which instants are the slots of a job: pure functions over a grid of wall times.

A grid is the wall times `k * period + offset` of a time zone. Every period divides a day, so the
grid reads the same on the clock each day; only a change of the zone's UTC offset bends it:

- periods up to an hour: every real instant whose wall time is on the grid, so an hour that occurs
  twice is served twice, and one that is left out costs no silence;
- longer periods: each wall time once a day, at the first instant the wall clock reads it or, where
  the clock jumps over it, at the first instant after the jump. Wall times that fall to one
  instant are one slot.

Instants are passed as aware datetimes and come back in UTC. Offsets are read from the zone, never
assumed; two changes of one zone within a day are not expected (there is none from 2000 on).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

PERIODS: tuple[int, ...] = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)

_LONGEST_REPEATED = 60
_DAY = timedelta(days=1)
_INSTANT = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Grid:
    """The wall times of one job: every `period_minutes`, moved by `offset_minutes`, in `zone`.

    `offset_minutes` is positive for a start delay and negative for a shift to earlier.
    Raises ValueError, in a sentence for the operator, for a grid that is not allowed.
    """

    period_minutes: int
    offset_minutes: int
    zone: str

    def __post_init__(self) -> None:
        if self.period_minutes not in PERIODS:
            offered = ", ".join(map(str, PERIODS))
            raise ValueError(
                f"A period of {self.period_minutes} minutes is not offered; "
                f"choose one of {offered} minutes."
            )
        if abs(self.offset_minutes) >= self.period_minutes:
            raise ValueError(
                f"A delay of {abs(self.offset_minutes)} minutes is not shorter than "
                f"the period of {self.period_minutes} minutes; choose a shorter delay."
            )
        _zone(self.zone)


def next_slot(grid: Grid, after: datetime) -> datetime:
    """The first slot strictly after `after`."""
    zone, after = _zone(grid.zone), _utc(after)
    local = after.astimezone(zone)
    slot = after - _since_wall_time(grid, local) + _period(grid)
    then = slot.astimezone(zone)
    if then.utcoffset() == local.utcoffset() and (_repeats(grid) or not then.fold):
        return slot
    if not _repeats(grid):
        return _first_reading(zone, _latest_wall_time(grid, after) + _period(grid))
    change = _offset_change(zone, after, slot)
    return change if _on_grid(grid, change.astimezone(zone)) else next_slot(grid, change)


def previous_slot(grid: Grid, at: datetime) -> datetime:
    """The last slot at or before `at`."""
    zone, at = _zone(grid.zone), _utc(at)
    local = at.astimezone(zone)
    slot = at - _since_wall_time(grid, local)
    then = slot.astimezone(zone)
    if then.utcoffset() == local.utcoffset() and (_repeats(grid) or not then.fold):
        return slot
    if not _repeats(grid):
        return _first_reading(zone, _latest_wall_time(grid, at))
    return previous_slot(grid, _offset_change(zone, slot, at) - _INSTANT)


def slots_between(grid: Grid, start: datetime, end: datetime) -> list[datetime]:
    """The slots in `[start, end)`, in order; none where `end` is not after `start`."""
    period, slots = _period(grid), list[datetime]()
    for first, last, steps in _runs(grid, start, end):
        slots.append(first)
        slots.extend(last - period * step for step in range(steps - 1, -1, -1))
    return slots


def count_between(grid: Grid, start: datetime, end: datetime) -> int:
    """The number of slots in `[start, end)`, without listing them."""
    return sum(steps + 1 for _first, _last, steps in _runs(grid, start, end))


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """At `at` the clock jumps `by` ahead (or back, where negative) from the naive `wall`."""

    at: datetime
    by: timedelta
    wall: datetime


def zone_changes(zone: str, start: datetime, end: datetime) -> list[ZoneChange]:
    """The changes of a zone's UTC offset in `(start, end)`, in order."""
    clock, found = _zone(zone), list[ZoneChange]()
    for at, _until in [*_stretches(clock, _utc(start), _utc(end))][1:]:
        before = (at - _INSTANT).astimezone(clock).replace(tzinfo=None) + _INSTANT
        after = at.astimezone(clock).replace(tzinfo=None)
        found.append(ZoneChange(at, after - before, before))
    return found


def wall_times_moved(grid: Grid, change: ZoneChange) -> list[datetime]:
    """The grid's wall times (naive) that the change leaves out or lets occur twice, in order."""
    ends = sorted((change.wall, change.wall + change.by))
    clock = Grid(grid.period_minutes, grid.offset_minutes, "UTC")
    within = slots_between(clock, *(end.replace(tzinfo=UTC) for end in ends))
    return [wall.replace(tzinfo=None) for wall in within]


def _runs(grid: Grid, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, int]]:
    """First slot, last slot and the steps between them, for each stretch of one UTC offset.

    Counted back from the last slot all steps are a whole period; the first step may be shorter,
    where a stretch begins with a slot whose wall time was jumped over.
    """
    for begin, until in _stretches(_zone(grid.zone), _utc(start), _utc(end)):
        first, last = next_slot(grid, begin - _INSTANT), previous_slot(grid, until - _INSTANT)
        if first <= last:
            yield first, last, -((first - last) // _period(grid))


def _stretches(
    zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """`[start, end)` cut wherever the UTC offset changes."""
    begin = probe = start
    while probe < end:
        ahead = min(probe + _DAY, end)
        if _offset(zone, ahead) != _offset(zone, probe):
            ahead = _offset_change(zone, probe, ahead)
            yield begin, ahead
            begin = ahead
        probe = ahead
    if begin < end:
        yield begin, end


def _latest_wall_time(grid: Grid, at: datetime) -> datetime:
    """The latest wall time of the grid (naive) that the clock has read or jumped over by `at`.

    Later than what the clock reads now where it has been set back.
    """
    zone, period = _zone(grid.zone), _period(grid)
    local = at.astimezone(zone)
    wall = local.replace(tzinfo=None) - _since_wall_time(grid, local)
    while _first_reading(zone, wall + period) <= at:
        wall += period
    return wall


def _first_reading(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first instant at which the clock reads the naive `wall` or has jumped over it."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap, fold 0 counts with the offset before it and so lands after it, fold 1 before it
    # (PEP 495): the jump lies between the two.
    return _offset_change(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant)


def _offset_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The first instant in `(start, end]` with another UTC offset than `start`.

    There must be exactly one such change. Zones change on whole seconds.
    """
    start = start.replace(microsecond=0)
    before = _offset(zone, start)

    def changed(seconds: int) -> bool:
        return _offset(zone, start + timedelta(seconds=seconds)) != before

    seconds = range((end - start) // timedelta(seconds=1))
    return start + timedelta(seconds=bisect_left(seconds, True, key=changed))


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _since_wall_time(grid: Grid, local: datetime) -> timedelta:
    """How far the clock, reading `local`, is past the last wall time of the grid."""
    minutes = (local.hour * 60 + local.minute - grid.offset_minutes) % grid.period_minutes
    return timedelta(minutes=minutes, seconds=local.second, microseconds=local.microsecond)


def _on_grid(grid: Grid, local: datetime) -> bool:
    return not _since_wall_time(grid, local)


def _repeats(grid: Grid) -> bool:
    """Whether a wall time that occurs twice is two slots."""
    return grid.period_minutes <= _LONGEST_REPEATED


def _period(grid: Grid) -> timedelta:
    return timedelta(minutes=grid.period_minutes)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"The time {at.isoformat()} has no time zone; pass an aware datetime.")
    return at.astimezone(UTC)


@cache
def _zone(name: str) -> ZoneInfo:
    """The zone, kept: ZoneInfo's own cache holds few zones strongly."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"The time zone {name!r} is not known; choose an IANA name such as Europe/Berlin."
        ) from error
