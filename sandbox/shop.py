"""The pretend shop: products, orders, fulfilments, stock levels."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox import catalogue, checks
from sandbox.exchange import Refused, invalid
from sandbox.instants import to_text
from sandbox.place import Place
from sandbox.store import Entity, Page

CLOSED = ("fulfilled", "cancelled")


class Shop(Place):
    kind = "shops"
    topics = ("order.created", "order.updated", "product.created", "product.updated")

    # Orders

    def place_order(self, body: Mapping[str, Any], at: int) -> Entity:
        """`lines` of sku, quantity, name, price; e-mail and address are made up if missing."""
        someone = catalogue.customer()
        data = {
            "status": "open",
            "currency": checks.filled(body.get("currency", "EUR"), "currency", 3),
            "email": checks.text(body.get("email", someone["email"]), "email"),
            "ship_to": checks.address(body.get("ship_to", someone["ship_to"]), "ship_to"),
            "lines": self._lines(body.get("lines"), []),
            "fulfilments": [],
            "placed_at": to_text(at),
        }
        with self.store.transaction():
            order = self.add("orders", data, at)
            self.announce("order.created", str(order.id), at)
        return order

    def random_order(self, at: int) -> Entity:
        products = [entity.data for entity in self.list("products", Page(limit=100))]
        return self.place_order(
            {"lines": catalogue.random_lines(products or catalogue.samples())}, at
        )

    def _lines(self, value: Any, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Clean lines; one with the SKU of a line `before` keeps its id and what was fulfilled."""
        old = list(before)
        fresh = max((line["id"] for line in before), default=0)
        lines = []
        for row in checks.rows(value, "lines"):
            sku = checks.filled(row.get("sku"), "sku")
            same = next((line for line in old if line["sku"] == sku), None)
            if same is None:
                fresh += 1
                same = {"id": fresh, "sku": sku, "fulfilled": 0, **self._described(sku)}
            else:
                old.remove(same)
            lines.append(_line(row, same))
        if any(line["fulfilled"] for line in old):
            raise invalid("A line that was fulfilled in part cannot be taken out.")
        return lines

    def _described(self, sku: str) -> dict[str, str]:
        """Name and price of a SKU as the shop's products have them."""
        known = [entity.data for entity in self.list("products", Page(limit=250))]
        found = next((each for each in known + catalogue.samples() if each["sku"] == sku), None)
        return {
            "name": found["name"] if found else sku,
            "price": found["price"] if found else "10.00",
        }

    def change_order(self, number: int, body: Mapping[str, Any], at: int) -> Entity:
        """`lines` replaces all lines; `quantity` (with `sku`, else the first line) sets one."""
        with self.store.transaction():
            order = self._open_order(number)
            data = order.data
            if "email" in body:
                data["email"] = checks.text(body["email"], "email")
            if "ship_to" in body:
                data["ship_to"] |= checks.address(body["ship_to"], "ship_to")
            lines = body["lines"] if "lines" in body else _with_quantity(data["lines"], body)
            data["lines"] = self._lines(lines, data["lines"])
            self._updated(order, at)
        return order

    def cancel_order(self, number: int, at: int) -> Entity:
        """A cancelled order stays as it is."""
        with self.store.transaction():
            order = self.get("orders", number)
            if order.data["status"] != "cancelled":
                order = self._open_order(number)
                order.data["status"] = "cancelled"
                self._updated(order, at)
        return order

    def delete_order(self, number: int, at: int) -> None:
        with self.store.transaction():
            self.get("orders", number)
            self.store.remove(self.path, "orders", number)
            self.announce("order.updated", str(number), at)

    def fulfil(self, number: int, body: Mapping[str, Any], at: int) -> tuple[dict[str, Any], bool]:
        """Post a fulfilment; under a `key` already used nothing happens but the same answer.

        Answers with the fulfilment and whether it is new.
        """
        key = checks.filled(body.get("key"), "key")
        with self.store.transaction():
            order = self.get("orders", number)
            done = next((f for f in order.data["fulfilments"] if f["key"] == key), None)
            if done is not None:
                return done, False
            order = self._open_order(number)
            fulfilment = _fulfilment(body, key, len(order.data["fulfilments"]) + 1, at)
            _hand_out(order.data["lines"], fulfilment["lines"])
            order.data["fulfilments"].append(fulfilment)
            whole = all(line["fulfilled"] == line["quantity"] for line in order.data["lines"])
            order.data["status"] = "fulfilled" if whole else "partly_fulfilled"
            self._updated(order, at)
        return fulfilment, True

    def _open_order(self, number: int) -> Entity:
        order = self.get("orders", number)
        if order.data["status"] in CLOSED:
            raise Refused(409, "closed", f"Order {number} is {order.data['status']} already.")
        return order

    def _updated(self, order: Entity, at: int) -> None:
        self.save("orders", order, at)
        self.announce("order.updated", str(order.id), order.updated)

    # Products and stock

    def add_product(self, body: Mapping[str, Any], at: int) -> Entity:
        """Two products may have the same SKU, as in real shops."""
        sku = checks.filled(body.get("sku"), "sku")
        data = _product(body, {"sku": sku, "name": sku, "price": "10.00"})
        with self.store.transaction():
            product = self.add("products", data, at)
            self.announce("product.created", str(product.id), at)
        return product

    def change_product(self, number: int, body: Mapping[str, Any], at: int) -> Entity:
        with self.store.transaction():
            product = self.get("products", number)
            product.data = _product(body, product.data)
            self.save("products", product, at)
            self.announce("product.updated", str(number), product.updated)
        return product

    def add_samples(self, at: int) -> None:
        """The sample assortment, as far as it is missing."""
        with self.store.transaction():
            here = {entity.data["sku"] for entity in self.list("products", Page(limit=250))}
            for product in catalogue.samples():
                if product["sku"] not in here:
                    self.add_product(product, at)

    def set_stock(self, sku: str, available: Any, at: int) -> Entity:
        sku, count = checks.filled(sku, "sku"), checks.whole(available, "available")
        with self.store.transaction():
            level = self.by_key("stock", sku)
            if level is None:
                return self.add("stock", {"sku": sku, "available": count}, at, key=sku)
            level.data["available"] = count
            self.save("stock", level, at)
        return level


