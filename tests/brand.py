"""A brand with a shop, a warehouse and what its jobs left behind; pages and API test on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from channels.models import Channel
from jobs import configure
from jobs.models import Event, EventReplay, EventStatus, Job, Run, RunStatus
from jobs.overlap import Sort, Trigger
from oms.models import ParkedRecord
from tests import builders
from tests.builders import NOW

URL = "https://shop.example.com"
SECRETS = {"token": "t", "webhook_secret": "whsec_dGVzdA=="}


@dataclass
class BrandState:
    account: Account
    shop: Channel
    depot: Channel

    def job(self, type: str = "receive_orders", channel: Channel | None = None) -> Job:
        return Job.objects.with_channel().get(channel=channel or self.shop, type=type)

    def run(self, type: str = "receive_orders", **fields: Any) -> Run:
        """A run as the engine would have left it: succeeded an hour ago, unless told otherwise."""
        job = self.job(type, fields.pop("channel", None))
        causes = fields.pop("causes", [Trigger.SCHEDULE.value])
        values: dict[str, Any] = {
            "sort": Sort.FULL,
            "trigger": causes[0],
            "status": RunStatus.SUCCEEDED,
            "not_before": NOW - timedelta(hours=1),
            "wake_at": NOW - timedelta(hours=1),
        }
        run = Run(
            job=job, channel=job.channel, account=self.account, type=type, **{**values, **fields}
        )
        run.causes = causes
        run.save()
        return run

    def event(self, number: int = 1, **fields: Any) -> Event:
        """A delivery for Receive Orders, done, unless told otherwise."""
        values: dict[str, Any] = {
            "channel": self.shop,
            "job": self.job(),
            "topic": "order.created",
            "delivery_id": f"d-{number}",
            "delivery_key": f"d-{number}",
            "received_at": NOW,
            "status": EventStatus.DONE,
            "entities": ["1001"],
            "headers": {"webhook-id": f"d-{number}"},
            "body": b'{"type": "order.created"}',
        }
        return Event.objects.create(**{**values, **fields})

    def replay(self, **fields: Any) -> EventReplay:
        """A replay of one event that is over, unless told otherwise."""
        values: dict[str, Any] = {
            "account": self.account,
            "words": "failed",
            "ids": [1],
            "total": 1,
            "position": 1,
            "done": 1,
            "started_at": NOW,
            "touched_at": NOW,
            "finished_at": NOW,
        }
        return EventReplay.objects.create(**{**values, **fields})

    def parked(self, number: int = 1, **fields: Any) -> ParkedRecord:
        values: dict[str, Any] = {
            "account": self.account,
            "channel": self.shop,
            "type": "receive_orders",
            "external_id": str(number),
            "reason": "SKU X of line 1 is not in the catalogue.",
            "payload": {"external_id": str(number)},
            "parked_at": NOW,
        }
        return ParkedRecord.objects.create(**{**values, **fields})


def connect(of: Account, kind: str = "sales", at: datetime = NOW, **fields: Any) -> Channel:
    """A channel with its jobs, as pages and API leave it."""
    build = builders.sales_channel if kind == "sales" else builders.warehouse
    made = build(of, **{"settings": {"url": URL}, "secrets": SECRETS, **fields})
    configure.reconcile(of, at)
    made.refresh_from_db()
    return made
