"""Sends webhook deliveries in the background, signed as Standard Webhooks describes.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox import instants
from sandbox.outbox import Delivery, Outbox

THREADS = 4
PAUSES_MS = (1_000, 5_000)
"""Waits before the second and the third try; after the third the sender gives up."""
TIMEOUT_SECONDS = 10
SECRET_PREFIX = "whsec_"  # noqa: S105 - the scheme's prefix, not a secret


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: str


def secret_bytes(secret: str) -> bytes:
    """The key inside `whsec_...`; `ValueError` unless it is base64 of 16 bytes or more."""
    encoded = secret.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not secret.startswith(SECRET_PREFIX) or len(key) < 16:
        raise ValueError("too short, or without its prefix")
    return key


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header; `timestamp` in seconds."""
    signed = f"{message}.{timestamp}.".encode() + body
    digest = hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def post(target: Target, message: str, body: bytes, at: int) -> int:
    """One try; answers with the HTTP status. Raises `OSError` or `HTTPException`."""
    timestamp = at // 1000
    headers = {
        "content-type": "application/json",
        "user-agent": "omsauto-sandbox/1",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(target.secret, message, timestamp, body),
    }
    parts = urlsplit(target.url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Sender:
    """A few threads that empty the outbox; `target`: where those of a place's hook go now."""

    def __init__(
        self,
        outbox: Outbox,
        target: Callable[[str, int], Target | None],
        pauses_ms: Sequence[int] = PAUSES_MS,
    ) -> None:
        self._outbox = outbox
        self._target = target
        self._pauses = pauses_ms
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"sandbox-sender-{n}", daemon=True)
            for n in range(THREADS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the tries under way, or 2 s; what still waits is sent after the next start."""
        self._stopping = True
        self._outbox.wake()
        end = time.monotonic() + 2
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0))

    def _work(self) -> None:
        try:
            while not self._stopping:
                heard = self._outbox.news_count
                delivery = self._outbox.claim(instants.now())
                if delivery is None:
                    self._rest(heard)
                else:
                    self._deliver(delivery)
        except sqlite3.ProgrammingError:
            if not self._stopping:  # else the store was closed while a slow target was waited for
                raise

    def _rest(self, heard: int) -> None:
        """Until there is news, but no longer than until the next try is due, or 2 s."""
        due = self._outbox.next_due()
        wait = 2_000 if due is None else min(max(due - instants.now(), 5), 2_000)
        self._outbox.wait(heard, wait / 1000)

    def _deliver(self, delivery: Delivery) -> None:
        target = self._target(delivery.place, delivery.hook)
        if target is None:
            self._outbox.settle(delivery, "dropped", "webhooks are off")
            return
        try:
            status = post(target, delivery.message, delivery.body.encode(), instants.now())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._failed(delivery, f"{type(error).__name__}: {error}")
        else:
            if 200 <= status < 300:
                self._outbox.settle(delivery, "sent", str(status))
            else:
                self._failed(delivery, str(status))

    def _failed(self, delivery: Delivery, answer: str) -> None:
        if delivery.tries < len(self._pauses):
            due = instants.now() + self._pauses[delivery.tries]
            self._outbox.settle(delivery, "waiting", answer, due)
        else:
            self._outbox.settle(delivery, "failed", answer)
