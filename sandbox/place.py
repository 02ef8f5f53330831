"""What a shop and a warehouse have in common: state, webhooks, faults and the way in."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from sandbox.exchange import Answer, Refused, Request, not_found
from sandbox.instants import to_text
from sandbox.outbox import Outbox
from sandbox.sender import Target
from sandbox.settings import Settings
from sandbox.store import Entity, Page, Store

OWN_HOOK = 1
"""The number of the webhook that the settings describe; registered ones have higher ones."""
GARBAGE = Answer(200, b"<html><title>Back soon</title><p>We are doing", "text/html")
HALF = Answer(200, b'{"data": [], "next": null}', broken_off=True)


class Bucket:
    """Counts calls against a rate; a second's worth may come at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._level = 0.0
        self._seen = 0

    def takes(self, rate: int, at: int) -> bool:
        """Is this call within `rate` calls a second?"""
        with self._lock:
            passed = max(at - self._seen, 0) / 1000
            self._level = max(self._level - passed * rate, 0.0)
            self._seen = at
            if self._level + 1 > rate:
                return False
            self._level += 1
            return True


class Place:
    """One named shop or warehouse. Every change and its delivery are one transaction."""

    kind: ClassVar[str]
    topics: ClassVar[tuple[str, ...]]

    def __init__(self, name: str, settings: Settings, store: Store, outbox: Outbox) -> None:
        self.name = name
        self.settings = settings
        self.store = store
        self.outbox = outbox
        self._bucket = Bucket()

    @property
    def path(self) -> str:
        return f"{self.kind}/{self.name}"

    # Entities of this place

    def add(self, kind: str, data: dict[str, Any], at: int, key: str | None = None) -> Entity:
        return self.store.add(self.path, kind, data, at, key)

    def save(self, kind: str, entity: Entity, at: int) -> None:
        self.store.save(self.path, kind, entity, at)

    def get(self, kind: str, number: int) -> Entity:
        """Refused with 404 where there is none."""
        entity = self.store.get(self.path, kind, number)
        if entity is None:
            raise not_found(f"{kind.removesuffix('s')} {number} in {self.path}")
        return entity

    def by_key(self, kind: str, key: str) -> Entity | None:
        return self.store.by_key(self.path, kind, key)

    def list(self, kind: str, page: Page) -> list[Entity]:
        return self.store.list(self.path, kind, page)

    def stock_of(self, sku: str) -> Entity | None:
        return self.by_key("stock", sku)

    # Webhooks

    def announce(self, topic: str, entity: str, at: int) -> None:
        """Queue a thin delivery for each hook, or note that the fault settings dropped it."""
        body = json.dumps({"type": topic, "timestamp": to_text(at), "data": {"id": entity}})
        for hook in self._hooks(topic):
            reason = self._reason_to_drop()
            self.outbox.put(self.path, hook, topic, entity, body, at, reason)
            self.outbox.wake()

    def _hooks(self, topic: str) -> Sequence[int]:
        """Numbers of the hooks that announce the topic."""
        settings = self.settings
        own = bool(settings.webhook_url) and topic not in settings.webhook_muted
        others = self.store.list(self.path, "webhooks", Page(limit=1_000))
        return [OWN_HOOK] * own + [h.id for h in others if h.data["topic"] == topic]

    def target(self, hook: int) -> Target | None:
        """Where a hook's deliveries go now; None where they go nowhere."""
        if hook == OWN_HOOK or not self.settings.webhook_active:
            return self.settings.target
        entity = self.store.get(self.path, "webhooks", hook)
        return Target(entity.data["url"], entity.data["secret"]) if entity else None

    def _reason_to_drop(self) -> str:
        if not self.settings.webhook_active:
            return "webhooks are off"
        if secrets.randbelow(100) < self.settings.drop_share:
            return f"dropped on purpose ({self.settings.drop_share} %)"
        return ""

    # Settings

    def expire_tokens(self, at: int) -> None:
        """What expires on its own after `token_seconds`, now."""
        with self.store.transaction():
            self.settings.token_until, self.settings.old_token = at, ""
            self.keep()

    def configure(self, changes: Mapping[str, Any], at: int) -> None:
        with self.store.transaction():
            self.settings.change(changes, at)
            self.keep()

    def keep(self) -> None:
        self.store.save_place(self.path, asdict(self.settings))

    def state(self) -> dict[str, Any]:
        """Settings and figures, for the control API and the page."""
        counts = self.outbox.counts(self.path)
        return {"name": self.name, **asdict(self.settings), "deliveries": counts}

    # The way in

    def admit(self, request: Request) -> Answer | None:
        """Let a call of the platform's API in; an answer stands in for the real one.

        Raises `Refused`: over the rate, or made to fail.
        """
        rate = self.settings.calls_per_second
        if rate and not self._bucket.takes(rate, request.at):
            raise Refused(
                429, "too_many_calls", f"At most {rate} calls a second.", {"Retry-After": "1"}
            )
        if self._must_fail(request.at):
            after = self.settings.retry_after
            wait = {"Retry-After": str(after)} if after else {}
            text = "The sandbox was told to fail."
            raise Refused(self.settings.fail_status, "unwell", text, wait)
        if self._use_up("garbage_next"):
            return GARBAGE
        if self._use_up("half_next"):
            return HALF
        return None

    def authorize(self, request: Request) -> None:
        """Raises `Refused` unless the call carries a token that has not expired."""
        given = request.headers.get("authorization", "").encode()
        until = [
            until
            for token, until in self.settings.tokens
            if hmac.compare_digest(f"Bearer {token}".encode(), given)
        ]
        if not until:
            raise Refused(401, "unauthorized", "The token is missing or wrong.")
        if until[0] and until[0] <= request.at:
            raise Refused(401, "token_expired", "The token has expired: renew it.")

    def renew_token(self, refresh_token: str, at: int) -> dict[str, Any]:
        """A new token in the words of OAuth 2 (RFC 6749, 6); the old one lives out its time.

        The refresh token stays, so that an answer that was lost locks nobody out.
        """
        settings = self.settings
        if not hmac.compare_digest(settings.refresh_token.encode(), refresh_token.encode()):
            raise Refused(401, "unauthorized", "The refresh token is missing or wrong.")
        with self.store.transaction():
            settings.renew_token(at)
            self.keep()
        answer: dict[str, Any] = {"access_token": settings.token, "token_type": "Bearer"}
        return {**answer, "expires_in": settings.token_seconds or None}

    def _must_fail(self, at: int) -> bool:
        return at < self.settings.fail_until or self._use_up("fail_next")

    def _use_up(self, name: str) -> bool:
        """Take one from a counter of the settings, if any is left."""
        if not getattr(self.settings, name):
            return False
        with self.store.transaction():
            left = getattr(self.settings, name)
            if left:
                setattr(self.settings, name, left - 1)
                self.keep()
        return bool(left)
