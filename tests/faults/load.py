"""The running load: orders placed in sandbox shops, announced by signed deliveries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from tests.sandbox_server import Shop

ORDERS_AT_ONCE = 4
PER_SECOND_AND_SHOP = 8
BY_UPDATE_ALONE = 8
"""Each of so many orders is announced by its update only, which Receive Orders is to be told."""
TWICE_AT_ONCE = 3
LATE = 4
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was sent and answered; `http` is 0 where no answer came, `event` then None.

    `seconds` is how long the answer took, `retry_after` what a refusal said of another try.
    """

    channel: int
    delivery_id: str
    order: str
    http: int
    event: int | None
    seconds: float
    retry_after: str = ""

    @property
    def accepted(self) -> bool:
        return 200 <= self.http < 300

    @property
    def repeated(self) -> bool:
        """Was it recognised as one that is stored already?"""
        return self.http == 200


@dataclass(frozen=True, slots=True)
class Line:
    """A shop and the channel that hears of its orders, of some `by_update` alone."""

    shop: Shop
    channel: int
    path: str
    secret: str
    by_update: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery as it goes over the wire, however often it does."""

    line: Line
    id: str
    order: str
    body: str
    headers: dict[str, str]


@dataclass
class Roads:
    """`addresses` of the web servers, in turn; the sender's clock is `skew` seconds off."""

    addresses: list[str]
    skew: float = 0.0
    turns: Iterator[int] = field(default_factory=count)

    def next_address(self) -> str:
        now = list(self.addresses)
        return now[next(self.turns) % len(now)]


class Load:
    """Posts as long as the context lasts; nothing is sent twice, whatever it was answered.

    Unless it is `unruly`: then of each few some come last first, some twice in the same moment,
    some seconds late, and at the end everything comes once more.
    """

    def __init__(
        self, lines: Sequence[Line], sku: str, roads: Roads, *, unruly: bool = False
    ) -> None:
        self.sent: list[Delivery] = []
        self.faults: list[BaseException] = []
        self._sku, self._roads, self._unruly = sku, roads, unruly
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
            thread.join(120)
        assert not self.faults, self.faults
        assert not any(thread.is_alive() for thread in self._threads), "the load does not end"

    @property
    def accepted(self) -> list[Delivery]:
        return [delivery for delivery in self.sent if delivery.accepted]

    def _work(self, line: Line) -> None:
        try:
            with httpx.Client(timeout=10, trust_env=False) as client:
                deliver = self._deliver_unruly if self._unruly else self._deliver_in_order
                deliver(line, client)
        except BaseException as fault:
            self.faults.append(fault)

    def _deliver_in_order(self, line: Line, client: httpx.Client) -> None:
        for batch in self._batches(line):
            for message in batch:
                self._post(client, message)
                self._stopping.wait(1 / PER_SECOND_AND_SHOP)

    def _deliver_unruly(self, line: Line, client: httpx.Client) -> None:
        """As a platform does whose queue has several workers and a person who presses Resend."""
        all_: list[Message] = []
        late: list[Message] = []
        with ThreadPoolExecutor(2) as pool:
            for batch in self._batches(line):
                all_ += batch
                for message in reversed(batch):
                    place = all_.index(message)
                    if place % LATE == 0:
                        late.append(message)
                        continue
                    times = 2 if place % TWICE_AT_ONCE == 0 else 1
                    list(pool.map(lambda one: self._post(client, one), times * [message]))
                    self._stopping.wait(1 / PER_SECOND_AND_SHOP)
                while len(late) > 2 * ORDERS_AT_ONCE:
                    self._post(client, late.pop(0))
        for message in [*late, *all_]:
            self._post(client, message)

    def _batches(self, line: Line) -> Iterator[list[Message]]:
        numbers = count(1)
        while not self._stopping.is_set():
            orders = line.shop.place_orders(ORDERS_AT_ONCE, sku=self._sku)
            yield [self._message(line, str(order["id"]), next(numbers)) for order in orders]

    def _message(self, line: Line, order: str, number: int) -> Message:
        updated = line.by_update and number % BY_UPDATE_ALONE == 0
        topic = "order.updated" if updated else "order.created"
        now = datetime.now(UTC) + timedelta(seconds=self._roads.skew)
        id_, body = f"msg_{uuid4().hex}", json.dumps({"type": topic, "data": {"id": order}})
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(line.secret).sign(id_, now, body),
            "content-type": "application/json",
        }
        return Message(line, id_, order, body, headers)

    def _post(self, client: httpx.Client, message: Message) -> None:
        self.sent.append(_answered(client, message, self._roads.next_address()))


def _answered(client: httpx.Client, message: Message, address: str) -> Delivery:
    line, began = message.line, time.monotonic()
    about = (line.channel, message.id, message.order)
    url = f"{address}{line.path}"
    try:
        answer = client.post(url, content=message.body, headers=message.headers)
    except httpx.TransportError:
        time.sleep(0.2)
        return Delivery(*about, NO_ANSWER, None, time.monotonic() - began)
    event = answer.json()["event"] if answer.is_success else None
    again = answer.headers.get("retry-after", "")
    return Delivery(*about, answer.status_code, event, time.monotonic() - began, again)
