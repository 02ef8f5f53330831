"""Open records of a by-ID run: whose turn it is, and which are given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from channels.connectors.base import ConnectorError, Misconfigured, Transient
from jobs.lease import MAX_ATTEMPTS
from jobs.models import Job, Unit
from jobs.traffic import GivesWay
from jobs.work import UNANSWERED_IN_A_ROW, Work, apply_entity, commit, set_aside
from oms import parking
from oms.work import PullLogic


@dataclass
class Turn:
    """What one run does for open records, and what its job remembers of it.

    `after` is our key of the last record asked for; `errors` in how many runs in a row one could
    not be read, by external id. `unanswered` counts what went without an answer since the last.
    """

    asked: list[tuple[int, str]]
    errors: dict[str, int]
    after: int
    failed: dict[str, ConnectorError] = field(default_factory=dict)
    unanswered: int = 0
    read: int = 0


def ask(work: Work, logic: PullLogic) -> Turn:
    """Read the open records whose turn it is, at most a batch.

    One that cannot be read does not hold up the others and is no reason for another attempt: the
    next run asks for it again. Where none can be read, it is the platform's trouble.
    """
    turn = _next_turn(work, logic)
    work.expect(Unit.RECORDS, work.run.progress_done + len(turn.asked))
    for position, (key, external_id) in enumerate(turn.asked, 1):
        work.check_lease()
        _ask_or_keep_turn(work, turn)
        stopped = _read(work, logic, turn, external_id)
        turn.after = key
        left = len(turn.asked) - position
        if stopped and left:
            work.log("info", f"{left} open records are left to the next run.")
            break
    _blame_platform(work, turn)
    _count_errors(work, turn)
    return turn


def _ask_or_keep_turn(work: Work, turn: Turn) -> None:
    """Where the run gives way, it goes on with the record whose turn is next."""
    try:
        work.ask()
    except GivesWay:
        Job.objects.filter(pk=work.job.pk).update(open_after=turn.after)
        raise


def _next_turn(work: Work, logic: PullLogic) -> Turn:
    """Open records after the last one asked for, then those before it."""
    since = work.clock() - timedelta(days=settings.OMSAUTO_BY_ID_MAX_AGE_DAYS)
    known = list(logic.open_ids(work.channel, since))
    unread = {one for _, one in known} - work.outcomes.keys() - work.pending.keys()
    errors = dict(_still_failing(work, unread))
    given_up = {one for one, runs in errors.items() if runs >= settings.OMSAUTO_BY_ID_GIVE_UP_RUNS}
    waiting = [(key, one) for key, one in known if one in unread - given_up]
    after = work.job.open_after
    waiting.sort(key=lambda record: (record[0] <= after, record[0]))
    return Turn(waiting[: settings.OMSAUTO_BY_ID_BATCH], errors, after)


def _still_failing(work: Work, unread: set[str]) -> Iterator[tuple[str, int]]:
    """The counted errors, without those of records that were read since."""
    limit = settings.OMSAUTO_BY_ID_GIVE_UP_RUNS
    errors = {one: runs for one, runs in work.job.open_errors.items() if one in unread}
    over = [one for one, runs in errors.items() if runs >= limit]
    aside = parking.kept_aside(work.channel, work.type, over)
    return ((one, runs) for one, runs in errors.items() if runs < limit or one in aside)


def _read(work: Work, logic: PullLogic, turn: Turn, external_id: str) -> bool:
    """Read one; answers whether the platform had better be left alone now."""
    try:
        record = work.connector.fetch(work.type, external_id)
    except Misconfigured:
        raise
    except ConnectorError as error:
        turn.failed[external_id] = error
        work.advance(Unit.RECORDS)
        if not isinstance(error, Transient):
            turn.unanswered = 0
            return False
        turn.unanswered += 1
        return bool(error.retry_after) or turn.unanswered >= UNANSWERED_IN_A_ROW
    turn.read += 1
    turn.unanswered = 0
    turn.errors.pop(external_id, None)
    commit(work, apply_entity, logic, external_id, [record])
    work.flush_log()
    return False


def _blame_platform(work: Work, turn: Turn) -> None:
    """Fail the attempt where nothing was read; the next one asks for other records.

    A few that still fail in the last attempt are their own trouble.
    """
    again = [error for error in turn.failed.values() if isinstance(error, Transient)]
    if turn.read or not again:
        return
    if work.run.attempt < MAX_ATTEMPTS or len(again) >= UNANSWERED_IN_A_ROW:
        Job.objects.filter(pk=work.job.pk).update(open_after=turn.after)
        raise again[-1]


def _count_errors(work: Work, turn: Turn) -> None:
    """Not where the platform asked us to wait: that says nothing of the record."""
    limit = settings.OMSAUTO_BY_ID_GIVE_UP_RUNS
    for external_id, error in turn.failed.items():
        if isinstance(error, Transient) and error.retry_after:
            continue
        runs = turn.errors[external_id] = turn.errors.get(external_id, 0) + 1
        if runs < limit:
            text = f"It could not be read: {error} The next run asks again ({runs} of {limit})."
            work.log("warning", f"{external_id}: {text}")
            continue
        reason = (
            f"It could not be read in {runs} runs in a row: {error} It is not asked for any more: "
            "mend the cause, then retry, or discard it."
        )
        set_aside(work, external_id, reason, {})
