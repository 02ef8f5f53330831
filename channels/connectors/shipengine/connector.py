"""ShipEngine: a shipment per order to ship, and what was bought labels for as shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from channels.connectors.base import (
    Capability,
    Connector,
    Gone,
    Misconfigured,
    Permanent,
    PushResult,
    RateLimit,
    Record,
    Setting,
    ShipmentData,
    ShipmentRequest,
    Transient,
)
from channels.connectors.shipengine import records
from channels.connectors.shipengine.rest import PAGE_SIZE, Api, Json, moment_text, understood
from channels.enums import JobType, Kind

ADDRESS = "https://api.shipengine.com"
MAY_HAVE_LABELS = ("processing", "label_purchased")
ID = re.compile(r"se(-[a-z0-9]+)+")
SERVICE = re.compile(r"[a-z0-9]+(_[a-z0-9-]+)*")
CHUNK = 25


class ShipEngine(Connector):
    """No webhooks: none of the events in its published description (1.1) is about a new label."""

    id = "shipengine"
    label = "ShipEngine"
    kind = Kind.FULFILLMENT
    fields = (
        Setting("url", "Address", type="url", required=False, default=ADDRESS),
        Setting("api_key", "API key", secret=True, help="A key starting with TEST_ buys nothing."),
        Setting(
            "warehouse_id",
            "Warehouse",
            help="The parcels' origin: its id in ShipEngine, starting with se-.",
        ),
        Setting(
            "carrier_id",
            "Carrier",
            help="The carrier account that is billed: its id, starting with se-.",
        ),
        Setting("service_code", "Service", help="Of that carrier, such as usps_priority_mail."),
        Setting(
            "package_weight",
            "Weight of a package, grams",
            type="integer",
            required=False,
            help="Where empty, the packer enters weights in ShipEngine before buying labels.",
        ),
    )
    capabilities = (
        Capability(JobType.SEND_SHIPMENTS),
        Capability(
            JobType.RECEIVE_SHIPMENTS,
            overlap=timedelta(minutes=2),
            safety=timedelta(seconds=10),
        ),
    )
    page_size = PAGE_SIZE
    rate_limit = RateLimit(
        200,
        "requests",
        60,
        "https://www.shipengine.com/docs/rate-limits/",
        "20 with a key that starts with TEST_",
    )

    # Sending

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        """The key is the shipment's external id, of which ShipEngine takes each only once."""
        known = self._sent(request.key) or self._create(request)
        with understood("the new shipment"):
            if known["external_shipment_id"] != request.key:
                raise Transient("ShipEngine does not show the shipment under the id it was given")
            return PushResult(str(known["shipment_id"]))

    def _sent(self, key: str) -> Json | None:
        name = quote(records.external_id(key), safe="")
        return self._api.get(f"/v1/shipments/external_shipment_id/{name}")

    def _create(self, request: ShipmentRequest) -> Json:
        body = records.new_shipment(request, self._fixed(), self._sender)
        try:
            answer = self._api.post("/v1/shipments", {"shipments": [body]})
        except Permanent:
            # Refused as a duplicate: its first creation was not to be seen a moment ago.
            known = self._sent(request.key)
            if known is None:
                raise
            return known
        with understood("the new shipment"):
            (made,) = answer["shipments"]
            if answer["has_errors"]:
                raise Permanent(f"ShipEngine refused it: {'; '.join(made.get('errors') or ())}")
            return dict(made)

    def _fixed(self) -> dict[str, Any]:
        """What every shipment of the channel has."""
        fixed: dict[str, Any] = {
            "warehouse_id": self._named("warehouse_id", ID),
            "carrier_id": self._named("carrier_id", ID),
            "service_code": self._named("service_code", SERVICE),
        }
        grams = self.settings.get("package_weight")
        if grams:
            fixed["packages"] = [{"weight": {"value": int(grams), "unit": "gram"}}]
        return fixed

    @cached_property
    def _sender(self) -> dict[str, Any]:
        with understood("the warehouse"):
            return records.sender_of(self._warehouse())

    def _warehouse(self) -> Json:
        number = self._named("warehouse_id", ID)
        warehouse = self._api.get(f"/v1/warehouses/{number}")
        if warehouse is None:
            raise Misconfigured(f"ShipEngine has no warehouse {number}: check the channel's one")
        return warehouse

    # Receiving

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type != JobType.RECEIVE_SHIPMENTS:
            return super().pages(job_type, since, until)
        return self._changed(since, until)

    def _changed(self, since: datetime, until: datetime) -> Iterator[Sequence[ShipmentData]]:
        """Shipments modified in the window, then others that got a label in it.

        Both, since nothing says that buying a label counts as a modification. Two lists joined
        here take a call for 100 shipments; one call for each would use up the vendor's rate.
        """
        labels = self._labels_by_shipment(since, until)
        seen: set[str] = set()
        window = _window("modified_at", since, until)
        for rows in self._api.listed("/v1/shipments", "shipments", window):
            with understood("shipments"):
                fresh = [row for row in rows if row["shipment_id"] not in seen]
                seen.update(row["shipment_id"] for row in fresh)
                found = [self._read(row, labels.get(row["shipment_id"], [])) for row in fresh]
            if found:
                yield found
        yield from self._fetched([number for number in labels if number not in seen])

    def _labels_by_shipment(self, since: datetime, until: datetime) -> dict[str, list[Json]]:
        labels: dict[str, list[Json]] = {}
        window = _window("created_at", since, until)
        for rows in self._api.listed("/v1/labels", "labels", window):
            with understood("labels"):
                for row in rows:
                    labels.setdefault(row["shipment_id"], []).append(row)
        return labels

    def _read(self, row: Json, labels: Sequence[Json]) -> ShipmentData:
        """With the labels that are known already, else those ShipEngine has of it."""
        label = records.valid_label(labels)
        if label is None and row["shipment_status"] in MAY_HAVE_LABELS:
            label = records.valid_label(self._labels_of(row["shipment_id"]))
        return records.shipment(row, label)

    def _labels_of(self, number: str) -> list[Json]:
        pages = self._api.listed("/v1/labels", "labels", {"shipment_id": number})
        return [row for rows in pages for row in rows]

    def _fetched(self, numbers: Sequence[str]) -> Iterator[Sequence[ShipmentData]]:
        for start in range(0, len(numbers), CHUNK):
            chunk = [self._fetch(number) for number in numbers[start : start + CHUNK]]
            yield [each for each in chunk if not isinstance(each, Gone)]

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type != JobType.RECEIVE_SHIPMENTS:
            return super().fetch(job_type, external_id)
        return self._fetch(external_id)

    def _fetch(self, number: str) -> ShipmentData | Gone:
        row = self._api.get(f"/v1/shipments/{quote(number, safe='')}")
        if row is None:
            return Gone(number)
        with understood("the shipment"):
            return records.shipment(row, records.valid_label(self._labels_of(number)))

    # Administration

    def test_connection(self) -> str:
        name = self._warehouse().get("name") or self.settings["warehouse_id"]
        return f"Connected to ShipEngine; parcels leave from {name}."

    @cached_property
    def _api(self) -> Api:
        key = self.secrets.get("api_key", "")
        if not key or not key.isascii() or not key.isprintable():
            raise Misconfigured("the channel's API key is missing or cannot be one: enter it")
        address = str(self.settings.get("url") or ADDRESS).rstrip("/")
        return Api(self.http, address, key)

    def _named(self, setting: str, shape: re.Pattern[str]) -> str:
        value = str(self.settings.get(setting) or "").strip()
        if not shape.fullmatch(value):
            words = setting.replace("_", " ")
            raise Misconfigured(f"{value!r} cannot be a {words} of ShipEngine: enter the channel's")
        return value


def _window(field: str, since: datetime, until: datetime) -> dict[str, str]:
    return {
        f"{field}_start": moment_text(since),
        f"{field}_end": moment_text(until, up=True),
        "sort_by": field,
        "sort_dir": "asc",
    }
