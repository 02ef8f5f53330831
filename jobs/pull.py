"""Pull jobs: a whole window in parts, a list of entities, or everything after an identifier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from channels.connectors.base import (
    Capability,
    ConnectorError,
    Misconfigured,
    Permanent,
    Record,
    Transient,
)
from channels.enums import Row
from jobs import open_records, unfinished
from jobs.lease import MAX_ATTEMPTS
from jobs.models import Event, EventStatus, Job, Run, Unit
from jobs.overlap import Trigger
from jobs.traffic import GivesWay
from jobs.work import (
    UNANSWERED_IN_A_ROW,
    Work,
    apply_entity,
    apply_page,
    commit,
    park_pending,
    set_aside,
    take_over,
)
from oms.work import PullLogic

WEBHOOK_GRACE = timedelta(seconds=60)
"""How long after its Delay an event may still be under way."""
SHORTEST_PART = timedelta(minutes=1)


def pull(work: Work, logic: PullLogic) -> None:
    """One attempt of a pull run; returns when everything it asked for is stored."""
    if not work.full:
        asked = entities_of(work.run)
        work.expect(Unit.RECORDS, len(asked))
        pull_entities(work, logic, asked)
        return
    pull_entities(work, logic, unfinished.entities(work), required=False)
    if work.job.row == Row.BY_ID:
        pull_by_id(work, logic)
    else:
        pull_window(work, logic)


def pull_window(work: Work, logic: PullLogic) -> None:
    """[proven_until, end): in consecutive parts, each of which moves the cursor when it is done."""
    owner = _capability(work)
    start = window_start(work, owner)
    end = window_end(work.job, owner, work.clock())
    if end <= start:
        work.log("info", "Nothing to ask for yet: the window has not opened.")
        commit(work, park_pending)
        return
    lower = max(start - owner.overlap, work.channel.sync_from)
    work.run.window_from = min(work.run.window_from or lower, lower)
    work.run.window_until = end
    whole = list(parts(start, end, part_length(work.run.fruitless)))
    _expect_window(work, len(whole))
    work.check_lease("window_from", "window_until")
    for since, until in whole:
        if since != start:
            take_in_batch(work, logic)
        lower = max(since - owner.overlap, work.channel.sync_from)
        pages = work.connector.pages(work.type, lower, until)
        _pull_part(work, logic, pages, until, last=until == end)


def part_length(fruitless: int) -> timedelta:
    """Half as long each time that the budget did not last for a part, so that one is done."""
    longest = timedelta(hours=settings.OMSAUTO_WINDOW_PART_HOURS)
    return max(longest / (1 << fruitless), SHORTEST_PART)


def _expect_window(work: Work, count: int) -> None:
    """The parts of a long window; how many records one part holds nobody knows before."""
    if count > 1:
        work.expect(Unit.PARTS, count)
    else:
        work.expect(Unit.RECORDS)


def window_start(work: Work, owner: Capability) -> datetime:
    """The cursor, so that another attempt goes on where the last one came to.

    A retry of an earlier run starts where that one did; what is stored includes the overlap.
    """
    proven = work.job.proven_until
    if Trigger.RETRY not in work.run.causes or work.run.window_from is None:
        return proven
    return min(proven, work.run.window_from + owner.overlap)


def _capability(work: Work) -> Capability:
    owner = work.connector.capability(work.type)
    if owner is None:
        raise Permanent(f"{work.connector.label} does not do {work.type.label}")
    return owner


def window_end(job: Job, owner: Capability, at: datetime) -> datetime:
    """On a webhook row far enough behind now that no event for the window is under way."""
    margin = owner.safety
    if job.row == Row.WEBHOOK:
        delay = timedelta(minutes=job.webhook_delay_minutes or 0)
        margin = max(margin, delay + WEBHOOK_GRACE)
    return at - margin


def parts(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Consecutive parts of [start, end), none longer than `length`."""
    while start < end:
        until = min(start + length, end)
        yield start, until
        start = until


def _pull_part(
    work: Work,
    logic: PullLogic,
    pages: Iterator[Sequence[Record]],
    until: datetime,
    *,
    last: bool,
) -> None:
    """Each page in a transaction; the cursor moves in that of the last one.

    What was read is stored before the run gives way: where it reads it again, nothing changes.
    Where the last part holds nothing, there is nothing to store before the run's outcome.
    """
    first = work.next_page(pages)
    if first is None and last and not work.pending:
        work.advance(Unit.PARTS)
        work.proves_until = until
        return
    page: Sequence[Record] | None = () if first is None else first
    while page is not None:
        try:
            following = work.next_page(pages)
        except GivesWay:
            commit(work, apply_page, logic, page)
            raise
        if following is None:
            commit(work, _end_part, logic, page, until)
        else:
            commit(work, apply_page, logic, page)
        work.flush_log()
        page = following


def _end_part(work: Work, logic: PullLogic, page: Sequence[Record], until: datetime) -> None:
    _move_cursor(work, until)
    take_over(work, logic, page)
    work.advance(Unit.PARTS)
    park_pending(work)


