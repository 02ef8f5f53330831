"""Runs in virtual time: asked for, sent, claimed, tried again, ended, by the product's rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from channels.enums import JobType, Row
from jobs import budget
from jobs.overlap import ActiveRun, Decision, Sort, Trigger, decide
from jobs.simulation.circuits import Circuits
from jobs.simulation.emergencies import Emergencies
from jobs.simulation.figures import Figures
from jobs.simulation.platform import Costs, Outage
from jobs.simulation.state import Channel, Job, Run
from jobs.simulation.streams import DAY
from jobs.simulation.workers import RUNS_PER_MESSAGE, Agenda, Workers

ACTIVE = {(sort, running): ActiveRun(sort, running) for sort in Sort for running in (False, True)}
MAX_ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0
EVENT_UNDER_WAY = 60.0
RESERVE = 0.2
"""The product's defaults."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is simulated. `workers` None: as many as there is work for. `lost`: the share of
    webhooks that never come. `calls_a_minute`: a limit for every channel in place of its own."""

    hours: float = 24.0
    seed: int = 1
    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    workers: int | None = None
    spread_minutes: int = 0
    lost: float = 0.001
    calls_a_minute: float | None = None
    outages: tuple[Outage, ...] = ()
    costs: Costs = field(default_factory=Costs)

    @property
    def end(self) -> float:
        return self.hours * 3600


class Running:
    """What becomes of requests for runs; the sources of requests come with `model`."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.costs = setup, setup.costs
        self.agenda = Agenda()
        self.workers = Workers(self.agenda, setup.workers, self._begin, self._end)
        # Spread slots of the last minutes still start.
        self.horizon = setup.end + setup.spread_minutes * 60 + 1
        self.figures = Figures(int(self.horizon // 60) + 1)
        self.random = Random(f"model {setup.seed}")  # noqa: S311 - nothing to guess
        self.circuits, self.emergencies = Circuits(self), Emergencies(self)
        self._clock_free = 0.0

    def instant(self, at: float) -> datetime:
        return self.setup.start + timedelta(seconds=at)

    # Asked for and sent

    def request(self, job: Job, trigger: Trigger, sort: Sort) -> Run | None:
        """A new run, None where the request joined another or was let go."""
        active, now = job.active, self.agenda.now
        state = ACTIVE[active.sort, active.running] if active else None
        decision = decide(trigger, sort, state, job.waiting(sort) is not None)
        if decision != Decision.OPEN:
            return None
        run = Run(job, sort, trigger, due=now, not_before=now)
        job.set_waiting(sort, run)
        return run

    def dispatch(self, runs: list[Run]) -> None:
        """The clock writes and sends so many runs a second, a message for every ten."""
        for start in range(0, len(runs), RUNS_PER_MESSAGE):
            message = runs[start : start + RUNS_PER_MESSAGE]
            begin = max(self._clock_free, self.agenda.now)
            self._clock_free = begin + len(message) / self.costs.dispatch_rate
            for run in message:
                run.sent = True
            self.agenda.put(self._clock_free, self.workers.send, message)

    def send_later(self, run: Run, at: float) -> None:
        run.sent = True
        self.agenda.put(at, self.workers.send, [run])

    # What workers do

    def _begin(self, run: Run) -> float | None:
        """Claim a run: the seconds it takes, None where it may not start."""
        job, now = run.job, self.agenda.now
        if run.running or run.over or run.not_before > now or job.active not in (None, run):
            return None
        needed = run.rest or self._calls(run)
        calls = _part(job.channel, needed)
        if job.type != JobType.REFRESH_AUTHORIZATION and self._is_put_back(run, calls):
            return None
        self._claim(run)
        run.well = not self.circuits.is_away(job.channel)
        calls = calls if run.well else 1
        run.rest = needed - calls if run.well else needed
        each = self.costs.call if run.well else self.costs.time_out
        seconds = self.costs.run + calls * each
        self._count_calls(job.channel, calls)
        slot = run.trigger is Trigger.SCHEDULE
        self.figures.note_work(run.due, seconds, slot=slot)
        return seconds

    def _claim(self, run: Run) -> None:
        job, now = run.job, self.agenda.now
        if run.attempt == 0:
            job.set_waiting(run.sort, None)
            self.figures.note_start(run.trigger.value, now, run.due, hindered=run.hindered)
        job.active, run.running = run, True
        run.attempt += 0 if run.amid else 1
        if run.sort is Sort.FULL:
            margin = job.plan.webhook_delay * 60 + EVENT_UNDER_WAY if job.plan.listening else 0.0
            run.until = max(now - max(job.safety, margin), job.proven)
        if run.emergency or run.trigger is Trigger.EMERGENCY:
            job.last_start, job.evidence = now, None

    def _calls(self, run: Run) -> int:
        """A list by pages, or one call for each record asked for."""
        job = run.job
        if run.sort is Sort.ENTITY:
            return max(run.entities, 1)
        if job.plan.row == Row.BY_ID:
            return 1 + self.costs.open_records
        records = job.changes * (self.agenda.now - job.proven) / DAY
        return 1 + int(records) // self.costs.page + job.left

    def _is_put_back(self, run: Run, calls: int) -> bool:
        channel = run.job.channel
        if channel.is_open:
            self.circuits.hold(run)
            return True
        if channel.bucket is None or channel.allowance is None:
            return False
        asked = replace(channel.bucket, cost=calls * channel.allowance.cost)
        lane = budget.lane_of([run.trigger], run.reason)
        now = self.instant(self.agenda.now)
        answer = budget.take(asked, lane, now, RESERVE)
        if answer.wait_until is None:
            channel.bucket = answer.bucket
            return False
        self.figures.waits["for a platform's limit"] += 1
        run.hindered = True
        run.not_before = self.agenda.now + (answer.wait_until - now).total_seconds()
        self.send_later(run, run.not_before)
        return True

    def _count_calls(self, channel: Channel, calls: int) -> None:
        self.figures.note(self.figures.calls, self.agenda.now, calls)
        minute = int(self.agenda.now // 60)
        channel.calls = channel.calls + calls if minute == channel.minute else calls
        channel.minute = minute
        self.figures.busiest_channel = max(self.figures.busiest_channel, channel.calls)
        if channel.allowance:
            share = channel.calls / channel.allowance.calls_a_minute
            self.figures.busiest_share = max(self.figures.busiest_share, share)

    def _end(self, run: Run) -> None:
        job, run.running = run.job, False
        self.circuits.tell(job.channel, well=run.well)
        run.amid = run.well and run.rest > 0
        if run.amid:
            run.due = self.agenda.now
            self.send_later(run, run.due)
            return
        if run.well:
            self._succeed(run)
        elif run.attempt < MAX_ATTEMPTS:
            self._try_again(run)
            return
        else:
            self._fail(run)
        job.active, run.over = None, True
        if job.plan.emergency.on and (job.check_at is None or not run.well or job.degraded):
            self.emergencies.arm(job)
        self._wake(job)

    def _wake(self, job: Job) -> None:
        """The end of a run starts what waits and is due, the full run first."""
        for run in (job.waiting_full, job.waiting_entity):
            if run is not None and run.not_before <= self.agenda.now and not run.sent:
                run.due = self.agenda.now
                self.workers.send([run])
                return

    def _try_again(self, run: Run) -> None:
        longest = min(FIRST_WAIT * 2 ** (run.attempt - 1), LONGEST_WAIT)
        run.hindered, run.due = True, self.agenda.now + self.random.random() * longest
        run.not_before = run.due
        self.figures.outcomes["tried again"] += 1
        self.send_later(run, run.due)

    def _fail(self, run: Run) -> None:
        self.figures.outcomes["failed"] += 1
        if run.sort is Sort.ENTITY:
            run.job.left += run.entities
            run.job.evidence = self.agenda.now

    def _succeed(self, run: Run) -> None:
        job = run.job
        self.figures.outcomes["succeeded"] += 1
        if run.sort is Sort.ENTITY:
            job.heard, job.heard_since = max(job.heard, run.newest), True
            return
        job.left, job.proven = 0, max(job.proven, run.until)
        if job.plan.listening:
            self.emergencies.find_lost(run)


def _part(channel: Channel, calls: int) -> int:
    """So many calls a run makes before it asks its platform's limit again."""
    if channel.allowance is None:
        return calls
    return min(calls, max(int(channel.allowance.capacity / channel.allowance.cost / 2), 1))
