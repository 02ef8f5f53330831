"""By how much a job starts after its slots, so that slots of one instant do not start as one. Pure.

Each account says within how many minutes, or not at all. Every slot of a recurring or a by-ID row
is spread; emergency runs, runs by webhook and runs by hand are not. A slot keeps its identity: it
is dispatched, counted and coalesced at its own instant, and only its run starts later.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b

BOUNDS = (1, 2, 5, 10, 15, 30)
"""Offered bounds, minutes; None is always allowed too."""
NONE = timedelta(0)


def spread_of(job_id: int, bound_minutes: int | None, period_minutes: int | None) -> timedelta:
    """Whole seconds from a job's slots to their starts: always the same for the same job.

    At least none, less than the bound, and less than the period, so that a run never starts at
    or after the next slot. None where the bound or the period is None.
    """
    within = widest(bound_minutes, period_minutes) * 60
    if not within:
        return NONE
    digest = blake2b(str(job_id).encode(), digest_size=8).digest()
    return timedelta(seconds=int.from_bytes(digest) % within)


def widest(bound_minutes: int | None, period_minutes: int | None) -> int:
    """Within how many minutes a job's starts are spread: the bound, or a shorter period."""
    return min(bound_minutes or 0, period_minutes or 0)
