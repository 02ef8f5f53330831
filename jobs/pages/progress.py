"""How far a running run is, in words and as a share; how fast, and how long it will still take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs.models import Run, RunStatus, Unit

MINUTE = 60
HOUR = 60 * MINUTE


@dataclass(frozen=True)
class Progress:
    """`total` None: nobody knows how much it will be."""

    done: int
    total: int | None
    words: str


def progress_of(run: Run, at: datetime) -> Progress | None:
    """Of the attempt under way; None where none is, or none has said anything yet."""
    if run.status != RunStatus.RUNNING:
        return None
    seconds = (at - run.attempt_started_at).total_seconds() if run.attempt_started_at else 0.0
    said = [_count(run)]
    done = run.read if run.progress_unit == Unit.PARTS else run.progress_done
    if done and seconds >= 1:
        said.append(_speed(done / seconds))
    if left := _left(run, seconds):
        said.append(left)
    return Progress(run.progress_done, run.progress_total, ", ".join(said))


def _count(run: Run) -> str:
    done, total = run.progress_done, run.progress_total
    if run.progress_unit == Unit.PARTS and total:
        return f"part {min(done + 1, total):,} of {total:,}, {run.read:,} records so far"
    unit = run.progress_unit or Unit.RECORDS.value
    if total is None:
        return f"{done:,} {unit} so far" if done else "waiting for the platform's first answer"
    return f"{done:,} of {total:,} {unit}"


def _speed(by_second: float) -> str:
    if by_second >= 1:
        return f"{by_second:,.0f} a second"
    return f"{max(round(by_second * MINUTE), 1)} a minute"


def _left(run: Run, seconds: float) -> str:
    """How long it takes if it goes on as so far; empty where nobody can tell."""
    done, total = run.progress_done, run.progress_total
    if not total or not done or seconds < 1 or done >= total:
        return ""
    left = seconds / done * (total - done)
    if left < MINUTE:
        return "less than a minute left"
    for size, unit in ((HOUR, "hour"), (MINUTE, "minute")):
        if left >= size:
            count = round(left / size)
            return f"about {count} {unit}{'' if count == 1 else 's'} left"
    return ""
