"""Plays those who work with a real Tryton: pickers, packers and whoever keeps its data.

It speaks JSON-RPC by itself, so that a mistake of the connector's own client shows.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx

Ids = list[int]


class Refused(Exception):
    """Tryton answered with an error; `kind` is UserError, UserWarning, ..."""

    def __init__(self, error: list[Any]) -> None:
        super().__init__(str(error[:2]))
        self.kind, self.details = str(error[0]), error[1]


class Warehouse:
    """Every method looks at what became of its step: Tryton answers well to what it ignores."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._path = f"/{database}/"
        self.calls = 0
        self._headers: dict[str, str] = {}
        key = self._post("common.db.login", user, {"password": password})
        session = f"{user}:{key[0]}:{key[1]}".encode()
        self._headers = {"Authorization": f"Session {b64encode(session).decode()}"}
        self._context = self._post("model.res.user.get_preferences", True, {})

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, *parameters: Any, **context: Any) -> Any:
        """A method of a model, such as `stock.shipment.out.pick`, with the worker's context."""
        return self._post(f"model.{method}", *parameters, {**self._context, **context})

    # Shipments

    def shipments(self, sale: str) -> Ids:
        return sorted(self._one("sale.sale", int(sale), "shipments"))

    def state(self, shipment: int) -> str:
        return str(self._one("stock.shipment.out", shipment, "state"))

    def assign(self, shipment: int, found: Mapping[str, float] | None = None) -> None:
        """`found`: by SKU, what there is to pick of it, where that is less than was asked for."""
        for sku, quantity in (found or {}).items():
            self.call("stock.move.write", [self.picking(shipment)[sku]], {"quantity": quantity})
        self._step("assign_try", shipment, "assigned")

    def pick(self, shipment: int) -> None:
        self._step("pick", shipment, "picked")

    def picking(self, shipment: int) -> dict[str, int]:
        """The moves from the storage zone, by SKU."""
        ids = self._one("stock.shipment.out", shipment, "inventory_moves")
        moves = self.call("stock.move.read", ids, ["product.code"])
        return {move["product."]["code"]: move["id"] for move in moves}

    def pack(self, shipment: int, tracking: str = "") -> None:
        """One package with everything, by the carrier; without tracking, no carrier is named."""
        if tracking:
            carrier = self.call("carrier.search", [], 0, 1, None)
            self.call("stock.shipment.out.write", [shipment], {"carrier": carrier[0]})
        self._package(shipment, tracking)
        self._step("pack", shipment, "packed")

    def done(self, shipment: int) -> None:
        self._step("done", shipment, "done")

    def ship(self, shipment: int, tracking: str) -> None:
        """Everything from assignment on."""
        self.assign(shipment)
        self.pick(shipment)
        self.pack(shipment, tracking)
        self.done(shipment)

    def cancel(self, shipment: int) -> None:
        self._step("cancel", shipment, "cancelled")

    def relabel(self, shipment: int, tracking: str) -> None:
        packages = self._one("stock.shipment.out", shipment, "packages")
        self.call("stock.package.write", packages, {"shipping_reference": tracking})

    def _package(self, shipment: int, tracking: str) -> None:
        moves = self._one("stock.shipment.out", shipment, "outgoing_moves")
        kinds = self.call("stock.package.type.search", [], 0, 1, None) or self.call(
            "stock.package.type.create", [{"name": "Box"}]
        )
        package = {
            "type": kinds[0],
            "shipment": f"stock.shipment.out,{shipment}",
            "moves": [["add", moves]],
            "shipping_reference": tracking or None,
        }
        self.call("stock.package.create", [package])

    def _step(self, method: str, shipment: int, state: str) -> None:
        for _ in range(3):
            try:
                self.call(f"stock.shipment.out.{method}", [shipment])
                break
            except Refused as refusal:
                if refusal.kind != "UserWarning":
                    raise
                self.call("res.user.warning.skip", refusal.details[0], False)
        now = self.state(shipment)
        assert now == state, f"{method} left shipment {shipment} {now}, not {state}"

    # Stock and products

    def count(self, sku: str, quantity: float) -> None:
        """Set what lies in the storage zone."""
        storage = self.call("stock.location.search", [["code", "=", "STO"]], 0, 1, None)[0]
        line = {"product": self.product(sku), "quantity": quantity}
        inventory = {"location": storage, "lines": [["create", [line]]]}
        ids = self.call("stock.inventory.create", [inventory])
        self.call("stock.inventory.confirm", ids)

    def on_shelf(self, sku: str, zone: str = "STO") -> float:
        places = self.call("stock.location.search", [["code", "=", zone]], 0, 1, None)
        read = "product.product.read"
        return float(
            self.call(read, [self.product(sku)], ["quantity"], locations=places)[0]["quantity"]
        )

    def product(self, sku: str) -> int:
        return int(self.call("product.product.search", [["code", "=", sku]], 0, 1, None)[0])

    def sales(self, key: str) -> Ids:
        return list(self.call("sale.sale.search", [["web_id", "=", key]], 0, None, None))

    def _one(self, model: str, record: int, field: str) -> Any:
        return self.call(f"{model}.read", [record], [field])[0][field]

    def _post(self, method: str, *parameters: Any) -> Any:
        self.calls += 1
        body = {"id": 1, "method": method, "params": list(parameters)}
        response = self._client.post(self._path, json=body, headers=self._headers)
        response.raise_for_status()
        answer = response.json()
        if answer.get("error"):
            raise Refused(answer["error"])
        return answer["result"]
