"""What the real systems and omsauto do to each other, step by step, with figures."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.real.medusa.server import Medusa
from tests.real.medusa.shop import Shop
from tests.real.omsauto import Json, Omsauto
from tests.real.tryton.server import Tryton

LINES: list[str] = []
SKU = "KETTLE-1"
STOCK = 100


@dataclass
class Story:
    """`sales` and `depot` are the ids of the two channels."""

    omsauto: Omsauto
    medusa: Medusa
    shop: Shop
    tryton: Tryton
    sales: int
    depot: int = 0
    began: float = field(default_factory=time.monotonic)

    def set_up(self) -> None:
        """Connect both, with Tryton as the Master Product Source and the default warehouse."""
        oms, tryton = self.omsauto, self.tryton
        oms.patch(
            f"channels/{self.sales}/",
            settings={
                "url": self.medusa.url,
                "location": self.shop.location,
                "inventory_mode": "fulfillment",
            },
            secrets={"api_key": self.shop.api_key},
        )
        settings = {"url": tryton.url, "database": tryton.database, "username": tryton.user}
        secrets = {"password": tryton.password}
        self.depot = oms.connect("tryton", "Tryton", settings, secrets)["id"]
        oms.patch(
            f"accounts/{oms.account}/",
            master_product_source="fulfillment",
            master_product_channel=self.depot,
            default_fulfillment_channel=self.depot,
            automatic_workflow=True,
        )

    def say(self, line: str) -> None:
        LINES.append(line)

    def order(self, external_id: str) -> Json:
        """The one record of an order of Medusa."""
        [found] = self.omsauto.orders(self.sales, external_id)
        return found

    def shipment(self, external_id: str) -> Json:
        [found] = self.omsauto.shipments_of(self.order(external_id)["id"])
        return found

    def arrived(self, external_id: str) -> bool:
        return bool(self.omsauto.orders(self.sales, external_id))

    def tryton_shipments(self, sent: Json) -> list[int]:
        return self.tryton.warehouse.shipments(sent["external_id"])

    def shown(self, external_id: str) -> dict[str, Any]:
        """How Medusa shows the order: its state, and the tracking numbers on it."""
        order = self.shop.order(external_id)
        labels = [
            label["tracking_number"]
            for fulfillment in order["fulfillments"]
            for label in fulfillment.get("labels") or []
        ]
        return {"state": order["fulfillment_status"], "tracking": labels}

    def tell_calls(self) -> None:
        """How many calls each platform got from omsauto, as its own log has them."""
        asked = self.medusa.log().count(f'"user_agent":"python-httpx/{httpx.__version__}"')
        posts = self.tryton.log().count('"POST ') - self.tryton.warehouse.calls
        rows = self.omsauto.rows
        records = {name: len(rows(f"{name}/")) for name in ("products", "orders", "shipments")}
        runs = Counter(run["status"] for run in rows("runs/"))
        seconds = time.monotonic() - self.began
        calls = f"calls to Medusa {asked}, to Tryton {posts}"
        self.say(f"records {records}; runs {dict(runs)}; {calls}; {seconds:.0f} s in all")
