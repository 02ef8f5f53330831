"""What the simulation remembers: channels, jobs and runs. Times are seconds since the start."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.enums import JobType
from jobs.budget import Bucket
from jobs.circuit import Breaker, State
from jobs.deadline import Span
from jobs.overlap import Sort, Trigger
from jobs.plan import Plan
from jobs.simulation.platform import Allowance


@dataclass(slots=True, eq=False)
class Channel:
    """`held`: runs that its open circuit keeps; `checks`: jobs whose emergency timer stands."""

    connector: str
    allowance: Allowance | None
    bucket: Bucket | None
    breaker: Breaker = field(default_factory=Breaker)
    held: list[Run] = field(default_factory=list)
    checks: list[Job] = field(default_factory=list)
    frozen: tuple[Span, ...] = ()
    minute: int = -1
    calls: int = 0

    @property
    def is_open(self) -> bool:
        return self.breaker.state != State.CLOSED


@dataclass(slots=True, eq=False)
class Job:
    """`check_at`: when its emergency is looked at next. `lost`: when changes happened whose
    webhook never came and that no run has found. `left`: events that a failed run left behind."""

    channel: Channel
    type: JobType
    plan: Plan
    changes: float
    safety: float
    proven: float
    heard: float
    last_start: float | None = None
    degraded: float | None = None
    quiet_runs: int = 0
    heard_since: bool = False
    evidence: float | None = None
    check_at: float | None = None
    lost: list[float] = field(default_factory=list)
    left: int = 0
    active: Run | None = None
    waiting_full: Run | None = None
    waiting_entity: Run | None = None

    def waiting(self, sort: Sort) -> Run | None:
        return self.waiting_full if sort is Sort.FULL else self.waiting_entity

    def set_waiting(self, sort: Sort, run: Run | None) -> None:
        if sort is Sort.FULL:
            self.waiting_full = run
        else:
            self.waiting_entity = run


@dataclass(slots=True, eq=False)
class Run:
    """`sent`: a message for it is on its way. `hindered`: its platform made it wait. `rest`: calls
    that are left of its work; `amid`: it goes on in the attempt in which it did the others."""

    job: Job
    sort: Sort
    trigger: Trigger
    due: float
    not_before: float
    reason: str = ""
    emergency: bool = False
    entities: int = 0
    newest: float = 0.0
    until: float = 0.0
    attempt: int = 0
    running: bool = False
    over: bool = False
    well: bool = True
    rest: int = 0
    amid: bool = False
    sent: bool = False
    hindered: bool = False
