"""What must hold between any two steps, whatever was edited, delivered, run, lost or refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Account
from jobs import circuits, effects, fallback
from jobs.deadline import next_due
from jobs.models import (
    EmergencyState,
    Event,
    EventStatus,
    Job,
    Run,
    RunStatus,
    SlotStretch,
)
from jobs.plan import Plan
from jobs.slots import grid_of
from jobs.timetable import Grid, next_slot, slots_between
from jobs.world import World, load_world

_INSTANT = datetime.resolution


@dataclass
class Books:
    """What the slots of each job must be accounted as, kept beside the engine.

    `looked`: when a job's slots were last taken or its grid last set; `expected`: every slot it
    had until then.
    """

    looked: dict[int, datetime] = field(default_factory=dict)
    expected: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    before: dict[int, tuple[datetime | None, Grid | None]] = field(default_factory=dict)
    listening: dict[int, datetime | None] = field(default_factory=dict)

    def open(self, account: Account) -> None:
        """Note what is stored before a step."""
        zone = account.timezone
        jobs = Job.objects.all()
        self.before = {job.pk: (job.next_slot_at, grid_of(job, zone)) for job in jobs}
        self.listening = {job.pk: job.listening_since for job in jobs}

    def close(self, job_ids: Iterable[int], at: datetime) -> None:
        """A step at `at` took the slots of these jobs, on the grids they had before it."""
        for job_id in job_ids:
            slot, grid = self.before.get(job_id, (None, None))
            if slot and grid:
                self.expected[job_id] += slots_between(grid, slot, at + _INSTANT)
            self.looked[job_id] = at


@dataclass
class Stored:
    """All that the checks look at, in one query each, by job."""

    runs: dict[int, list[Run]]
    events: dict[int, list[Event]]
    stretches: dict[int, list[SlotStretch]]

    @classmethod
    def load(cls) -> Stored:
        events = Event.objects.filter(job__isnull=False, status__in=["waiting", "held"])
        return cls(
            _by_job(Run.objects.all()),
            _by_job(events.select_related("run")),
            _by_job(SlotStretch.objects.order_by("first_slot_at")),
        )


def _by_job(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.job_id].append(row)
    return found


def check(account: Account, books: Books, at: datetime) -> None:
    """Stored equals derived, for every job of the account."""
    world = load_world(Account.objects.get(pk=account.pk))
    stored = Stored.load()
    for job in world.jobs.values():
        plan = world.plan(job)
        assert effects.is_settled(world, job), f"{job!r} is not what {plan} says"
        _check_slot(job, world.grid(plan), books)
        _check_listening(job, plan, books, at)
        open_runs = [run for run in stored.runs[job.pk] if not run.is_over]
        _check_runs(open_runs, plan)
        _check_emergency(job, open_runs)
        _check_events(job, stored.events[job.pk])
    _check_circuits(world)
    for gone in Job.objects.exclude(channel__deleted_at=None):
        assert (gone.row, gone.next_slot_at, gone.emergency_due_at) == ("", None, None)
        assert not [run for run in stored.runs[gone.pk] if run.status == RunStatus.QUEUED]
    for job_id in books.looked:
        _check_slots(books.expected[job_id], stored.runs[job_id], stored.stretches[job_id])


def _check_circuits(world: World) -> None:
    """A timer stands still exactly while its channel's circuit is open; no run waits in vain."""
    ill = circuits.open_ones(world.channels)
    for job in world.jobs.values():
        circuit = ill.get(job.channel_id)
        assert job.frozen_since == (circuit.since if circuit else None)
    for run in Run.objects.filter(status=RunStatus.QUEUED, waits_for__startswith=circuits.OPEN):
        assert run.channel_id in ill, f"{run} waits for a circuit that is closed"


def _check_slot(job: Job, grid: Grid | None, books: Books) -> None:
    looked = books.looked[job.pk]
    if grid is None:
        assert job.next_slot_at is None
        return
    assert job.next_slot_at == next_slot(grid, looked)
    assert job.next_slot_at > looked


def _check_listening(job: Job, plan: Plan, books: Books, at: datetime) -> None:
    """Since when: as before, or since this step."""
    since = (books.listening.get(job.pk) or at) if plan.listening else None
    assert job.listening_since == since


def _check_runs(open_runs: list[Run], plan: Plan) -> None:
    waiting = [run.sort for run in open_runs if not run.is_active]
    assert len(open_runs) - len(waiting) <= 1, "two runs of one job are active"
    assert len(waiting) == len(set(waiting)), "two runs of one sort wait"
    assert all(run.causes and run.trigger in run.causes for run in open_runs)
    if plan.suspended or plan.row is None:
        assert all(run.status == RunStatus.RUNNING for run in open_runs), "it may not run"


def _check_emergency(job: Job, open_runs: list[Run]) -> None:
    """The due time is what the rule says, unless a run is open whose end will set it."""
    asked = [run for run in open_runs if not run.is_active and "emergency" in run.causes]
    if job.emergency_state not in fallback.ON:
        assert (job.emergency_due_at, job.evidence_at, job.degraded_at) == (None, None, None)
        assert not asked, "an emergency run waits though the emergency job is off"
        return
    degraded = job.emergency_state == EmergencyState.DEGRADED
    assert (job.degraded_at is not None) == degraded
    assert job.row == "webhook" or not degraded
    if asked or any(run.is_active for run in open_runs):
        return
    if job.frozen_since is not None:
        assert job.emergency_due_at is None, "it is due though its timer stands still"
        return
    due = next_due(fallback.timer_of(job))
    assert (job.emergency_due_at, job.emergency_due_reason) == (due.at, due.reason[:250])


def _check_events(job: Job, events: list[Event]) -> None:
    """Waiting events have an open run; events are held only while their job does not listen."""
    for event in events:
        if event.status == EventStatus.WAITING:
            assert event.run is not None, f"{event} waits for no run"
            assert not event.run.is_over, f"{event} waits for {event.run}: {event.run.status}"
        else:
            assert job.listening_since is None, f"{event} is held though its job listens"


def _check_slots(expected: list[datetime], runs: list[Run], stretches: list[SlotStretch]) -> None:
    """Each expected slot is a run's, or inside exactly one stretch; nothing else is."""
    assert len(expected) == len(set(expected))
    ran = {run.slot_at for run in runs if run.slot_at}
    assert ran <= set(expected)
    assert all(run.attempt or not run.is_over for run in runs if run.slot_at), "it never ran"
    rest = sorted(set(expected) - ran)
    for row in stretches:
        inside = [slot for slot in rest if row.first_slot_at <= slot <= row.last_slot_at]
        assert row.count == len(inside), f"{row} holds {inside}"
        assert (row.first_slot_at, row.last_slot_at) == (inside[0], inside[-1])
    assert sum(row.count for row in stretches) == len(rest), "a slot is in two stretches or none"