def _move_cursor(work: Work, until: datetime) -> None:
    """Forward only: a Save or a wider window never takes proof back. Locks the job first of all."""
    if until > work.job.proven_until:
        Job.objects.filter(pk=work.job.pk, proven_until__lt=until).update(proven_until=until)
        work.job.proven_until = until
        work.came_further = True


def pull_by_id(work: Work, logic: PullLogic) -> None:
    """New records after the last identifier, then each open record by its own."""
    work.expect(Unit.RECORDS)
    last = work.run.place or work.job.last_identifier
    if work.run.place:
        start: str | None = work.run.place
    elif last:
        start = work.connector.recent_ids_start(last)
    else:
        since = min(work.job.proven_until, work.channel.sync_from)
        start = work.connector.first_id_since(work.type, since)
    if start is not None:
        last = _pull_after(work, logic, start, last)
    try:
        turn = open_records.ask(work, logic)
    except GivesWay:
        _keep_place(work, last)
        raise
    commit(work, _end_by_id, last, turn)


def _pull_after(work: Work, logic: PullLogic, start: str, last: str) -> str:
    """Everything after `start`; answers the last identifier, where the next run goes on.

    So does this one where it gives way.
    """
    pages = work.connector.pages_after(work.type, start)
    try:
        while (page := work.next_page(pages)) is not None:
            commit(work, apply_page, logic, page)
            work.flush_log()
            last = _further(last, page[-1].external_id) if page else last
            for record in page:
                work.done(record.external_id)
    except GivesWay:
        _keep_place(work, last)
        raise
    return last


def _keep_place(work: Work, last: str) -> None:
    """What was read so far is not read again, so what is bad of it is parked now."""
    if last != (work.run.place or work.job.last_identifier):
        commit(work, park_pending)
        work.run.place, work.came_further = last, True


def _end_by_id(work: Work, last: str, turn: open_records.Turn) -> None:
    park_pending(work)
    Job.objects.filter(pk=work.job.pk).update(
        last_identifier=last, open_after=turn.after, open_errors=turn.errors
    )


def _further(last: str, found: str) -> str:
    """The identifier to go on after: never back, though the newest record was deleted."""
    if last.isdigit() and found.isdigit():
        return max(last, found, key=int)
    return found


def entities_of(run: Run) -> list[str]:
    """What an entity run asks for: the ids of its events and its own, each once."""
    events = Event.objects.filter(run=run, status=EventStatus.WAITING).order_by("pk")
    listed = [entity for ids in events.values_list("entities", flat=True) for entity in ids]
    return list(dict.fromkeys([*listed, *run.entities]))


def pull_entities(
    work: Work, logic: PullLogic, external_ids: Iterable[str], *, required: bool = True
) -> None:
    """Read each entity at the platform; the body of a delivery is a hint only.

    One that fails while others work is parked after the last attempt. Where all fail, the error
    is the run's, if they are what the run is `required` to do; otherwise they are parked then.
    """
    failed: dict[str, ConnectorError] = {}
    asked = list(external_ids)
    left = [one for one in asked if one not in work.handled]
    worked = len(left) < len(asked)
    for external_id in left:
        work.check_lease()
        work.ask()
        try:
            records = work.connector.fetch_all(work.type, external_id)
        except Misconfigured:
            raise
        except ConnectorError as error:
            failed[external_id] = error
            work.advance(Unit.RECORDS)
            if _is_the_platforms(work, error, failed, worked=worked):
                raise
            continue
        worked = True
        commit(work, apply_entity, logic, external_id, records)
        work.flush_log()
    if failed:
        _settle_failed(work, failed, worked=worked, required=required)
    if required:
        commit(work, park_pending)


def _is_the_platforms(
    work: Work, error: ConnectorError, failed: dict[str, ConnectorError], *, worked: bool
) -> bool:
    """Is it no use to ask for the other entities in this attempt?"""
    if not isinstance(error, Transient) or work.run.attempt >= MAX_ATTEMPTS:
        return False
    return bool(error.retry_after) or (not worked and len(failed) >= UNANSWERED_IN_A_ROW)


def _settle_failed(
    work: Work, failed: dict[str, ConnectorError], *, worked: bool, required: bool
) -> None:
    first = next(iter(failed.values()))
    again = [error for error in failed.values() if isinstance(error, Transient)]
    if required and not worked:
        raise again[0] if again else first
    if again and work.run.attempt < MAX_ATTEMPTS:
        raise again[0]
    for external_id, error in failed.items():
        set_aside(work, external_id, f"It could not be read: {error}", {})


def take_in_batch(work: Work, logic: PullLogic) -> None:
    """Between the parts of a long window: the job's due entity batch, so that it need not wait."""
    work.check_lease()
    batch = unfinished.take_over_waiting(work)
    for external_id in batch:
        work.handled.pop(external_id, None)  # its new event may tell of a later change
    if batch:
        pull_entities(work, logic, batch, required=False)
