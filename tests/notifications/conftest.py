"""A brand, a receiver of messages on loopback, and a rule that leads from one to the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings

from jobs.models import Heartbeat, RunStatus
from notifications.models import Delivery, Destination, Incident, Rule
from notifications.tell import tell
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW
from tests.webhook_receiver import WebhookReceiver


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def address_of(receiver: WebhookReceiver, secret: str = "hush-hush") -> str:
    return f"{receiver.url.replace('http', 'json', 1)}{secret}"


@dataclass
class Watched(BrandState):
    """A brand whose program lives, and the time in which its story goes on."""

    receiver: WebhookReceiver
    now: datetime = field(default=NOW)

    def destination(self, name: str = "Team chat", address: str = "") -> Destination:
        made = Destination(account=self.account, name=name, service="JSON")
        made.address = address or address_of(self.receiver)
        made.save()
        return made

    def rule(self, *destinations: Destination, name: str = "All", **fields: Any) -> Rule:
        made = Rule.objects.create(account=self.account, name=name, **fields)
        made.destinations.set(destinations or [self.destination()])
        return made

    def fail(self, ago: timedelta = timedelta(0), **fields: Any) -> None:
        """One more run of Receive Orders fails for good."""
        values = {"status": RunStatus.FAILED, "error": "The shop answered 500.", **fields}
        self.run(finished_at=self.now - ago, **values)

    def mend(self) -> None:
        self.job().__class__.objects.filter(pk=self.job().pk).update(last_success_at=self.now)

    def alive(self) -> None:
        for name in ("clock", "web", "worker"):
            Heartbeat.objects.update_or_create(name=name, defaults={"at": self.now})

    def later(self, minutes: int = 1) -> int:
        """Time goes by and the next pass comes; answers what it sent."""
        self.now += timedelta(minutes=minutes)
        self.alive()
        return tell(self.now)

    def told(self) -> list[str]:
        """The titles that arrived, in order."""
        return [json.loads(one.body)["title"] for one in self.receiver.received]

    def bodies(self) -> list[str]:
        return [json.loads(one.body)["message"] for one in self.receiver.received]

    def incidents(self) -> list[Incident]:
        return list(Incident.objects.order_by("pk"))

    def deliveries(self) -> list[Delivery]:
        return list(Delivery.objects.order_by("pk"))


@pytest.fixture
def brand(db: None, receiver: WebhookReceiver, settings: Settings) -> Watched:
    """Monday 2 March 2026, 13:00 in Berlin; nothing is broken."""
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    account = builders.account("Tea & Co", timezone="Europe/Berlin")
    made = Watched(account, connect(account), connect(account, "fulfillment"), receiver)
    made.alive()
    return made
