"""Export Products: a product by its code, made or brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from channels.connectors.base import Log, Misconfigured, Permanent, ProductPush
from channels.connectors.tryton import catalog
from channels.connectors.tryton.catalog import PRODUCT
from channels.connectors.tryton.products import currency
from channels.connectors.tryton.rpc import Domain, Row, Rpc, number, related, understood

TEMPLATE = "product.template"
OWN_FIELDS = (
    "template",
    "template.name",
    "template.code",
    "template.products",
    "list_price",
    "identifiers.code",
)


def export(rpc: Rpc, product: ProductPush, category: str, log: Log) -> str:
    """The product's id. What Tryton has already as it should be is not written."""
    row = _known(rpc, product)
    price = _price(rpc, product, log)
    if row is None:
        rpc.call(f"{TEMPLATE}.create", [_template(rpc, product, price, category)])
        row = catalog.by_sku(rpc, [product.sku], OWN_FIELDS).get(catalog.key(product.sku))
        if row is None:
            raise Permanent(f"Tryton took the product {product.sku}, but does not show it")
        return str(row["id"])
    with understood("the product"):
        _update(rpc, row, product, price, log)
        return str(row["id"])


def _known(rpc: Rpc, product: ProductPush) -> Row | None:
    """By its id, where Tryton still has it, else by SKU."""
    known = number(product.external_id)
    fields = ["code", "active", *OWN_FIELDS]
    row = rpc.row(PRODUCT, [["id", "=", known]], fields, active_test=False) if known else None
    if row is None:
        row = catalog.by_sku(rpc, [product.sku], OWN_FIELDS).get(catalog.key(product.sku))
    if row is not None and not row["active"]:
        raise Permanent(f"the product {product.sku} is deactivated in Tryton: activate it there")
    return row


def _update(rpc: Rpc, row: Row, product: ProductPush, price: Decimal | None, log: Log) -> None:
    if catalog.key(row["code"] or "") != catalog.key(product.sku):
        _rename(rpc, row, product.sku)
    known = {identifier["code"] for identifier in row["identifiers."] or ()}
    if product.barcode and product.barcode not in known:
        added = {"identifiers": _identifiers(product.barcode)}
        rpc.call(f"{PRODUCT}.write", [row["id"]], added)
    _update_template(rpc, row, product, price, log)


def _update_template(
    rpc: Rpc, row: Row, product: ProductPush, price: Decimal | None, log: Log
) -> None:
    values: dict[str, Any] = {}
    if product.name and related(row, "template", "name") != product.name:
        values["name"] = product.name
    if price is not None and row["list_price"] != price:
        values["list_price"] = price
    if values and len(related(row, "template", "products")) > 1:
        log(
            "warning",
            f"{product.sku} is one of several variants in Tryton, which share name and price: "
            "both were left as they are there.",
        )
    elif values:
        rpc.call(f"{TEMPLATE}.write", [row["template"]], values)


def _rename(rpc: Rpc, row: Row, sku: str) -> None:
    """A product's code is its template's, if that has one, followed by its own."""
    if related(row, "template", "code"):
        raise Permanent(
            f"{row['code']} is one of several variants in Tryton: change its code there"
        )
    rpc.call(f"{PRODUCT}.write", [row["id"]], {"suffix_code": sku})


def _price(rpc: Rpc, product: ProductPush, log: Log) -> Decimal | None:
    """None where there is none to be written."""
    if product.price is None:
        return None
    ours = currency(rpc) if product.currency else ""
    if product.currency.upper() == ours.upper():
        return product.price.quantize(catalog.PRICE_UNIT)
    log(
        "warning",
        f"{product.sku}: its price is in {product.currency}, Tryton's company works in {ours}; "
        "the price was left out.",
    )
    return None


def _template(
    rpc: Rpc, product: ProductPush, price: Decimal | None, category: str
) -> Mapping[str, Any]:
    unit, accounts = _unit(rpc), _category(rpc, category)
    variant: dict[str, Any] = {"suffix_code": product.sku}
    if product.barcode:
        variant["identifiers"] = _identifiers(product.barcode)
    return {
        "name": product.name or product.sku,
        "type": "goods",
        "default_uom": unit,
        "sale_uom": unit,
        "salable": True,
        "list_price": price if price is not None else Decimal(0),
        **({"account_category": accounts} if accounts else {}),
        "products": [["create", [variant]]],
    }


def _identifiers(barcode: str) -> list[Any]:
    """Of no type: of some types Tryton takes only codes whose check digit fits."""
    return [["create", [{"code": barcode}]]]


def _unit(rpc: Rpc) -> int:
    """The piece; its name is translated, so it is asked for in English."""
    row = rpc.row("product.uom", [["name", "=", "Unit"]], ["id"], language="en")
    if row is None:
        raise Misconfigured("Tryton has no unit of measure called Unit: add it there")
    return int(row["id"])


def _category(rpc: Rpc, name: str) -> int | None:
    """The accounting category: the one entered, else the only one there is."""
    accounting: Domain = [["accounting", "=", True]]
    domain = [*accounting, ["name", "=", name]] if name else accounting
    found = rpc.rows("product.category", domain, ["id"], limit=2)
    if name and not found:
        raise Misconfigured(f"Tryton has no accounting category {name!r}: add it, or enter another")
    return int(found[0]["id"]) if len(found) == 1 else None
