"""The pretend shop: products, orders, fulfilments, stock levels."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox import catalogue, checks, fulfilments
from sandbox.exchange import Refused, invalid, not_found
from sandbox.instants import to_text
from sandbox.products import Assortment
from sandbox.store import Entity, Page

CLOSED = ("fulfilled", "cancelled")
STOCK_OF_PRODUCT = "\t{}"
"""The key of a product's stock level: a tab is in no SKU."""


class Shop(Assortment):
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
            fulfilment = fulfilments.read(body, key, len(order.data["fulfilments"]) + 1, at)
            fulfilments.hand_out(order.data["lines"], fulfilment["lines"])
            order.data["fulfilments"].append(fulfilment)
            self._fulfilled(order, at)
        return fulfilment, True

    def change_fulfilment(
        self, number: int, which: int, body: Mapping[str, Any], at: int
    ) -> dict[str, Any]:
        """Replace its lines, carrier or tracking number; what is left out stays."""
        with self.store.transaction():
            order = self.get("orders", number)
            if order.data["status"] == "cancelled":
                order = self._open_order(number)
            kept = order.data["fulfilments"]
            old = next((each for each in kept if each["id"] == which), None)
            if old is None:
                raise not_found(f"fulfilment {which} of order {number}")
            new = fulfilments.read({**old, **body}, old["key"], which, at)
            new["created_at"] = old["created_at"]
            fulfilments.take_back(order.data["lines"], old["lines"])
            fulfilments.hand_out(order.data["lines"], new["lines"])
            kept[kept.index(old)] = new
            self._fulfilled(order, at)
        return new

    def _fulfilled(self, order: Entity, at: int) -> None:
        order.data["status"] = fulfilments.status(order.data["lines"])
        self._updated(order, at)

    def _open_order(self, number: int) -> Entity:
        order = self.get("orders", number)
        if order.data["status"] in CLOSED:
            raise Refused(409, "closed", f"Order {number} is {order.data['status']} already.")
        return order

    def _updated(self, order: Entity, at: int) -> None:
        self.save("orders", order, at)
        self.announce("order.updated", str(order.id), order.updated)

    # Stock

    def stock_of(self, sku: str) -> Entity | None:
        """That of the first product with the SKU, else that of the SKU alone."""
        owners = self.products_with([sku])
        level = self.by_key("stock", STOCK_OF_PRODUCT.format(owners[0].id)) if owners else None
        return level or super().stock_of(sku)

    def set_level(self, row: Mapping[str, Any], at: int) -> Entity:
        """`available` of a `product` by its id, or of a `sku`."""
        if "product" not in row:
            return self.set_stock(row.get("sku", ""), row.get("available"), at)
        with self.store.transaction():
            product = self.get("products", checks.whole(row["product"], "product", 1))
            return self._set_stock(product.data["sku"], product, row.get("available"), at)

    def set_stock(self, sku: str, available: Any, at: int) -> Entity:
        """Of the first product with the SKU; a SKU without product has a level of its own."""
        with self.store.transaction():
            sku = checks.filled(sku, "sku")
            owner = next(iter(self.products_with([sku])), None)
            return self._set_stock(owner.data["sku"] if owner else sku, owner, available, at)

    def _set_stock(self, sku: str, product: Entity | None, available: Any, at: int) -> Entity:
        count = checks.whole(available, "available")
        if sku.casefold() == self.settings.stock_refused.casefold():
            raise Refused(409, "stock_refused", f"The stock of {sku} cannot be set now.")
        key = STOCK_OF_PRODUCT.format(product.id) if product else sku
        data = {"sku": sku, "product": product.id if product else None, "available": count}
        level = self.by_key("stock", key)
        if level is None:
            return self.add("stock", data, at, key=key)
        level.data = data
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
