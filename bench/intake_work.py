"""The inside of the intake benchmark: a channel that listens, the plain way's table."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime
from itertools import count

import django

SECRET = "bench-secret"  # noqa: S105 - signs the benchmark's own requests
TASK = "bench.nothing"
TOPIC = "order.created"
PLAIN_TABLE = "bench_plainevent"
_numbers = count(1)


def prepare() -> dict[str, str]:
    """A WooCommerce channel in mode Webhook with a Delay of a minute; the paths of both ways."""
    from accounts.models import Account
    from channels.models import create_channel
    from jobs import configure
    from jobs.change import Change

    at = datetime.now(UTC)
    account = Account.objects.create(name="Bench")
    channel = create_channel(
        account, "woocommerce", "Shop", at, secrets={"webhook_secret": SECRET},
        settings={"url": "http://127.0.0.1:1"},
    )  # fmt: skip
    configure.reconcile(account, at)
    delay = {"webhook_delay_minutes": 1}
    configure.apply(
        account,
        Change(
            channels={channel.pk: {"mode": "webhook"}}, jobs={(channel.pk, "receive_orders"): delay}
        ),
        at,
    )
    _make_plain_table()
    return {"ours": channel.webhook_path, "plain": f"/plain/{channel.webhook_token}/"}


def _make_plain_table() -> None:
    from django.db import connection

    from bench.plain_view import PlainEvent

    with connection.schema_editor() as editor:
        editor.create_model(PlainEvent)


def requests(path: str, number: int) -> list[bytes]:
    """Whole HTTP requests, each with a body of about 900 bytes and an id of its own."""
    return [_request(path, next(_numbers)) for _ in range(number)]


def _request(path: str, number: int) -> bytes:
    at = datetime.now(UTC).isoformat()
    body = json.dumps({"id": number, "received": at, "note": "x" * 840})
    mac = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-WC-Webhook-Topic: {TOPIC}\r\n"
        f"X-WC-Webhook-Delivery-ID: {at}-{number}\r\n"
        f"X-WC-Webhook-Signature: {base64.b64encode(mac).decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode("latin-1")


def main() -> None:
    django.setup()
    sys.stdout.write(json.dumps(prepare()))


if __name__ == "__main__":
    main()
