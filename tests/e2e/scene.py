"""What the browser tests begin with, and the clock and the worker that they move by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import time_machine

from accounts.models import Account, HistoryEntry, User
from channels.models import Channel, create_channel
from jobs import clock, configure
from jobs.change import Change
from jobs.execute import execute
from jobs.models import Job, Run
from tests import builders
from tests.sandbox_server import SECRET

ZONE = "Europe/Berlin"
NOW = builders.NOW
"""12:00 UTC, which is 13:00 on every page."""
CONNECTED = NOW - timedelta(minutes=10)
NOWHERE = {"url": "http://127.0.0.1:9/shops/none"}
"""For what is only configured: nothing listens there."""
SECRETS = {"token": "sandbox-token", "webhook_secret": SECRET}


class Scene:
    """An account in Berlin at a frozen moment."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.account: Account = builders.account("Brand", timezone=ZONE)
        self.now = NOW

    def member(self, role: str) -> User:
        return builders.user(f"{role}@example.com", of=self.account, role=role)

    def channel(self, name: str, connector: str = "sandbox_shop", **fields: Any) -> Channel:
        """Connected ten minutes ago; nothing runs yet."""
        values = {"settings": NOWHERE, "secrets": SECRETS, **fields}
        made = create_channel(self.account, connector, name, CONNECTED, **values)
        configure.reconcile(self.account, self.now)
        return made

    def save(self, channel: Channel, mode: str = "", **jobs: dict[str, int | None]) -> None:
        """Settings that were saved before the story begins."""
        configure.apply(
            self.account,
            Change(
                channels={channel.pk: {"mode": mode}} if mode else {},
                jobs={(channel.pk, job_type): values for job_type, values in jobs.items()},
            ),
            self.now,
        )

    def move_to(self, moment: datetime) -> None:
        self.now = moment
        self._traveller.move_to(moment, tick=False)

    def work(self) -> None:
        """A tick of the clock, then a worker does everything that may start."""
        clock.tick(self.now)
        due = Run.objects.filter(status="queued", not_before__lte=self.now).order_by("pk")
        while sum(execute(run.pk, lambda: self.now) for run in due.all()):
            pass

    def job(self, channel: Channel, job_type: str = "receive_orders") -> Job:
        return Job.objects.get(channel=channel, type=job_type)

    def history(self) -> list[HistoryEntry]:
        return list(HistoryEntry.objects.filter(account=self.account).order_by("pk"))
