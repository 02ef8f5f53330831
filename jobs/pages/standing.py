"""How each channel stands: one line of truth, for the overview and the lists of channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from channels.models import Channel
from jobs import circuits
from jobs.models import Circuit, Run
from jobs.pages import channel_facts
from jobs.pages.channel_facts import JobFacts

_CHECKED = ("settings", "secrets_encrypted")
"""What a channel's settings are judged by, beside what is shown of it."""
_WORST_FIRST = ("running", "degraded", "suspended", "armed")


@dataclass(frozen=True)
class Standing:
    """`complete_until`: the oldest proof among the pull jobs that run; None where none runs.

    `emergencies`: (state, how many of its jobs), the gravest first, without those that are off.
    `degraded`: the type of a job whose emergency job is degraded, "" where none is.
    `failure`: the newest failed run of a job that has not succeeded since. `rescues` are those
    of the last 24 hours, `rescues_week` those of 7 days. `circuit`: where it is not closed.
    """

    channel: Channel
    complete_until: datetime | None
    heard_at: datetime | None
    next_at: datetime | None
    next_start: datetime | None
    running_jobs: int
    emergencies: list[tuple[str, int]]
    degraded: str
    parked: int
    rescues: int
    rescues_week: int
    failure: Run | None
    attention: str
    circuit: Circuit | None

    @property
    def grade(self) -> int:
        """How grave its state is, 0 for the gravest."""
        ill = self.attention or self.circuit or self.failure
        grades = (ill, self.degraded, self.parked, self.running_jobs)
        if not self.channel.enabled:
            return len(grades) + 1
        return next((number for number, found in enumerate(grades) if found), len(grades))


def standings(account: Account, at: datetime) -> list[Standing]:
    """All channels of the account, by name; a handful of queries however many there are."""
    present = account.channels.present()
    ids = present.order_by().values("pk")
    jobs = channel_facts.job_facts(ids, account.spread_minutes)
    running = channel_facts.running_emergencies(account)
    parked, rescues = channel_facts.parked(ids), channel_facts.rescues(ids, at)
    channels = list(present.only(*channel_facts.SHOWN_COLUMNS, *_CHECKED))
    failures, ill = _failures(account, at), circuits.open_ones(one.pk for one in channels)
    found = []
    nothing = JobFacts()
    for channel in channels:
        channel.account = account
        facts = jobs.get(channel.pk, nothing)
        of_day, of_week = rescues.get(channel.pk, (0, 0))
        found.append(
            Standing(
                channel=channel,
                complete_until=facts.complete_until,
                heard_at=facts.heard_at,
                next_at=facts.next_at,
                next_start=facts.next_start,
                running_jobs=facts.on,
                emergencies=_emergencies(facts, running.get(channel.pk)),
                degraded=facts.degraded,
                parked=parked.get(channel.pk, 0),
                rescues=of_day,
                rescues_week=of_week,
                failure=failures.get(channel.pk),
                attention=channel.attention(at),
                circuit=ill.get(channel.pk) if channel.runs_jobs else None,
            )
        )
    return sorted(found, key=lambda line: line.channel.name.casefold())


def worst_first(lines: Iterable[Standing]) -> list[Standing]:
    """By grade; among equals the one whose data is proven least far."""
    return sorted(lines, key=lambda line: (line.grade, _proven(line)))


def _proven(line: Standing) -> float:
    return line.complete_until.timestamp() if line.complete_until else float("inf")


def _emergencies(facts: JobFacts, running: Mapping[str, int] | None) -> list[tuple[str, int]]:
    """On screen `running` overlays the stored state."""
    states = facts.emergencies
    if running:
        states = {state: number - running.get(state, 0) for state, number in states.items()}
        states["running"] = sum(running.values())
    return [(state, number) for state in _WORST_FIRST if (number := states.get(state, 0)) > 0]


def _failures(account: Account, at: datetime) -> dict[int, Run]:
    """By channel, with what is told of them."""
    newest = channel_facts.newest_failures(account, at)
    told = newest.only("job_id", "channel_id", "type", "error", "finished_at")
    return {run.channel_id: run for run in told}
