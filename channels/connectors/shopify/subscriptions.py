"""The app's webhook subscriptions in this shop. Those in the app's own settings do not show."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from channels.connectors.base import Subscription, Transient
from channels.connectors.shopify import documents
from channels.connectors.shopify.graph import Graph, Json
from channels.connectors.shopify.ids import gid, number
from channels.connectors.shopify.webhooks import topic_name, topic_of


class Subscriptions:
    """`topics`: those of the connector, in the form of the header."""

    def __init__(self, graph: Graph, topics: Iterable[str]) -> None:
        self._graph, self._topics = graph, tuple(topics)

    def all(self) -> list[Subscription]:
        pages = self._graph.walk(documents.SUBSCRIPTIONS, {}, ["webhookSubscriptions"])
        return [self._translate(node) for nodes in pages for node in nodes]

    def subscribe(self, topic: str, url: str) -> Subscription:
        """One of ours at a former address, known by the same path, is sent to the new one."""
        found = [one for one in self.all() if one.topic == topic]
        here = [one for one in found if one.url == url]
        moved = [one for one in found if urlsplit(one.url).path == urlsplit(url).path]
        for one in here:
            if one.active:
                return one
        webhook: Json = {"uri": url, "format": "JSON", "filter": "", "includeFields": []}
        if here or moved:
            variables = {"id": _gid((here or moved)[0]), "webhook": webhook}
            name, document = "webhookSubscriptionUpdate", documents.RESUBSCRIBE
        else:
            variables = {"topic": topic_name(topic), "webhook": {"uri": url, "format": "JSON"}}
            name, document = "webhookSubscriptionCreate", documents.SUBSCRIBE
        payload = self._graph.change(document, variables, name, f"the webhook for {topic}")
        if not payload["webhookSubscription"]:
            raise Transient(f"Shopify did not say what it made of the webhook for {topic}")
        return self._translate(payload["webhookSubscription"])

    def unsubscribe(self, subscription: Subscription) -> None:
        variables = {"id": _gid(subscription)}
        if self._graph.ask(documents.SUBSCRIPTION, variables)["webhookSubscription"] is None:
            return
        what = f"the removal of the webhook for {subscription.topic}"
        name = "webhookSubscriptionDelete"
        self._graph.change(documents.UNSUBSCRIBE, variables, name, what)

    def _translate(self, record: Json) -> Subscription:
        """Shopify disables none, it removes them; one that sends XML, or not all, is no use."""
        whole = record["format"] == "JSON" and not record["filter"] and not record["includeFields"]
        return Subscription(
            external_id=number(record["id"]),
            topic=topic_of(str(record["topic"]), self._topics),
            url=str(record["uri"]),
            active=whole,
        )


def _gid(subscription: Subscription) -> str:
    return gid("WebhookSubscription", subscription.external_id)
