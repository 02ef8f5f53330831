"""One attempt of a run while it is under way: what it works with and what it has done so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec

from django.db import DataError, OperationalError, transaction

from channels.connectors.base import Connector, Gone, Permanent, Record
from channels.enums import JobType
from channels.models import Channel
from jobs import changes, rescues
from jobs.lease import Clock, hold, write
from jobs.masking import without_secrets
from jobs.models import Job, Run, RunLog, Unit
from jobs.overlap import Sort
from jobs.traffic import Traffic
from oms import parking
from oms.work import Applied, Context, FollowUp, Outcome, Park, PullLogic, payload_of

COUNTS = ("read", "created", "updated", "unchanged", "parked", "rescued", "progress_done")
"""What a run counts; written page by page."""
PROGRESS = ("progress_done", "progress_total", "progress_unit")
"""How far the attempt is; travels with the writes of counts and lease, at no cost of its own."""
PARTS = ("outcomes", "pending", "follow_ups", "seen", "parked_before", "handled", "came_further")
"""Of `Work`: what it has learned from the records so far."""
TOO_FEW_TO_JUDGE = 20
UNANSWERED_IN_A_ROW = 5
"""So many entities that all fail are the platform's trouble, not theirs: the rest can wait."""
CONFLICTS = {"40P01": "a deadlock", "40001": "a serialization failure"}
"""What PostgreSQL ends a transaction for so that another can go on, by its SQLSTATE."""
MOST_REPEATS = 3

MOST_FRUITLESS = 10
"""A run that gave way so often and came no further asks on, whatever is left of the budget."""

P = ParamSpec("P")


class MostlyBad(Permanent):
    """More than half of the records would be parked: the cause is not in the records."""


@dataclass
class Work:
    """`pending` are records to park, by id: (reason, payload); parked only if most are good.

    `seen` are the ids of all records that were judged, in whatever part or batch. `handled`: what
    was asked for by id and is done, with its outcome; the run need not ask for it again.
    `came_further`: something is done that stays done where the run gives way. `has_asked`: the
    platform was asked for something. `proves_until`: where the cursor moves with the run's outcome.
    """

    run: Run
    job: Job
    channel: Channel
    connector: Connector
    clock: Clock
    traffic: Traffic | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    pending: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    follow_ups: list[FollowUp] = field(default_factory=list)
    lines: list[RunLog] = field(default_factory=list)
    finished_runs: list[int] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    parked_before: set[str] = field(default_factory=set)
    handled: dict[str, str] = field(default_factory=dict)
    came_further: bool = False
    has_asked: bool = False
    proves_until: datetime | None = None

    @property
    def type(self) -> JobType:
        return JobType(self.job.type)

    @property
    def full(self) -> bool:
        return self.run.sort == Sort.FULL

    def hide(self, text: str) -> str:
        """The text without the channel's secrets."""
        return without_secrets(text, self.connector.secrets)

    def log(self, level: str, message: str) -> None:
        said = self.hide(message)
        self.lines.append(RunLog(run=self.run, at=self.clock(), level=level, message=said))

    def context(self) -> Context:
        return Context(self.channel, self.clock(), self.log)

    def flush_log(self) -> None:
        if not self.lines:
            return
        RunLog.objects.bulk_create(self.lines)
        self.lines = []

    def count(self, **more: int) -> None:
        for name, number in more.items():
            setattr(self.run, name, getattr(self.run, name) + number)

    def expect(self, unit: Unit, total: int | None = None) -> None:
        """What the attempt's progress counts from now on, and how far it goes where one knows."""
        self.run.progress_unit, self.run.progress_total = unit, total

    def advance(self, unit: Unit, steps: int = 1) -> None:
        """Some of it is done; what is counted in another unit than the expected is no progress."""
        if unit == self.run.progress_unit:
            self.run.progress_done += steps

    def save_counts(self, at: datetime) -> None:
        """Write the counts and make sure the run is still ours; raises `LeaseLost`."""
        write(self.run, **self._values(*COUNTS, *PROGRESS))

    def ask(self) -> None:
        """Before the next item: raises `GivesWay` where the budget has no call for this run."""
        self.has_asked = True
        if self.traffic is not None and self.run.fruitless < MOST_FRUITLESS:
            self.traffic.ask()

    def next_page(self, pages: Iterator[Sequence[Record]]) -> Sequence[Record] | None:
        """The page after, None after the last; raises `GivesWay` as `ask` if it takes a call."""
        self.has_asked = True
        if self.traffic is None or self.run.fruitless >= MOST_FRUITLESS:
            return next(pages, None)
        with self.traffic.asking():
            return next(pages, None)

    def done(self, external_id: str) -> None:
        """What was asked for by this id is done."""
        self.handled[external_id] = str(self.outcomes.get(external_id, ""))
        self.came_further = True

    def check_lease(self, *also: str) -> None:
        """Renew it and write how far the attempt is, and `also` these fields of the run."""
        hold(self.run, self.clock(), **self._values(*PROGRESS, *also))

    def counts(self) -> dict[str, object]:
        return self._values(*COUNTS)

    def _values(self, *names: str) -> dict[str, object]:
        return {name: getattr(self.run, name) for name in names}

    def snapshot(self) -> dict[str, Any]:
        """What the work on a page changes here, as it is now."""
        counts = {name: getattr(self.run, name) for name in COUNTS}
        parts = {name: copy(getattr(self, name)) for name in PARTS}
        return {"counts": counts, "parts": parts, "proven_until": self.job.proven_until}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Forget what was done since; a snapshot serves once. What was logged stays."""
        for name, number in snapshot["counts"].items():
            setattr(self.run, name, number)
        for name, part in snapshot["parts"].items():
            setattr(self, name, part)
        self.job.proven_until = snapshot["proven_until"]


def commit(
    work: Work, act: Callable[Concatenate[Work, P], object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Do a page's work in a transaction of its own; what is rolled back is not counted.

    Where PostgreSQL ended it because of a conflict with another transaction, it is repeated at
    once, up to 3 times: to apply a record twice changes nothing.
    """
    for repeats_left in reversed(range(MOST_REPEATS + 1)):
        before, logged = work.snapshot(), len(work.lines)
        try:
            with transaction.atomic():
                act(work, *args, **kwargs)
            return
        except Exception as error:
            work.restore(before)
            conflict = conflict_of(error)
            if not conflict or not repeats_left:
                raise
            del work.lines[logged:]
            work.log("info", f"The database ended this page for {conflict}: it is done again.")


