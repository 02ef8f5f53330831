"""The circuit of each simulated channel: runs wait while it is open, probes close it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jobs import circuit
from jobs.deadline import thawed
from jobs.simulation.state import Channel, Run

if TYPE_CHECKING:
    from jobs.simulation.running import Running

RULES = circuit.Rules()


class Circuits:
    """`simulation` gives the time, the platforms' outages, and takes runs back."""

    def __init__(self, simulation: Running) -> None:
        self._simulation = simulation

    def is_away(self, channel: Channel) -> bool:
        now = self._simulation.agenda.now
        return any(
            outage.start <= now < outage.end and outage.connector in ("", channel.connector)
            for outage in self._simulation.setup.outages
        )

    def hold(self, run: Run) -> None:
        """Keep a run until the circuit closes; that uses up no attempt."""
        if run not in run.job.channel.held:
            run.job.channel.held.append(run)
            run.hindered = True
            self._simulation.figures.waits["for a platform that was away"] += 1

    def tell(self, channel: Channel, *, well: bool) -> None:
        """What a run's calls say of the platform."""
        if well:
            if channel.breaker.failures:
                channel.breaker = circuit.succeed(channel.breaker)
            return
        was_open = channel.is_open
        now, share = self._now(), self._simulation.random.random()
        channel.breaker = circuit.fail(channel.breaker, RULES, now, share)
        if channel.is_open and not was_open:
            self._await_probe(channel)

    def _await_probe(self, channel: Channel) -> None:
        at = channel.breaker.next_probe_at
        if at is not None:
            seconds = (at - self._simulation.setup.start).total_seconds()
            self._simulation.agenda.put(seconds, self._probe, channel)

    def _probe(self, channel: Channel) -> None:
        channel.breaker = circuit.take_probe(channel.breaker, self._now())
        self._simulation.figures.outcomes["probes"] += 1
        if self.is_away(channel):
            share = self._simulation.random.random()
            channel.breaker = circuit.reopen(channel.breaker, RULES, self._now(), share)
            self._await_probe(channel)
        else:
            self._close(channel)

    def _close(self, channel: Channel) -> None:
        """Timers of emergencies go on where they stood, and what waited starts."""
        since, now = channel.breaker.since or self._now(), self._now()
        channel.breaker = circuit.close(channel.breaker, now)
        channel.frozen = thawed(channel.frozen, since, now)
        held, channel.held = channel.held, []
        checks, channel.checks = channel.checks, []
        for run in held:
            self._simulation.workers.send([run])
        for job in checks:
            self._simulation.emergencies.arm(job)

    def _now(self) -> datetime:
        return self._simulation.instant(self._simulation.agenda.now)
