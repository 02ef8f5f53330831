"""Emergency jobs in virtual time: when they are due, and what they find."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jobs import deadline
from jobs.overlap import Sort, Trigger
from jobs.simulation.state import Job, Run

if TYPE_CHECKING:
    from jobs.simulation.running import Running

SWEEP_MINIMUM = timedelta(hours=1)
"""The product's default."""
QUIET_RUNS = 2
"""So many full runs in a row that rescue nothing end the degraded state."""
EVIDENCE = "a webhook run failed for good"


class Emergencies:
    """`simulation` gives the time and takes the requests."""

    def __init__(self, simulation: Running) -> None:
        self._simulation = simulation

    def arm(self, job: Job) -> None:
        """Look at the job's emergency when the rule says; an earlier look stays."""
        wait = self._due(job).at - self._simulation.setup.start
        at = max(wait.total_seconds(), self._simulation.agenda.now)
        if job.check_at is None or at < job.check_at:
            job.check_at = at
            self._simulation.agenda.put(at, self._check, job)

    def _check(self, job: Job) -> None:
        if job.check_at != self._simulation.agenda.now:
            return
        job.check_at = None
        if job.channel.is_open:
            job.channel.checks.append(job)
            return
        due = self._due(job)
        if due.at > self._simulation.instant(self._simulation.agenda.now):
            self.arm(job)
            return
        run = self._simulation.request(job, Trigger.EMERGENCY, Sort.FULL)
        waiting = job.waiting_full
        if waiting is not None:
            waiting.emergency = True
        if run is not None:
            run.reason = due.reason
            self._simulation.dispatch([run])

    def _due(self, job: Job) -> deadline.Due:
        plan, instant = job.plan, self._simulation.instant
        return deadline.next_due(
            deadline.Timer(
                period=timedelta(minutes=plan.emergency.period or 0),
                webhook_delay=timedelta(minutes=plan.webhook_delay),
                listening=plan.listening,
                degraded_at=None if job.degraded is None else instant(job.degraded),
                proof_at=instant(max(job.proven, job.heard)),
                proven_until=instant(job.proven),
                last_start=None if job.last_start is None else instant(job.last_start),
                evidence_at=None if job.evidence is None else instant(job.evidence),
                evidence=EVIDENCE,
                sweep_minimum=SWEEP_MINIMUM,
                frozen=job.channel.frozen,
            )
        )

    def find_lost(self, run: Run) -> None:
        """What was lost within the window is rescued; that proves loss, and quiet ends it."""
        job, now = run.job, self._simulation.agenda.now
        found = [at for at in job.lost if at < run.until]
        for at in found:
            self._simulation.figures.found_after.add(now - at)
        self._simulation.figures.webhooks["rescued"] += len(found)
        if found:
            job.lost = [at for at in job.lost if at >= run.until]
            job.quiet_runs, job.heard_since = 0, False
            job.degraded = now if job.degraded is None else job.degraded
            return
        job.quiet_runs += 1
        if job.quiet_runs >= QUIET_RUNS and job.heard_since:
            job.degraded = None
