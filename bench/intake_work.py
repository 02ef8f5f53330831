"""The inside of the intake benchmark: a channel that listens, signed requests, counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime

import django

SECRET = "bench-secret"  # noqa: S105 - signs the benchmark's own requests
TASK = "bench.nothing"
TOPIC = "order.created"


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
    return {"ours": channel.webhook_path, "plain": f"/plain/{channel.webhook_token}/"}


def requests(path: str, number: int, first: int = 1) -> list[str]:
    """Whole HTTP requests, each with a body of about 900 bytes and an id of its own."""
    return [_request(path, n) for n in range(first, first + number)]


def _request(path: str, number: int) -> str:
    at = datetime.now(UTC).isoformat()
    body = json.dumps({"id": number, "received": at, "note": "x" * 840})
    mac = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-WC-Webhook-Topic: {TOPIC}\r\n"
        f"X-WC-Webhook-Delivery-ID: {at}-{number}\r\n"
        f"X-WC-Webhook-Signature: {base64.b64encode(mac).decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def count(way: str) -> int:
    from jobs.models import Event

    plain = Event.objects.filter(delivery_key__startswith="plain ")
    return plain.count() if way == "plain" else Event.objects.count() - plain.count()


def main() -> None:
    django.setup()
    what, *rest = sys.argv[1:]
    if what == "prepare":
        answer: object = prepare()
    elif what == "requests":
        answer = requests(rest[0], int(rest[1]))
    else:
        answer = count(rest[0])
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
