"""The auditor of slot accounting: finds what became of every slot that was to be expected."""

from __future__ import annotations

from datetime import datetime

from jobs.models import Job, Run, SlotStretch
from jobs.timetable import Grid, count_between, slots_between

_INSTANT = datetime.resolution


def outcomes(job: Job, grid: Grid, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """(slot, what became of it) for each slot of the grid in [start, end).

    Fails where a slot is nobody's, is accounted for twice, or a stretch claims other slots than
    those that lie in it.
    """
    ran = {run.slot_at: "ran" for run in Run.objects.filter(job=job, slot_at__isnull=False)}
    stretches = list(
        SlotStretch.objects.filter(job=job, last_slot_at__gte=start, first_slot_at__lt=end)
    )
    for row in stretches:
        inside = count_between(grid, row.first_slot_at, row.last_slot_at + _INSTANT)
        assert row.count == inside, f"{row} from {row.first_slot_at} to {row.last_slot_at}"
    found = []
    for slot in slots_between(grid, start, end):
        said = [ran[slot]] if slot in ran else []
        said += [r.outcome for r in stretches if r.first_slot_at <= slot <= r.last_slot_at]
        assert len(said) == 1, f"{slot} is accounted for as {said or 'nothing'}"
        found.append((slot, said[0]))
    return found


def tally(job: Job, grid: Grid, start: datetime, end: datetime) -> dict[str, int]:
    """How many slots of [start, end) had each outcome; every one is accounted for."""
    counted: dict[str, int] = {}
    for _, outcome in outcomes(job, grid, start, end):
        counted[outcome] = counted.get(outcome, 0) + 1
    return counted