def conflict_of(error: Exception) -> str:
    """The conflict between transactions that the error stands for, in words, or ""."""
    if not isinstance(error, OperationalError):
        return ""
    return CONFLICTS.get(getattr(error.__cause__, "sqlstate", None) or "", "")


def apply_page(work: Work, logic: PullLogic, records: Sequence[Record]) -> None:
    """Take one page over; called in the page's transaction, ends with the counts written."""
    take_over(work, logic, records)
    work.save_counts(work.clock())


def take_over(work: Work, logic: PullLogic, records: Sequence[Record]) -> None:
    """As `apply_page`, the counts left to the caller."""
    found: list[rescues.Candidate] = []
    done: list[tuple[str, Applied]] = []
    for record in records:
        changed_at = record.changed_at
        if changed_at is not None and changed_at < work.channel.sync_from:
            continue
        applied = apply_one(work, logic, record)
        done += [(record.external_id, applied)] if applied else []
        if applied and applied.outcome != Outcome.UNCHANGED and changed_at is not None:
            label = getattr(record, "number", "")
            placed_at = getattr(record, "placed_at", None)
            found.append(
                rescues.Candidate(record.external_id, label, changed_at, applied.outcome, placed_at)
            )
    work.advance(Unit.RECORDS, len(records))
    if work.full:
        work.count(rescued=rescues.write(work.run, work.job, found, work.clock()))
    changes.write(work.run, done, work.clock())
    handled = [record.external_id for record in records if record.external_id in work.outcomes]
    parking.resolve(work.channel, work.type, handled, work.clock())


def apply_entity(
    work: Work, logic: PullLogic, external_id: str, records: Sequence[Record | Gone]
) -> None:
    """Take over what was asked for by one id, mostly one record; as `apply_page`."""
    applied = [(one.external_id, apply_one(work, logic, one)) for one in records]
    changes.write(work.run, [(key, done) for key, done in applied if done], work.clock())
    work.advance(Unit.RECORDS)
    handled = [one.external_id for one in records if one.external_id in work.outcomes]
    if len(handled) == len(records):
        handled.append(external_id)
        work.done(external_id)
    parking.resolve(work.channel, work.type, handled, work.clock())
    work.save_counts(work.clock())


def apply_one(work: Work, logic: PullLogic, record: Record | Gone) -> Applied | None:
    """Apply one record in a savepoint; None where it is to be parked."""
    work.seen.add(record.external_id)
    work.count(read=1)
    try:
        with transaction.atomic():
            if isinstance(record, Gone):
                applied = logic.gone(work.context(), record.external_id)
            else:
                applied = logic.apply(work.context(), record)
    except Park as park:
        _refused(work, record, str(park))
        return None
    except DataError as error:
        _refused(work, record, f"A value does not fit: {error}".strip())
        return None
    note(work, record.external_id, applied)
    return applied


def _refused(work: Work, record: Record | Gone, reason: str) -> None:
    payload = {} if isinstance(record, Gone) else payload_of(record)
    set_aside(work, record.external_id, reason, payload)


def note(work: Work, external_id: str, applied: Applied) -> None:
    """Count what was done to one record or item and keep what should follow."""
    work.outcomes[external_id] = applied.outcome
    work.pending.pop(external_id, None)
    work.count(**{applied.outcome.value: 1})
    work.follow_ups += applied.follow_ups


def set_aside(work: Work, external_id: str, reason: str, payload: Mapping[str, Any]) -> None:
    work.pending[external_id] = (work.hide(reason), payload)
    work.outcomes.pop(external_id, None)
    work.log("warning", f"{external_id}: {reason}")


def park_pending(work: Work) -> None:
    """Park what was set aside, unless most of the run is bad; in the caller's transaction."""
    bad = len(work.parked_before | work.pending.keys())
    seen = len(work.seen)
    if seen >= TOO_FEW_TO_JUDGE and bad * 2 > seen:
        raise MostlyBad(
            f"{bad} of {seen} records could not be taken over, most often because: "
            f"{_commonest(reason for reason, _ in work.pending.values())} "
            "Nothing was parked and the window was not moved; mend the cause, then retry."
        )
    for external_id, (reason, payload) in work.pending.items():
        parking.park(
            work.channel, work.type, external_id, reason, payload, work.run.pk, work.clock()
        )
    work.count(parked=len(work.pending))
    work.parked_before |= work.pending.keys()
    work.pending = {}
    work.save_counts(work.clock())


def _commonest(reasons: Iterable[str]) -> str:
    counted: dict[str, int] = {}
    for reason in reasons:
        counted[reason] = counted.get(reason, 0) + 1
    return max(counted, key=lambda reason: counted[reason], default="an unknown reason.")
