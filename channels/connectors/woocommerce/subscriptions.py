"""The shop's webhooks: listed, registered and removed over its API."""

from __future__ import annotations

from channels.connectors.base import Misconfigured, Permanent, Subscription
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.reading import read
from channels.connectors.woocommerce.rest import Rest


class Subscriptions:
    def __init__(self, rest: Rest, secret: str) -> None:
        self._rest, self._secret = rest, secret

    def all(self) -> list[Subscription]:
        """Those of others too, in every status: the shop itself disables one whose deliveries
        failed more than five times in a row, and tells no one."""
        return [
            read(record, _subscription)
            for found in self._rest.walk("webhooks", {"status": "all"})
            for record in found
        ]

    def register(self, topic: str, url: str) -> Subscription:
        """One that is there may have another secret, which the API does not show: it is set."""
        if not self._secret:
            raise Misconfigured(
                "the channel has no webhook secret: enter one, the shop is to sign with it"
            )
        content = {
            "name": f"omsauto {topic}",
            "topic": topic,
            "delivery_url": url,
            "secret": self._secret,
            "status": "active",
        }
        same = [hook for hook in self.all() if (hook.topic, hook.url) == (topic, url)]
        kept = next((hook for hook in same if hook.active), same[0] if same else None)
        record = self._rest.change(f"webhooks/{kept.external_id}", content) if kept else None
        made = read(record or self._rest.create("webhooks", content), _subscription)
        if not made.active or (made.topic, made.url) != (topic, url):
            raise Permanent(
                f"the shop took the webhook for {topic} but shows it for {made.topic} at "
                f"{made.url}, {'active' if made.active else 'not active'}"
            )
        return made

    def remove(self, subscription: Subscription) -> None:
        self._rest.delete(f"webhooks/{subscription.external_id}")


def _subscription(record: Json) -> Subscription:
    return Subscription(
        external_id=str(record["id"]),
        topic=str(record["topic"]),
        url=str(record["delivery_url"]),
        active=record["status"] == "active",
    )
