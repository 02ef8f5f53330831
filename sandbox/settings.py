"""What can be set on one shop or warehouse: its keys, its webhook target and its faults."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from sandbox import checks
from sandbox.exchange import invalid
from sandbox.sender import SECRET_PREFIX, Target, secret_bytes

AUTO_ROUNDS = 100
TOO_MANY = 429
LONGEST_TOKEN = 365 * 86_400
"""Seconds."""


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


@dataclass(slots=True)
class Settings:
    """`drop_share`: percent of webhooks never sent. `fail_next`, `fail_until`: answer with
    `fail_status` for so many calls, until that instant, with a Retry-After of `retry_after` seconds
    where that is not 0. `garbage_next`: answer nonsense with 200. `half_next`: break off in the
    middle of the answer.
    `calls_per_second`: 0 is no limit. `token_seconds`: how long a token lives, 0 is for ever;
    `refresh_token` renews it. `webhook_muted`: topics taken out of the webhook. `stock_refused`:
    a SKU whose stock cannot be set. `auto_seconds`: 0 is off; a shop places an order each time, a
    warehouse ships what is that old; `auto_left` rounds remain.
    """

    token: str = field(default_factory=_new_token)
    token_seconds: int = 0
    token_until: int = 0
    old_token: str = ""
    old_token_until: int = 0
    refresh_token: str = field(default_factory=_new_token)
    webhook_url: str = ""
    webhook_secret: str = field(default_factory=_new_secret)
    webhook_active: bool = True
    webhook_muted: list[str] = field(default_factory=list)
    drop_share: int = 0
    fail_next: int = 0
    fail_until: int = 0
    fail_status: int = 503
    retry_after: int = 0
    garbage_next: int = 0
    half_next: int = 0
    slow_ms: int = 0
    calls_per_second: int = 0
    duplicate_skus: bool = True
    stock_refused: str = ""
    auto_seconds: int = 0
    auto_left: int = 0
    auto_due: int = 0

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Settings:
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    @property
    def target(self) -> Target | None:
        if not (self.webhook_url and self.webhook_active):
            return None
        return Target(self.webhook_url, self.webhook_secret)

    @property
    def tokens(self) -> list[tuple[str, int]]:
        """The tokens that were given out last, with the instants they expire (0 = never)."""
        former = [(self.old_token, self.old_token_until)] if self.old_token else []
        return [(self.token, self.token_until), *former]

    def renew_token(self, at: int) -> None:
        self.old_token, self.old_token_until = self.token, self.token_until
        self.token = _new_token()
        self._start_token(at)

    def _start_token(self, at: int) -> None:
        self.token_until = at + self.token_seconds * 1000 if self.token_seconds else 0

    def change(self, changes: Mapping[str, Any], at: int) -> None:
        """Apply what callers may set; all or nothing."""
        unknown = sorted(set(changes) - set(PARSERS) - {"fail_seconds"})
        if unknown:
            raise invalid(f"There is no setting {', '.join(unknown)}.")
        clean = {
            name: PARSERS[name](value, name) for name, value in changes.items() if name in PARSERS
        }
        if "fail_seconds" in changes:
            seconds = checks.whole(changes["fail_seconds"], "fail_seconds", 0, 86_400)
            clean["fail_until"] = at + seconds * 1000 if seconds else 0
        if clean.get("auto_seconds"):
            clean.setdefault("auto_left", AUTO_ROUNDS)
            clean["auto_due"] = at + clean["auto_seconds"] * 1000
        for name, value in clean.items():
            setattr(self, name, value)
        if {"token", "token_seconds"} & clean.keys():
            self.old_token = ""
            self._start_token(at)
        if "webhook_url" in clean:
            self.webhook_muted = []


def parsed_url(value: Any, name: str) -> str:
    url = checks.text(value, name, 500)
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if url and not fits:
        raise invalid(f"{name} must be an address that starts with http:// or https://.")
    return url


def parsed_secret(value: Any, name: str) -> str:
    secret = checks.filled(value, name)
    try:
        secret_bytes(secret)
    except ValueError as error:
        raise invalid(f"{name} must be {SECRET_PREFIX} and base64 of 16 bytes or more.") from error
    return secret


def _between(low: int, high: int) -> Callable[[Any, str], int]:
    return lambda value, name: checks.whole(value, name, low, high)


def _fail_status(value: Any, name: str) -> int:
    """What passes, by itself or with patience: too many calls, or a fault of the platform."""
    return TOO_MANY if str(value) == str(TOO_MANY) else checks.whole(value, name, 500, 599)


def _token(value: Any, name: str) -> str:
    token = checks.filled(value, name)
    if not token.isascii() or " " in token:
        raise invalid(f"{name} must consist of ASCII letters, digits and signs.")
    return token


PARSERS: dict[str, Callable[[Any, str], Any]] = {
    "token": _token,
    "token_seconds": _between(0, LONGEST_TOKEN),
    "refresh_token": _token,
    "webhook_url": parsed_url,
    "webhook_secret": parsed_secret,
    "webhook_active": checks.switch,
    "drop_share": _between(0, 100),
    "fail_next": _between(0, 100_000),
    "fail_status": _fail_status,
    "retry_after": _between(0, 86_400),
    "garbage_next": _between(0, 100_000),
    "half_next": _between(0, 100_000),
    "slow_ms": _between(0, 60_000),
    "calls_per_second": _between(0, 10_000),
    "duplicate_skus": checks.switch,
    "stock_refused": checks.text,
    "auto_seconds": _between(0, 86_400),
    "auto_left": _between(0, 1_000),
}
