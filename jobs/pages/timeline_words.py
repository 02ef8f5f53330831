"""What a timeline says in words: when a job runs, what a Delay and a change of the clock do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from channels.connectors.base import RateLimit
from channels.enums import Row
from jobs.forecast import Bend, Calls, Outlook
from jobs.models import EmergencyState
from jobs.pages.tags import span
from jobs.pages.words import each
from jobs.plan import DAY, HOUR, say
from jobs.timetable import Grid, ZoneChange, slots_between

LISTED = 9
"""More times than these are told by their period."""
ANY_DAY = datetime(2001, 1, 1, tzinfo=UTC)


def times_of_day(grid: Grid) -> list[str]:
    """The wall times of a grid, as on a day without a change of the clock."""
    clock = Grid(grid.period_minutes, grid.offset_minutes, "UTC")
    return [f"{slot:%H:%M}" for slot in slots_between(clock, ANY_DAY, ANY_DAY + timedelta(days=1))]


def when(outlook: Outlook) -> str:
    """ "Each 8 hours, 1 hour earlier: 07:00, 15:00, 23:00"."""
    plan = outlook.plan
    if plan.suspended:
        return "Suspended: the channel or the account is disabled"
    if plan.row == Row.WEBHOOK:
        if not plan.main_on:
            return f"Nothing starts it: {plan.why_off}"
        late = f", {say(plan.webhook_delay)} after it" if plan.webhook_delay else ", at once"
        return f"On each webhook{late}"
    if outlook.grid is None:
        return f"No slots: {plan.why_off}"
    return _grid_words(outlook.grid)


def _grid_words(grid: Grid) -> str:
    offset, told = grid.offset_minutes, each(grid.period_minutes)
    if offset:
        told += f", {say(abs(offset))} {'later' if offset > 0 else 'earlier'}"
    times = times_of_day(grid)
    return f"{told}: {', '.join(times)}" if len(times) <= LISTED else told


def uncapitalized(text: str) -> str:
    """For the middle of a sentence."""
    return text[:1].lower() + text[1:]


def delay_effect(grid: Grid | None) -> str:
    """What the Delay makes of the grid; empty where there is none."""
    if grid is None or not grid.offset_minutes:
        return ""
    nominal = Grid(grid.period_minutes, 0, grid.zone)
    size, times = say(abs(grid.offset_minutes)), times_of_day(nominal)
    way = "later" if grid.offset_minutes > 0 else "earlier"
    if len(times) > LISTED:
        return f"Every run is {size} {way} than the grid of the day."
    told = f"Without the Delay: {', '.join(times)}."
    if way == "later" or len(times) < 2:
        return f"{told} Every run is {size} {way}."
    period = timedelta(minutes=grid.period_minutes)
    first = ANY_DAY + period
    moved = [at + timedelta(minutes=grid.offset_minutes) for at in (first, first + period)]
    return (
        f"{told} The window {first:%H:%M} to {first + period:%H:%M} "
        f"becomes {moved[0]:%H:%M} to {moved[1]:%H:%M}."
    )


def spread_effect(outlook: Outlook) -> str:
    """By how long the account's spread puts off each run; empty where it does not."""
    if outlook.grid is None or not outlook.spread:
        return ""
    told = f"Each run starts {span(outlook.spread)} after its slot (spread)"
    first = outlook.slots[0] if outlook.slots else None
    if first is None:
        return f"{told}."
    zone = ZoneInfo(outlook.grid.zone)
    start = (first + outlook.spread).astimezone(zone)
    return f"{told}: the next slot, {first.astimezone(zone):%H:%M}, at {start:%H:%M:%S}."


def change_words(change: ZoneChange) -> str:
    """ "02:00 becomes 03:00"."""
    return f"{change.wall:%H:%M} becomes {change.wall + change.by:%H:%M}"


def bend_words(bend: Bend, grid: Grid) -> str:
    """What a change of the zone does to the slots of a grid."""
    change = bend.change
    ahead, day = change.by > timedelta(0), change.wall
    told = f"{day:%a} {day.day} {day:%b}, {change_words(change)}: "
    walls = ", ".join(f"{wall:%H:%M}" for wall in bend.walls)
    if grid.period_minutes <= HOUR:
        if ahead:
            return f"{told}runs go on without a pause, {each(grid.period_minutes).lower()}."
        return f"{told}the time that occurs twice is served twice."
    if not walls:
        return f"{told}no slot is touched."
    if ahead:
        return f"{told}{walls} does not exist that day and runs at {change.wall + change.by:%H:%M}."
    return f"{told}{walls} occurs twice and runs the first time only."


def deadline_effect(outlook: Outlook) -> str:
    """What moves the emergency job's due time; empty where none is due."""
    due, plan = outlook.deadline, outlook.plan
    if due is None or plan.emergency.period is None:
        return ""
    if not plan.on_webhook:
        return (
            f"Each successful run moves its emergency job to {say(plan.emergency.period)} after it."
        )
    if due.moves:
        rest = plan.emergency.period + plan.webhook_delay
        return f"Each good event moves its emergency job to {_hours(rest)} after that event."
    if outlook.state == EmergencyState.DEGRADED:
        return (
            "Webhooks were lost, so events do not move its emergency job: it runs "
            f"{each(plan.emergency.period).lower()} until they have proven good again."
        )
    return f"Events do not move its emergency job ({due.reason})."


def _hours(minutes: int) -> str:
    """ "1 hour 5 minutes"; periods and delays add up to odd times."""
    hours, rest = divmod(minutes, HOUR)
    if not hours or not rest or minutes == DAY:
        return say(minutes)
    return f"{say(hours * HOUR)} {say(rest)}"


def exact(at: datetime, zone: str) -> str:
    """ "Tue 3 Mar, 07:00 CET"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M %Z}"


def listed_slots(outlook: Outlook, zone: str) -> str:
    """ "Mon 2 Mar 23:00; Tue 3 Mar 07:00, 15:00"; of many the first and the last."""
    if outlook.plan.listening:
        return when(outlook)
    if outlook.grid is None:
        return "none"
    local = [slot.astimezone(ZoneInfo(zone)) for slot in outlook.slots]
    if not local:
        return "none in this time"
    shown, rest = local[:LISTED], len(local) - LISTED
    days = groupby(shown, key=lambda slot: slot.date())
    told = "; ".join(
        f"{day:%a} {day.day} {day:%b} {', '.join(f'{slot:%H:%M}' for slot in slots)}"
        for day, slots in days
    )
    last = local[-1]
    more = f" and {rest} more, the last {last:%a} {last:%H:%M}"
    return told + more if rest > 0 else told


def calls_words(calls: Calls) -> str:
    """What a day of a job costs its platform."""
    told = f"{calls.runs} run{'s' if calls.runs != 1 else ''}"
    if not calls.runs and not calls.emergency_runs:
        return "none planned"
    if calls.emergency_runs:
        return (
            f"at least 1 call for each webhook, and at most {calls.emergency_runs} "
            "emergency runs if nothing is heard"
        )
    if calls.per_run is None:
        return f"{told}; calls only where there is something to send"
    told += f", at least {calls.least} call{'s' if calls.least != 1 else ''}"
    if calls.per_run > 1 and calls.read is not None:
        told += f": a run of late read {calls.read:.0f} records, {calls.per_run} calls"
    return told


def limit_words(limit: RateLimit) -> str:
    """ "200 requests each minute"."""
    units = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
    each_time = units.get(limit.seconds, f"{limit.seconds} seconds")
    return f"{limit.amount} {limit.unit} each {each_time}"
