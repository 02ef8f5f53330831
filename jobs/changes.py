"""What runs did to orders and shipments, kept so that each can be traced."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from channels.enums import JobType
from jobs.models import RecordChange, Run
from oms.work import Applied, Outcome

TRACED = frozenset(
    {
        JobType.RECEIVE_ORDERS,
        JobType.RECEIVE_ORDER_UPDATES,
        JobType.SEND_SHIPMENTS,
        JobType.RECEIVE_SHIPMENTS,
        JobType.SEND_ORDER_UPDATES,
    }
)
"""Stock and products are told of by their own rows, and would be many thousands a day."""


def write(run: Run, applied: Iterable[tuple[str, Applied]], at: datetime) -> None:
    """Keep what was changed of (external id, what was done), in the transaction that did it."""
    if run.type not in TRACED:
        return
    RecordChange.objects.bulk_create(
        RecordChange(
            run=run,
            channel_id=run.channel_id,
            type=run.type,
            external_id=external_id,
            outcome=one.outcome,
            state=one.state,
            at=at,
        )
        for external_id, one in applied
        if one.outcome != Outcome.UNCHANGED
    )
