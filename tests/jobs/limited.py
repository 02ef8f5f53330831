"""A shop spoken to over HTTP that limits its callers and falls ill as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import httpx

from channels.models import Channel, create_channel
from jobs import configure, intake
from jobs.models import Event
from tests.claims.on_http import signed
from tests.http_platform import SECRET, HttpPlatform, order, problem
from tests.jobs.stage import Stage

_numbers = count(1)


@dataclass
class LimitedShop(HttpPlatform):
    """`limit` calls in each window of `seconds` by the clock `now`; None: it limits nobody.

    `ill`: the status it answers all calls with; `says`: whether it tells of its limit.
    """

    now: Callable[[], datetime] = datetime.now
    limit: int | None = None
    seconds: int = 60
    says: bool = True
    ill: int | None = None
    used: int = 0
    window: datetime | None = None

    def _checked(self, request: httpx.Request) -> httpx.Response:
        if self.ill is not None:
            return problem(self.ill, "Unwell.")
        if self.limit is None:
            return super()._checked(request)
        at = self.now()
        if self.window is None or at >= self.window + timedelta(seconds=self.seconds):
            self.window, self.used = at, 0
        self.used += 1
        left = round((self.window + timedelta(seconds=self.seconds) - at).total_seconds())
        if self.used > self.limit:
            return problem(429, "Too many.", **{"retry-after": str(left)})
        answer = super()._checked(request)
        if self.says:
            answer.headers["x-ratelimit-limit"] = str(self.limit)
            answer.headers["x-ratelimit-remaining"] = str(self.limit - self.used)
            answer.headers["x-ratelimit-reset"] = str(left)
        return answer

    def place(self, external_id: str, at: datetime) -> None:
        moment = at.isoformat().replace("+00:00", "Z")
        self.lists["orders"].append(order(external_id, updated_at=moment, placed_at=moment))
        self.made[external_id] = moment

    @property
    def calls(self) -> int:
        return len(self.requests)

    @property
    def refusals(self) -> int:
        """Calls beyond the limit in the present window."""
        return max(self.used - (self.limit or self.used), 0)


def connect(stage: Stage, address: str, name: str = "Web shop") -> Channel:
    made = create_channel(
        stage.account,
        "http",
        name,
        stage.now,
        settings={"url": address},
        secrets={"webhook_secret": SECRET},
    )
    configure.reconcile(stage.account, stage.now)
    return made


def deliver(stage: Stage, channel: Channel, *external_ids: str) -> list[Event]:
    """One signed delivery for each of these orders; all are accepted."""
    fresh = Channel.objects.select_related("account").get(pk=channel.pk)
    events = []
    for external_id in external_ids:
        body = json.dumps({"type": "order.created", "data": {"id": external_id}})
        sent = signed("", "", body, f"msg_{next(_numbers)}")
        receipt = intake.receive(fresh, sent.headers, sent.body, stage.now)
        assert (receipt.http, receipt.status) == (202, "waiting")
        assert receipt.event
        events.append(Event.objects.get(pk=receipt.event))
    return events
