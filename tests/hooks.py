"""A platform in memory whose webhooks can be registered from here, for channels of any test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import httpx
import pytest
from django.db import connection

from channels.connectors.base import (
    Connector,
    ConnectorError,
    Misconfigured,
    Permanent,
    Subscription,
)
from channels.connectors.sandbox_shop import SandboxShop
from channels.models import Channel
from tests.jobs.platform import TestShop


@dataclass
class Hooks:
    """What the platform has, by its id; `secrets` that it signs with. It refuses `unknown`.

    `error`, if any, is the answer to every call after `patience` more of them.
    """

    found: dict[str, Subscription] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    error: ConnectorError | None = None
    patience: int = 0
    tells: bool = True

    def put(self, topic: str, url: str, *, active: bool = True) -> Subscription:
        one = Subscription(str(len(self.calls) + len(self.found) + 1), topic, url, active)
        self.found[one.external_id] = one
        return one

    def hear(self, call: str) -> None:
        assert not connection.in_atomic_block or _of_test(), "no transaction during a call"
        self.calls.append(call)
        if self.error and self.patience == 0:
            raise self.error
        self.patience -= bool(self.error)

    def shown(self) -> set[tuple[str, str, bool]]:
        return {(one.topic, one.url, one.active) for one in self.found.values()}


def _of_test() -> bool:
    """Is the only open transaction that of the test?"""
    return all(getattr(one, "_from_testcase", False) for one in connection.atomic_blocks)


class Hooked(Connector):
    """Mixed into a connector that then registers webhooks."""

    registers_webhooks = True
    platform: ClassVar[Hooks]

    def subscriptions(self) -> Any:
        """None where the platform does not tell."""
        self.platform.hear("list")
        return list(self.platform.found.values()) if self.platform.tells else None

    def subscribe(self, topic: str, url: str) -> Subscription:
        self.platform.hear(f"subscribe {topic}")
        secret = self.secrets.get("webhook_secret", "")
        if not secret:
            raise Misconfigured("there is no webhook secret")
        if topic in self.platform.unknown:
            raise Permanent(f"there is no topic {topic}")
        same = [one for one in self.platform.found.values() if (one.topic, one.url) == (topic, url)]
        one = replace(same[0], active=True) if same else self.platform.put(topic, url)
        self.platform.found[one.external_id] = one
        self.platform.secrets[one.external_id] = secret
        return one

    def unsubscribe(self, subscription: Subscription) -> None:
        self.platform.hear(f"unsubscribe {subscription.topic}")
        self.platform.found.pop(subscription.external_id, None)


class HookedTestShop(Hooked, TestShop):
    __test__ = False


class HookedSandboxShop(Hooked, SandboxShop):
    pass


def address(channel: Channel) -> str:
    return f"https://oms.example{channel.webhook_path}"


def quiet_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of who may ask: a sandbox that has no webhooks and takes every one."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": 1, "active": True, "url": "https://x.example/"})
        return httpx.Response(200, json={"data": [], "next": None})

    monkeypatch.setattr(
        "jobs.subscriptions.make_client",
        lambda **_options: httpx.Client(transport=httpx.MockTransport(answer)),
    )
