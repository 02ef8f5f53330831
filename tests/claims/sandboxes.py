"""What the claims of the sandbox's two connectors have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from channels.connectors import http
from channels.connectors.base import Connector, ProductPush
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.sandbox_server import Place, SandboxServer
from tests.webhook_receiver import WebhookReceiver

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEA = ProductPush("NEW-TEA", "New tea", "4006381333931", Decimal("8.9"), "EUR")


@contextmanager
def running() -> Iterator[tuple[SandboxServer, httpx.Client]]:
    with SandboxServer() as server, http.make_client(allow_private=True) as client:
        yield server, client


@dataclass
class SandboxPlatform:
    """`numbers`: external ids by pull job; the subclass knows its place and its other pushes."""

    made: type[Connector]
    place: Place
    client: httpx.Client
    numbers: dict[JobType, list[str]]

    def connector(self) -> Connector:
        secrets = {**self.place.secrets, "refresh_token": self.place.state()["refresh_token"]}
        return self.made(self.place.settings, secrets, self.client)

    def ids(self, job_type: JobType) -> Collection[str]:
        return self.numbers[job_type]

    def delivery(self, topic: str) -> Sent:
        """What the sandbox really sends when this happens now."""
        with WebhookReceiver() as receiver:
            self.place.send_webhooks_to(receiver.url, self.place.secrets["webhook_secret"])
            self.happen(topic)
            self.place.wait_for_deliveries()
        found = next(d for d in self.place.deliveries() if d["topic"] == topic)
        one = next(
            each for each in receiver.received if each.headers["webhook-id"] == found["webhook_id"]
        )
        return Sent(dict(one.headers), one.body, found["entity"])

    def happen(self, topic: str) -> None:
        if topic == "product.created":
            self.place.add_product("MINT")
        else:
            self.place.change_product(self.place.products()[0]["id"], name="Changed")

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.EXPORT_PRODUCTS:
            connector.export_product(TEA)
        else:
            connector.refresh_authorization(NOW)

    def shows(self, job_type: JobType) -> Any:
        if job_type == JobType.EXPORT_PRODUCTS:
            return self.place.products()
        return self.place.state()["token"]
