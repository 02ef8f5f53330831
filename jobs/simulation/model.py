"""An installation in virtual time: who takes part, its slots, and its streams of changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from jobs.overlap import Sort, Trigger
from jobs.simulation.crowd import ChannelSpec, JobSpec
from jobs.simulation.figures import Figures
from jobs.simulation.platform import allowance
from jobs.simulation.running import Running, Setup
from jobs.simulation.state import Channel, Job, Run
from jobs.simulation.streams import Rhythms, arrivals
from jobs.spread import spread_of
from jobs.timetable import Grid, previous_slot, slots_between


@dataclass(frozen=True, slots=True)
class Group:
    """Jobs with the same slots, `lag` seconds after which all of them are due."""

    times: list[float]
    lag: int
    jobs: list[Job]


class Simulation(Running):
    """One run through: `Simulation(setup, crowd).go()` answers with its figures."""

    def __init__(self, setup: Setup, crowd: Iterable[ChannelSpec]) -> None:
        super().__init__(setup)
        self.jobs: list[Job] = []
        self._times: dict[Grid, list[float]] = {}
        self._proven: dict[Grid, float] = {}
        self._admit(crowd)

    def go(self) -> Figures:
        self.agenda.go(self.horizon)
        self.figures.most_at_once = self.workers.most_busy
        self.figures.waits["longest queue"] = self.workers.most_waiting
        self.figures.webhooks["not found yet"] = sum(len(job.lost) for job in self.jobs)
        return self.figures

    # Who takes part

    def _admit(self, crowd: Iterable[ChannelSpec]) -> None:
        groups: dict[tuple[Grid, int], list[Job]] = defaultdict(list)
        rhythms = Rhythms(self.setup.start, int(self.setup.hours) + 1)
        random = Random(f"streams {self.setup.seed}")  # noqa: S311 - nothing to guess
        for spec in crowd:
            allowed = allowance(spec.connector, self.setup.calls_a_minute)
            bucket = allowed.full(self.setup.start) if allowed else None
            channel = Channel(spec.connector, allowed, bucket)
            for job_spec in spec.jobs:
                job = self._admit_job(job_spec, channel)
                if job_spec.grid is not None:
                    lag = self._lag(spec.job_id(job_spec), job_spec.grid)
                    groups[job_spec.grid, lag].append(job)
                if job.plan.listening:
                    self._listen(job, rhythms.of(spec.zone), random.getrandbits(64))
        for (grid, lag), jobs in groups.items():
            self._await_slot((Group(self._slots(grid), lag, jobs), 0))

    def _lag(self, job_id: int, grid: Grid) -> int:
        """Seconds."""
        spread = spread_of(job_id, self.setup.spread_minutes, grid.period_minutes)
        return int(spread.total_seconds())

    def _listen(self, job: Job, rhythm: list[float], seed: int) -> None:
        """Its changes come when they come, whatever else is simulated."""
        own = Random(seed)  # noqa: S311 - nothing to guess
        self._expect((job, own, arrivals(own, job.changes, rhythm, self.setup.end)))

    def _admit_job(self, job_spec: JobSpec, channel: Channel) -> Job:
        """It has been at work before: its last proof lies somewhere in its last period."""
        plan, grid = job_spec.plan, job_spec.grid
        share, heard = self.random.random(), self.random.random()
        period = (plan.emergency.period or 60) * 60
        proven = self._last_slot(grid) if grid else -share * max(4 * period, 3600)
        job = Job(
            channel=channel,
            type=job_spec.type,
            plan=plan,
            changes=job_spec.changes,
            safety=job_spec.safety,
            proven=proven,
            heard=max(-heard * period, proven),
        )
        self.jobs.append(job)
        if plan.emergency.on:
            self.emergencies.arm(job)
        return job

    def _slots(self, grid: Grid) -> list[float]:
        if grid not in self._times:
            start = self.setup.start
            slots = slots_between(grid, start, self.instant(self.setup.end))
            self._times[grid] = [(slot - start).total_seconds() for slot in slots]
        return self._times[grid]

    def _last_slot(self, grid: Grid) -> float:
        if grid not in self._proven:
            slot = previous_slot(grid, self.setup.start - timedelta(seconds=1))
            self._proven[grid] = (slot - self.setup.start).total_seconds()
        return self._proven[grid]

    # What asks for runs: slots and webhooks

    def _await_slot(self, turn: tuple[Group, int]) -> None:
        group, index = turn
        if index < len(group.times):
            self.agenda.put(group.times[index] + group.lag, self._slot, turn)

    def _slot(self, turn: tuple[Group, int]) -> None:
        """All jobs of a grid are due; what opens a run is dispatched in bulk."""
        group, index = turn
        opened = list[Run]()
        for job in group.jobs:
            run = self.request(job, Trigger.SCHEDULE, Sort.FULL)
            self.figures.slots["coalesced" if run is None else "ran"] += 1
            if run is not None:
                opened.append(run)
        self.dispatch(opened)
        self._await_slot((group, index + 1))

    def _expect(self, stream: tuple[Job, Random, Iterator[float]]) -> None:
        at = next(stream[2], None)
        if at is not None:
            self.agenda.put(at, self._change, stream)

    def _change(self, stream: tuple[Job, Random, Iterator[float]]) -> None:
        """Something changed at a platform that should tell of it."""
        job, random, _ = stream
        if random.random() < self.setup.lost:
            job.lost.append(self.agenda.now)
            self.figures.webhooks["lost"] += 1
        else:
            self._hear(job)
        self._expect(stream)

    def _hear(self, job: Job) -> None:
        now = self.agenda.now
        self.figures.webhooks["accepted"] += 1
        self.figures.note(self.figures.events, now)
        run = self.request(job, Trigger.WEBHOOK, Sort.ENTITY)
        if run is not None:
            run.due = run.not_before = now + job.plan.webhook_delay * 60
            self.send_later(run, run.due)
        batch = job.waiting_entity
        if batch is not None:
            batch.entities += 1
            batch.newest = now
