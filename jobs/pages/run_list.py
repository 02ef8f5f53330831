"""Runs and slots that did not run as one list, the newest first, a page at a time.

A run stands at the moment it was asked for, which never changes; a stretch of slots at its last
slot. A stretch that grows moves up, to the pages already seen: nothing is listed twice below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from jobs.models import Run, SlotStretch
from jobs.pages.here import Here
from jobs.pages.paging import SIZE
from jobs.pages.run_filters import Filters, runs_of, stretches_of

SLOT_RANK, RUN_RANK = 0, 1
"""Which goes first, read upwards, where a slot and a run share an instant."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, order=True)
class Place:
    """Where a row stands in the list; the order of places is that of the list read upwards."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // MICROSECOND}.{self.rank}.{self.id}"


@dataclass(frozen=True)
class Entry:
    """A row: a run, or slots without one."""

    place: Place
    run: Run | None = None
    slots: SlotStretch | None = None


@dataclass(frozen=True)
class Part:
    """One page; `next_url` leads on, `newest_url` back to the first page."""

    rows: list[Entry]
    next_url: str | None
    newest_url: str | None

    @property
    def is_moving(self) -> bool:
        """Is a run on it under way?"""
        return any(row.run is not None and row.run.status == "running" for row in self.rows)


def read_place(text: str) -> Place | None:
    """A place as a link carries it; None for anything else."""
    parts = text.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts):
        return None
    micros, rank, key = map(int, parts)
    try:
        return Place(EPOCH + micros * MICROSECOND, rank, key)
    except OverflowError:
        return None


def read_part(here: Here, wanted: Filters, size: int = SIZE) -> Part:
    """The page that the query asks for: at most two queries, each of `size` + 1 rows."""
    below = read_place(here.request.GET.get("before", ""))
    found: list[Entry] = []
    if wanted.wants_runs:
        runs = _page(runs_of(here, wanted), "created_at", RUN_RANK, below, size)
        found += [Entry(Place(run.created_at, RUN_RANK, run.pk), run=run) for run in runs]
    if wanted.wants_slots:
        rows = _page(stretches_of(here, wanted), "last_slot_at", SLOT_RANK, below, size)
        found += [Entry(Place(row.last_slot_at, SLOT_RANK, row.pk), slots=row) for row in rows]
    found.sort(key=lambda entry: entry.place, reverse=True)
    shown = found[:size]
    following = _url(here.request, shown[-1].place) if len(found) > size else None
    return Part(shown, following, _url(here.request, None) if below else None)


def _page(rows: QuerySet[M], column: str, rank: int, below: Place | None, size: int) -> list[M]:
    """The first rows below a place. The plain bound on the time is what an index can use."""
    if below is not None:
        bound: dict[str, Any] = {f"{column}__{'lte' if rank <= below.rank else 'lt'}": below.at}
        rows = rows.filter(**bound)
        if rank == below.rank:
            rows = rows.filter(Q(**{f"{column}__lt": below.at}) | Q(pk__lt=below.id))
    return list(rows.order_by(f"-{column}", "-pk")[: size + 1])


def _url(request: HttpRequest, place: Place | None) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    if place is not None:
        query["before"] = str(place)
    return f"{request.path}?{query.urlencode()}" if query else request.path
