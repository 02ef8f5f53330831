"""The models and fields of Tryton 7.0 that the pretended one has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A field. `model`: where it leads; `many`: to several, through their field `inverse`."""

    model: str = ""
    many: bool = False
    inverse: str = ""
    reference: bool = False


PLAIN, REFERENCE = Kind(), Kind(reference=True)


def to(model: str) -> Kind:
    return Kind(model)


def many(model: str, inverse: str = "") -> Kind:
    return Kind(model, many=True, inverse=inverse)


def fields(*plain: str, **relations: Kind) -> Mapping[str, Kind]:
    dates = ("id", "create_date", "write_date")
    return {**dict.fromkeys((*dates, *plain), PLAIN), **relations}


SHIPMENT = "stock.shipment.out"

MODELS: Mapping[str, Mapping[str, Kind]] = {
    "carrier": fields(party=to("party.party")),
    "company.company": fields(currency=to("currency.currency"), party=to("party.party")),
    "country.country": fields("code", "name"),
    "country.subdivision": fields("code", "name", country=to("country.country")),
    "currency.currency": fields("code"),
    "ir.module": fields("name", "state"),
    "party.address": fields(
        "party_name",
        "street",
        "postal_code",
        "city",
        party=to("party.party"),
        country=to("country.country"),
        subdivision=to("country.subdivision"),
    ),
    "party.party": fields("name", addresses=many("party.address", "party")),
    "product.category": fields("name", "accounting"),
    "product.identifier": fields("code", "type", product=to("product.product")),
    "product.product": fields(
        "active",
        "code",
        "suffix_code",
        "type",
        "salable",
        "list_price",
        "quantity",
        default_uom=to("product.uom"),
        template=to("product.template"),
        identifiers=many("product.identifier", "product"),
    ),
    "product.template": fields(
        "active",
        "code",
        "name",
        "type",
        "salable",
        "list_price",
        default_uom=to("product.uom"),
        sale_uom=to("product.uom"),
        account_category=to("product.category"),
        products=many("product.product", "template"),
    ),
    "product.uom": fields("name"),
    "sale.line": fields(
        "quantity",
        "unit_price",
        sale=to("sale.sale"),
        product=to("product.product"),
        unit=to("product.uom"),
    ),
    "sale.sale": fields(
        "number",
        "state",
        "shipment_state",
        "web_id",
        "reference",
        "comment",
        "invoice_method",
        "shipment_method",
        "shipment_cost_method",
        company=to("company.company"),
        currency=to("currency.currency"),
        party=to("party.party"),
        invoice_address=to("party.address"),
        shipment_address=to("party.address"),
        warehouse=to("stock.location"),
        lines=many("sale.line", "sale"),
        shipments=many(SHIPMENT),
    ),
    "stock.location": fields(
        "code",
        "name",
        "type",
        parent=to("stock.location"),
        storage_location=to("stock.location"),
        output_location=to("stock.location"),
    ),
    "stock.move": fields(
        "state",
        "quantity",
        "internal_quantity",
        product=to("product.product"),
        from_location=to("stock.location"),
        to_location=to("stock.location"),
        shipment=REFERENCE,
        origin=REFERENCE,
        sale=to("sale.sale"),
    ),
    "stock.package": fields("shipping_reference", shipment=REFERENCE),
    SHIPMENT: fields(
        "state",
        "shipping_reference",
        carrier=to("carrier"),
        packages=many("stock.package", "shipment"),
    ),
}
