"""The engine's state: jobs, runs, events, and the record of what became of every slot.

The database is the truth. Promises are constraints with names; state moves by conditional
updates whose row count is looked at.
"""

from jobs.models.attempts import AttemptOutcome, RunAttempt
from jobs.models.changes import RecordChange
from jobs.models.event_replays import EventReplay
from jobs.models.events import (
    Event,
    EventStatus,
    Heartbeat,
)
from jobs.models.jobs import (
    EmergencyState,
    EmergencyTransition,
    Job,
    StableJob,
)
from jobs.models.runs import (
    ACTIVE,
    LEVELS,
    SORTS,
    TRIGGERS,
    WAITING,
    Rescue,
    Run,
    RunLog,
    RunStatus,
    Unit,
)
from jobs.models.slots import SlotOutcome, SlotStretch
from jobs.models.traffic import ChannelBudget, Circuit

__all__ = [
    "ACTIVE",
    "LEVELS",
    "SORTS",
    "TRIGGERS",
    "WAITING",
    "AttemptOutcome",
    "ChannelBudget",
    "Circuit",
    "EmergencyState",
    "EmergencyTransition",
    "Event",
    "EventReplay",
    "EventStatus",
    "Heartbeat",
    "Job",
    "RecordChange",
    "Rescue",
    "Run",
    "RunAttempt",
    "RunLog",
    "RunStatus",
    "SlotOutcome",
    "SlotStretch",
    "StableJob",
    "Unit",
]
