"""The running load: orders placed in sandbox shops, each announced by one signed delivery."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from tests.sandbox_server import Shop

ORDERS_AT_ONCE = 4
PER_SECOND_AND_SHOP = 8
BY_UPDATE_ALONE = 8
"""Each of so many orders is announced by its update only, which Receive Orders is to be told."""
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was sent and answered; `http` is 0 where no answer came, `event` then None.

    `seconds` is how long the answer took.
    """

    channel: int
    delivery_id: str
    order: str
    http: int
    event: int | None
    seconds: float

    @property
    def accepted(self) -> bool:
        return 200 <= self.http < 300


@dataclass(frozen=True, slots=True)
class Line:
    """A shop and the channel that hears of its orders, of some `by_update` alone."""

    shop: Shop
    channel: int
    url: str
    secret: str
    by_update: bool


class Load:
    """Posts as long as the context lasts; nothing is sent twice, whatever it was answered."""

    def __init__(self, lines: Sequence[Line], sku: str) -> None:
        self.sent: list[Delivery] = []
        self.faults: list[BaseException] = []
        self._sku = sku
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(line,), daemon=True) for line in lines
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
        assert not self.faults, self.faults

    @property
    def accepted(self) -> list[Delivery]:
        return [delivery for delivery in self.sent if delivery.accepted]

    def _work(self, line: Line) -> None:
        try:
            with httpx.Client(timeout=10, trust_env=False) as client:
                self._post_until_stopped(line, client)
        except BaseException as fault:
            self.faults.append(fault)

    def _post_until_stopped(self, line: Line, client: httpx.Client) -> None:
        numbers = count(1)
        while not self._stopping.is_set():
            for order in line.shop.place_orders(ORDERS_AT_ONCE, sku=self._sku):
                updated = line.by_update and next(numbers) % BY_UPDATE_ALONE == 0
                topic = "order.updated" if updated else "order.created"
                self.sent.append(_deliver(client, line, str(order["id"]), topic))
                self._stopping.wait(1 / PER_SECOND_AND_SHOP)


def _deliver(client: httpx.Client, line: Line, order: str, topic: str) -> Delivery:
    delivery_id, now = f"msg_{uuid4().hex}", datetime.now(UTC)
    body = json.dumps({"type": topic, "data": {"id": order}})
    headers = {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(line.secret).sign(delivery_id, now, body),
        "content-type": "application/json",
    }
    began = time.monotonic()
    try:
        answer = client.post(line.url, content=body, headers=headers)
    except httpx.TransportError:
        time.sleep(0.2)
        return Delivery(line.channel, delivery_id, order, NO_ANSWER, None, time.monotonic() - began)
    event = answer.json()["event"] if answer.is_success else None
    took = time.monotonic() - began
    return Delivery(line.channel, delivery_id, order, answer.status_code, event, took)
