"""What the generic shop and the generic warehouse share: settings, lists, products, webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from channels.connectors import standard_webhooks
from channels.connectors.base import (
    BadDelivery,
    Capability,
    Connector,
    Delivery,
    Gone,
    Limit,
    Misconfigured,
    ProductPush,
    PushResult,
    Record,
    Setting,
)
from channels.connectors.generic import records, webhooks
from channels.connectors.generic.api import Api, segment
from channels.connectors.generic.authentication import authentication
from channels.connectors.generic.reading import Json, identifier, readable
from channels.enums import JobType

TOPIC_PATH, ID_PATH = "$.type", "$.data.id"
OVERLAP = timedelta(seconds=30)
"""For platforms that set a record's instant a little before others can see it."""


def pull(job_type: JobType, *topics: str, by_id: bool = True) -> Capability:
    return Capability(job_type, topics=topics, by_id=by_id, overlap=OVERLAP)


def _optional(name: str, label: str, help: str, *, secret: bool = False) -> Setting:
    return Setting(name, label, required=False, secret=secret, help=help)


class GenericConnector(Connector):
    """Base of both; a subclass says which list and reader serve each of its pull jobs.

    The platform's side is described in docs/connectors/http.openapi.yaml.
    """

    fields = (
        Setting("url", "Address", "url", help="What /orders, /shipments, /products hang below"),
        Setting(
            "authentication",
            "Authentication",
            "choice",
            required=False,
            help="How our requests show who asks",
            choices=(
                ("none", "None"),
                ("basic", "Username and password (Basic)"),
                ("bearer", "Bearer token"),
                ("header", "A header of its own"),
                ("oauth2", "OAuth 2, client credentials"),
            ),
            default="none",
        ),
        _optional("username", "Username", "For Basic"),
        _optional("password", "Password", "For Basic", secret=True),
        _optional("header_name", "Header name", "For a header of its own, as X-Api-Key"),
        _optional("token", "Token", "The bearer token, or the header's value", secret=True),
        Setting("token_url", "Token URL", "url", required=False, help="For OAuth 2"),
        _optional("client_id", "Client ID", "For OAuth 2"),
        _optional("client_secret", "Client secret", "For OAuth 2", secret=True),
        _optional("scope", "Scope", "For OAuth 2, words separated by blanks"),
        Setting(
            "signature",
            "Webhook signature",
            "choice",
            required=False,
            help="Without a signature the webhook URL is the only proof; each record is read at "
            "the platform in either case",
            choices=(
                ("standard", "Standard Webhooks"),
                ("none", "None: verify by reading back"),
            ),
            default="standard",
        ),
        _optional(
            "webhook_secret",
            "Webhook secret",
            "Mode Webhook needs it, begins with whsec_",
            secret=True,
        ),
        Setting(
            "topic_path",
            "Topic path",
            "jsonpath",
            required=False,
            help="Where a webhook's body names its topic (JSONPath)",
            default=TOPIC_PATH,
        ),
        Setting(
            "id_path",
            "Id path",
            "jsonpath",
            required=False,
            help="Where a webhook's body names the record; a mapping may have its own",
            default=ID_PATH,
        ),
    )
    custom_topics = True
    lists: ClassVar[Mapping[JobType, str]]
    readers: ClassVar[Mapping[str, Callable[[Json], Record]]]
    tested_list: ClassVar[str]

    # Webhooks

    @classmethod
    def needs_webhook_secret(cls, settings: Mapping[str, Any]) -> bool:
        return settings.get("signature") != "none"

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        if self.needs_webhook_secret(self.settings):
            standard_webhooks.verify(self.secrets.get("webhook_secret", ""), headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """A topic that starts a job must name a record; one that nobody mapped need not."""
        content = webhooks.document(body)
        topic = webhooks.topic_of(content, self._path("topic_path", TOPIC_PATH))
        path = self.id_paths.get(topic) or self._path("id_path", ID_PATH)
        expected = topic in (self.id_paths or dict(self.topics()))
        try:
            entities = webhooks.ids_of(content, path)
        except BadDelivery:
            if expected:
                raise
            entities = ()
        if expected and not entities:
            raise BadDelivery(f"the Id path {path} leads to no id in the body of {topic}")
        signed = self.needs_webhook_secret(self.settings)
        return webhooks.delivery(headers, topic, entities, signed=signed)

    def _path(self, name: str, default: str) -> str:
        return str(self.settings.get(name) or default)

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type not in self.lists:
            return super().pages(job_type, since, until)
        window = {
            "updated_since": records.instant_text(since),
            "updated_before": records.instant_text(until),
        }
        return self._listed(self.lists[job_type], window)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        """The platform's own order decides what comes after an id: ids are opaque here."""
        if not self._by_id(job_type):
            return super().pages_after(job_type, last_id)
        return self._after(self.lists[job_type], last_id)

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        """The list says itself which id stands before its first record (`previous_id`)."""
        if not self._by_id(job_type):
            return super().first_id_since(job_type, since)
        path = self.lists[job_type]
        params = {"created_since": records.instant_text(since), "limit": "1"}
        page = self._api.page(path, params)
        with readable(path):
            if not page["data"]:
                return None
            return "" if page["previous_id"] is None else identifier(page, "previous_id")

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type not in self.lists:
            return super().fetch(job_type, external_id)
        kind = self.lists[job_type]
        row = self._api.get(f"{kind}/{segment(external_id)}")
        return Gone(external_id) if row is None else self._record(kind, row)

    def _after(self, kind: str, last_id: str) -> Iterator[list[Record]]:
        """Where the platform no longer knows the place of an id, all are listed."""
        if last_id and self._api.get(kind, {"after_id": last_id, "limit": "1"}) is None:
            self.log("warning", f"The platform has no {last_id} in {kind}: all are listed anew.")
            last_id = ""
        yield from self._listed(kind, {"after_id": last_id} if last_id else {})

    def _by_id(self, job_type: JobType) -> bool:
        capability = self.capability(job_type)
        return capability is not None and capability.by_id

    def _listed(self, kind: str, params: Mapping[str, str]) -> Iterator[list[Record]]:
        for rows in self._api.walk(kind, params):
            yield [self._record(kind, row) for row in rows]

    def _record(self, kind: str, row: Any) -> Record:
        name = row.get("id") or row.get("sku") if isinstance(row, dict) else None
        with readable(f"{kind}/{name}" if name else kind):
            return self.readers[kind](row)

    # Pushing

    def export_product(self, product: ProductPush) -> PushResult:
        """The platform knows products by SKU; making one and changing it are the same call."""
        path = f"products/by-sku/{segment(product.sku)}"
        return self._pushed("PUT", path, records.product_push(product))

    def _pushed(self, method: str, path: str, body: Json, key: str = "") -> PushResult:
        answer = self._api.write(method, path, body, key)
        with readable(path):
            return PushResult(identifier(answer, "id"))

    # Administration

    def test_connection(self) -> str:
        with readable(self.tested_list):
            rows = self._api.page(self.tested_list, {"limit": "1"})["data"]
            known = f"its list of {self.tested_list} {'has entries' if rows else 'is empty'}"
        return f"Connected: the platform answers, {known}."

    @cached_property
    def _api(self) -> Api:
        address = str(self.settings.get("url") or "")
        if not address:
            raise Misconfigured("the channel has no Address: enter it on the channel's page")
        if "?" in address or "#" in address:
            raise Misconfigured("the channel's Address has a ? or #: paths are put after it")
        return Api(self.http, address, authentication(self.settings, self.secrets), self._hear)

    def _hear(self, limit: Limit) -> None:
        self.limit = limit
