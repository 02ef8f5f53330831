"""A parked record: what it holds and what became of it; asking for it, or all, again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from accounts.calendar import local
from accounts.models import Role
from jobs import control, replays
from jobs.models import Run
from jobs.overlap import Sort
from jobs.pages.here import Here, page
from jobs.pages.records import parked_rows
from jobs.pages.tags import clock
from jobs.pages.trace import trace_of
from oms.models import ParkedRecord, ParkedStatus

LOOKED_THROUGH = 200
"""How many of the job's newest entity runs are searched for the record."""
EARLIER = 20
LONGEST_NOTE = 500
SKU = "SKU"
NAMES = {"sku": SKU, "external_id": "Id at the platform"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclass(frozen=True)
class Moment:
    """One thing that happened to the record."""

    at: datetime
    words: str
    run: Run | None = None
    record: ParkedRecord | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A list of objects: their names as columns, each row's values in that order."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Contents:
    """A payload taken apart for reading; `groups` are objects within it, by name."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def has_skus(self) -> bool:
        names = [name for name, _ in self.facts]
        return any(SKU in columns for columns in (names, *(one.columns for one in self.tables)))


@page()
def show(here: Here, parked_id: int) -> HttpResponse:
    parked = _find(here, parked_id, Role.VIEWER)
    context = {
        "parked": parked,
        "contents": contents_of(parked.payload),
        "raw": json.dumps(parked.payload, indent=2, ensure_ascii=False),
        "moments": sorted(_moments(parked), key=lambda moment: moment.at)[::-1],
        "is_open": parked.status == ParkedStatus.PARKED,
        "longest_note": LONGEST_NOTE,
        "trace_url": trace_of(parked),
        "nav_current": "records",
    }
    return here.render("jobs/parked.html", context)


@page("POST")
def retry(here: Here, parked_id: int) -> HttpResponse:
    """Ask for a parked record again; leads to the run that does."""
    parked = _find(here, parked_id, Role.OPERATOR)
    try:
        ticket = control.retry_parked(parked, here.at, here.user)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
        return redirect("parked", parked.pk)
    if ticket.run is None:
        messages.warning(here.request, "Nothing was started: a run of this job is under way.")
        return redirect("parked", parked.pk)
    return redirect("run", ticket.run.pk)


@page("POST")
def retry_all(here: Here) -> HttpResponse:
    """Ask again for all that the list with this query shows and that is parked still."""
    here.require(Role.OPERATOR)
    done = replays.retry_all(parked_rows(here), here.at, here.user)
    tell = messages.success if done.runs else messages.warning
    tell(here.request, done.sentence)
    if len(done.runs) == 1 and not done.refused:
        return redirect("run", done.runs[0].pk)
    query = here.request.GET.copy()
    query["tab"] = "parked"
    return HttpResponseRedirect(f"{reverse('records')}?{query.urlencode()}")


@page("POST")
def discard(here: Here, parked_id: int) -> HttpResponse:
    """Give the record up, with what `note` says of it."""
    parked = _find(here, parked_id, Role.OPERATOR)
    note = here.request.POST.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]
    try:
        control.discard(parked, here.at, here.user, note)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
    else:
        messages.success(here.request, f"{parked.external_id} is discarded.")
    return HttpResponseRedirect(f"{reverse('records')}?tab=parked")


def _find(here: Here, parked_id: int, needed: Role) -> ParkedRecord:
    mine = ParkedRecord.objects.filter(account__in=here.accounts)
    parked = mine.select_related("channel", "ended_by").filter(pk=parked_id).first()
    if parked is None:
        raise Http404("No such record.")
    here.enter(parked.account_id)
    here.require(needed)
    return parked


def _moments(parked: ParkedRecord) -> Iterator[Moment]:
    """When it was parked, asked for and ended, and how it went with it before."""
    earlier = ParkedRecord.objects.filter(
        channel=parked.channel_id, type=parked.type, external_id=parked.external_id
    )
    for record in earlier.exclude(pk=parked.pk)[:EARLIER]:
        words = f"Parked on another occasion, now {record.get_status_display().lower()}"
        yield Moment(record.parked_at, words, record=record, note=record.note)
    runs = list(_runs(parked))
    by_id = {run.pk: run for run in runs}
    yield Moment(parked.parked_at, "Parked", by_id.get(parked.run_id or 0))
    for run in runs:
        if run.pk != parked.run_id:
            yield Moment(run.created_at, "Asked for again", run)
    if parked.ended_at and parked.status == ParkedStatus.DISCARDED:
        who = f" by {parked.ended_by}" if parked.ended_by else ""
        yield Moment(parked.ended_at, f"Discarded{who}", note=parked.note)
    elif parked.ended_at:
        yield Moment(parked.ended_at, "Taken over")


def _runs(parked: ParkedRecord) -> Iterator[Run]:
    """The run that parked it last, and those that were asked for it by its id."""
    first = Run.objects.filter(pk=parked.run_id).first() if parked.run_id else None
    if first:
        yield first
    asked = Run.objects.filter(channel=parked.channel_id, type=parked.type, sort=Sort.ENTITY)
    for run in asked.exclude(pk=parked.run_id or 0)[:LOOKED_THROUGH]:
        if parked.external_id in run.entities:
            yield run


def contents_of(payload: Mapping[str, Any]) -> Contents:
    found = Contents()
    for name, value in payload.items():
        if isinstance(value, Mapping):
            found.groups.append((_title(name), [(_title(k), _text(v)) for k, v in value.items()]))
        elif isinstance(value, list) and value and all(isinstance(x, Mapping) for x in value):
            found.tables.append(_table(_title(name), value))
        else:
            found.facts.append((_title(name), _moment(value) or _text(value)))
    return found


def _table(title: str, rows: list[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = [[_text(row.get(name)) for name in names] for row in rows]
    return Table(title, [_title(name) for name in names], texts)


def _title(name: object) -> str:
    """ "Placed at" for placed_at."""
    if name in NAMES:
        return NAMES[str(name)]
    words = str(name).replace("_", " ").strip()
    return f"{words[:1].upper()}{words[1:]}"


def _moment(value: object) -> str:
    """An instant as the other pages write it; "" for anything else."""
    if not (isinstance(value, str) and INSTANT.fullmatch(value)):
        return ""
    return clock(local(datetime.fromisoformat(value)))


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(x, list | Mapping) for x in value):
        return ", ".join(map(str, value))
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, list | Mapping) else str(value)
    )
