"""The pretend warehouse: shipments from received to shipped, products, stock levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import catalogue, checks
from sandbox.exchange import Refused, invalid
from sandbox.instants import to_text
from sandbox.products import Assortment
from sandbox.store import Entity

SAMPLE_STOCK = 100
WAYS = ("full", "short", "part", "zero", "over")


class Warehouse(Assortment):
    kind = "warehouses"
    topics = ("shipment.updated", "stock.updated", "product.created", "product.updated")

    # Shipments

    def receive(self, body: Mapping[str, Any], at: int) -> tuple[Entity, bool]:
        """Take a shipment order; a `reference` already known gets the shipment it made.

        Answers with the shipment and whether it is new.
        """
        reference = checks.filled(body.get("reference"), "reference")
        data = {
            "status": "received",
            "order_number": checks.text(body.get("order_number", ""), "order_number"),
            "ship_to": checks.address(body.get("ship_to", {}), "ship_to"),
            "lines": [_line(row) for row in checks.rows(body.get("lines"), "lines")],
            "carrier": "",
            "tracking": "",
            "shipped_at": None,
        }
        with self.store.transaction():
            known = self.by_key("shipments", reference)
            return (known, False) if known else (self.add("shipments", data, at, reference), True)

    def pick(self, number: int, at: int) -> Entity:
        with self.store.transaction():
            shipment = self._shipment(number, ("received",))
            shipment.data["status"] = "picked"
            self._updated(shipment, at)
        return shipment

    def ship(self, number: int, body: Mapping[str, Any], at: int) -> Entity:
        """Ship in one of the `WAYS`, or exactly `quantities` (in all, by SKU).

        A part leaves the shipment open; any other way closes it. Shipping again corrects the
        quantities of a shipment that has gone out.
        """
        with self.store.transaction():
            shipment = self._shipment(number, ("received", "picked", "partly_shipped", "shipped"))
            how = body.get("how", "full")
            if "quantities" in body:
                goal = checks.quantities(body["quantities"], "quantities")
            else:
                goal = _goal(shipment.data["lines"], how)
            self._move(shipment.data["lines"], goal, at)
            shipment.data["status"] = "partly_shipped" if how == "part" else "shipped"
            shipment.data["carrier"] = "Sandbox Post"
            shipment.data["tracking"] = f"SP{number:09d}"
            shipment.data["shipped_at"] = to_text(at)
            self._updated(shipment, at)
        return shipment

    def _move(self, lines: list[dict[str, Any]], goal: Mapping[str, int], at: int) -> None:
        """Set shipped quantities, and take what they add off the shelves.

        A SKU that was not ordered becomes a line of its own, ordered quantity zero.
        """
        for sku in goal.keys() - {line["sku"] for line in lines}:
            lines.append({"sku": sku, "name": sku, "quantity": 0, "shipped": 0})
        for sku in sorted(goal):
            mine = [line for line in lines if line["sku"] == sku]
            gone = goal[sku] - sum(line["shipped"] for line in mine)
            left = goal[sku]
            for line in mine:
                line["shipped"] = left if line is mine[-1] else min(left, line["quantity"])
                left -= line["shipped"]
            level = self.by_key("stock", sku)
            if gone and level is not None:
                self.set_stock(sku, max(level.data["on_hand"] - gone, 0), at)

    def cancel(self, number: int, at: int) -> Entity:
        """A cancelled shipment stays as it is."""
        with self.store.transaction():
            shipment = self.get("shipments", number)
            if shipment.data["status"] != "cancelled":
                shipment = self._shipment(number, ("received", "picked", "partly_shipped"))
                shipment.data["status"] = "cancelled"
                self._updated(shipment, at)
        return shipment

    def _shipment(self, number: int, statuses: tuple[str, ...]) -> Entity:
        shipment = self.get("shipments", number)
        if shipment.data["status"] not in statuses:
            status = shipment.data["status"].replace("_", " ")
            raise Refused(409, "closed", f"Shipment {number} is {status} already.")
        return shipment

    def _updated(self, shipment: Entity, at: int) -> None:
        self.save("shipments", shipment, at)
        self.announce("shipment.updated", str(shipment.id), shipment.updated)

    # Stock

    def set_stock(self, sku: str, on_hand: Any, at: int) -> Entity:
        sku, count = checks.filled(sku, "sku"), checks.whole(on_hand, "on_hand")
        with self.store.transaction():
            level = self.by_key("stock", sku)
            if level is None:
                level = self.add("stock", {"sku": sku, "on_hand": count}, at, key=sku)
            else:
                level.data["on_hand"] = count
                self.save("stock", level, at)
            self.announce("stock.updated", sku, level.updated)
        return level

    def add_samples(self, at: int) -> None:
        """The sample assortment and stock of it, as far as they are missing."""
        with self.store.transaction():
            super().add_samples(at)
            for product in catalogue.samples():
                if self.by_key("stock", product["sku"]) is None:
                    self.set_stock(product["sku"], SAMPLE_STOCK, at)


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    sku = checks.filled(row.get("sku"), "sku")
    return {
        "sku": sku,
        "name": checks.text(row.get("name", sku), "name"),
        "quantity": checks.whole(row.get("quantity"), "quantity", 1),
        "shipped": 0,
    }


def _goal(lines: list[dict[str, Any]], how: Any) -> dict[str, int]:
    """Quantities by SKU that ship in this way."""
    if how not in WAYS:
        raise invalid(f"how must be one of {', '.join(WAYS)}.")
    goal: dict[str, int] = {}
    for line in lines:
        goal[line["sku"]] = goal.get(line["sku"], 0) + line["quantity"]
    if how == "zero":
        return dict.fromkeys(goal, 0)
    last = max(sku for sku in goal if goal[sku])
    if how in ("short", "part"):
        if sum(goal.values()) == 1:
            raise invalid("There is one piece only; ship it, or ship zero.")
        goal[last] -= 1
    if how == "over":
        goal[last] += 1
    return goal


def shipment_view(shipment: Entity) -> dict[str, Any]:
    """A shipment as the API shows it."""
    return {
        "id": shipment.id,
        "reference": shipment.key,
        **shipment.data,
        "created_at": to_text(shipment.created),
        "updated_at": to_text(shipment.updated),
    }