def _line(row: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """`base` (a line, perhaps fulfilled in part) with what the row says."""
    line = {
        **base,
        "quantity": checks.whole(row.get("quantity", 1), "quantity", 1),
        "name": checks.text(row.get("name", base["name"]), "name"),
        "price": checks.money(row.get("price", base["price"]), "price"),
    }
    if line["quantity"] < line["fulfilled"]:
        raise invalid(f"{line['fulfilled']} of {line['sku']} are fulfilled already.")
    return line


def _with_quantity(lines: list[dict[str, Any]], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines with one quantity set, or one line more."""
    if "quantity" not in body:
        return lines
    sku, quantity = body.get("sku", lines[0]["sku"]), body["quantity"]
    if any(line["sku"] == sku for line in lines):
        return [{**line, "quantity": quantity} if line["sku"] == sku else line for line in lines]
    return [*lines, {"sku": sku, "quantity": quantity}]


def _fulfilment(body: Mapping[str, Any], key: str, number: int, at: int) -> dict[str, Any]:
    lines = [
        {
            "sku": checks.filled(row.get("sku"), "sku"),
            "quantity": checks.whole(row.get("quantity"), "quantity", 1),
        }
        for row in checks.rows(body.get("lines"), "lines")
    ]
    return {
        "id": number,
        "key": key,
        "lines": lines,
        "carrier": checks.text(body.get("carrier", ""), "carrier"),
        "tracking": checks.text(body.get("tracking", ""), "tracking"),
        "created_at": to_text(at),
    }


def _hand_out(order_lines: list[dict[str, Any]], shipped: list[dict[str, Any]]) -> None:
    """Count shipped quantities onto the order's lines of the same SKU, in order."""
    for row in shipped:
        left = row["quantity"]
        for line in order_lines:
            if line["sku"] == row["sku"]:
                part = min(left, line["quantity"] - line["fulfilled"])
                line["fulfilled"] += part
                left -= part
        if left:
            raise invalid(f"{left} of {row['sku']} more than the order still has open.")


def _product(body: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sku": checks.filled(body.get("sku", base["sku"]), "sku"),
        "name": checks.filled(body.get("name", base["name"]), "name"),
        "price": checks.money(body.get("price", base["price"]), "price"),
    }


def order_view(order: Entity) -> dict[str, Any]:
    """An order as the API shows it."""
    total = sum(Decimal(line["price"]) * line["quantity"] for line in order.data["lines"])
    return {
        "id": order.id,
        "number": f"#{order.id}",
        **order.data,
        "total": f"{total:.2f}",
        "created_at": to_text(order.created),
        "updated_at": to_text(order.updated),
    }


def view(entity: Entity) -> dict[str, Any]:
    """A product or a stock level as the API shows it."""
    return {
        "id": entity.id,
        **entity.data,
        "created_at": to_text(entity.created),
        "updated_at": to_text(entity.updated),
    }
