"""Each connector of the registry as a channel that listens, and how its platform signs."""

from __future__ import annotations

import hashlib
import hmac
import importlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from channels.models import Channel, create_channel
from jobs import configure
from jobs.change import Change
from tests.builders import NOW
from tests.claims.platform import Platform, Sent

SIGNING = [name for name, made in CONNECTORS.items() if any(True for _ in made.topics())]
SILENT = sorted(set(CONNECTORS) - set(SIGNING))
"""They take no webhooks."""
SIGNED = {
    "shopify": ("x-shopify-hmac-sha256",),
    "woocommerce": ("x-wc-webhook-signature",),
}
"""Headers that are, or are covered by, the signature."""
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
_MEANT = {
    *("content-type", "x-shopify-topic", "x-shopify-webhook-id"),
    *("x-wc-webhook-topic", "x-wc-webhook-delivery-id"),
    *(name for names in (*SIGNED.values(), STANDARD) for name in names),
}
"""Headers that say something of a delivery; others are the connection's."""


@dataclass
class Listening:
    """A channel in mode Webhook, a good delivery to it, and its platform's way to sign."""

    channel: Channel
    sample: Sent

    @property
    def signed_headers(self) -> tuple[str, ...]:
        return SIGNED.get(self.channel.connector, STANDARD)

    def signed(self, body: bytes, number: str, topic: str = "") -> dict[str, str]:
        """Headers as the platform would sign this body now; of another topic, if one is given."""
        secret = self.channel.secrets["webhook_secret"]
        headers = dict(self.sample.headers)
        if self.channel.connector in SIGNED:
            headers[self.signed_headers[0]] = _base64(secret.encode(), body)
            for name in ("x-shopify-topic", "x-wc-webhook-topic"):
                if topic and name in headers:
                    headers[name] = topic
            for name in ("x-shopify-webhook-id", "x-wc-webhook-delivery-id"):
                if name in headers:
                    headers[name] = number
            return headers
        moment = str(int(NOW.timestamp()))
        content = f"{number}.{moment}.".encode() + body
        key = b64decode(secret.removeprefix("whsec_"))
        signature = f"v1,{_base64(key, content)}"
        return headers | dict(zip(STANDARD, (number, moment, signature), strict=True))


def _base64(key: bytes, content: bytes) -> str:
    return b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Known:
    """What is needed of a pretended platform: settings, secrets, and a good delivery."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    sample: Sent


@cache
def known(name: str) -> Known:
    """Asked while time goes by: some of them run as servers."""
    module = importlib.import_module(f"tests.claims.on_{name}")
    made: AbstractContextManager[Platform] = module.platform()
    with made as ready:
        connector = ready.connector()
        topic = next((topic for topic, _ in connector.topics()), None)
        sample = ready.delivery(topic) if topic else Sent({}, b'{"id": 1}', "1")
    headers = {key: value for key, value in sample.headers.items() if key in _MEANT}
    secrets = {"webhook_secret": "whsec_" + _base64(b"", b""), **connector.secrets}
    return Known(dict(connector.settings), secrets, replace(sample, headers=headers))


def listening(account: Account, name: str, platform: Known) -> Listening:
    """A channel with the settings and secrets of the connector's pretended platform."""
    channel = create_channel(
        account, name, name, NOW, settings=platform.settings, secrets=dict(platform.secrets)
    )
    configure.reconcile(account, NOW)
    if name in SIGNING:
        configure.apply(account, Change(channels={channel.pk: {"mode": "webhook"}}), NOW)
    channel.refresh_from_db()
    return Listening(channel, platform.sample)
