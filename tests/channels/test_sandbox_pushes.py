"""What the sandbox's shop is told: shipped quantities, stock and products."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
import time_machine

from channels.connectors.base import (
    Connector,
    Permanent,
    ProductData,
    ProductPush,
    Refusal,
    ReportedLine,
    ShipmentReport,
    StockTarget,
)
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from channels.enums import JobType
from tests.channels.sandboxes import NOON, all_records, connected
from tests.sandbox_server import Shop, Warehouse

TWO_LINES = [{"sku": "A", "quantity": 2}, {"sku": "A", "quantity": 3}]
TEA = ProductPush("TEA", "Tea", "4006381333931", Decimal("8.9"), "GBP")


def report(order: dict[str, Any], *quantities: int, **values: Any) -> ShipmentReport:
    """Of these quantities, line by line."""
    pairs = zip(order["lines"], quantities, strict=True)
    lines = tuple(
        ReportedLine(str(line["id"]), line["sku"], shipped, line["quantity"])
        for line, shipped in pairs
    )
    told: dict[str, Any] = {"carrier": "Sandbox Post", "tracking": "T1", **values}
    return ShipmentReport(
        key="shipment-1",
        order_id=str(order["id"]),
        order_number=order["number"],
        lines=lines,
        shipped_at=NOON,
        complete=False,
        **told,
    )


# Shipped quantities


def test_a_report_is_counted_on_the_lines_it_names(shop: Shop, shop_connector: Connector) -> None:
    order = shop.place_order(lines=TWO_LINES)
    shop_connector.report_shipment(report(order, 0, 2))
    (shown,) = shop.orders()
    assert [line["fulfilled"] for line in shown["lines"]] == [0, 2]
    (fulfilment,) = shown["fulfilments"]
    assert (fulfilment["carrier"], fulfilment["tracking"]) == ("Sandbox Post", "T1")
    assert shown["status"] == "partly_fulfilled"


def test_a_repeated_report_changes_nothing_at_the_shop(
    shop: Shop, shop_connector: Connector
) -> None:
    order = shop.place_order(lines=TWO_LINES)
    first = shop_connector.report_shipment(report(order, 2, 3))
    before = shop.orders()
    assert shop_connector.report_shipment(report(order, 2, 3)) == first
    assert shop.orders() == before
    assert before[0]["status"] == "fulfilled"


@pytest.mark.parametrize(
    ("quantities", "tracking"), [((2, 3), "T1"), ((1, 0), "T2"), ((0, 1), "T1")]
)
def test_a_later_report_of_a_shipment_replaces_the_one_before(
    shop: Shop, shop_connector: Connector, quantities: tuple[int, int], tracking: str
) -> None:
    order = shop.place_order(lines=TWO_LINES)
    first = shop_connector.report_shipment(report(order, 1, 0))
    later = report(order, *quantities, tracking=tracking, external_id=first.external_id)
    assert shop_connector.report_shipment(later) == first
    (shown,) = shop.orders()
    assert tuple(line["fulfilled"] for line in shown["lines"]) == quantities
    assert [each["tracking"] for each in shown["fulfilments"]] == [tracking]


def test_two_shipments_of_an_order_are_two_fulfilments(
    shop: Shop, shop_connector: Connector
) -> None:
    order = shop.place_order(lines=TWO_LINES)
    shop_connector.report_shipment(report(order, 2, 0))
    shop_connector.report_shipment(replace(report(order, 0, 3), key="shipment-2"))
    (shown,) = shop.orders()
    assert [each["key"] for each in shown["fulfilments"]] == ["shipment-1", "shipment-2"]
    assert shown["status"] == "fulfilled"


def test_a_report_on_what_the_shop_does_not_have_is_refused_for_good(
    shop: Shop, shop_connector: Connector
) -> None:
    order = shop.place_order("A", 1)
    with pytest.raises(Permanent, match="more than the order"):
        shop_connector.report_shipment(report(order, 2))
    shop.cancel(order["id"])
    with pytest.raises(Permanent, match="cancelled"):
        shop_connector.report_shipment(report(order, 1))
    shop.delete(order["id"])
    with pytest.raises(Permanent, match="no longer has the order"):
        shop_connector.report_shipment(report(order, 1))


# Stock


def test_listings_are_found_by_sku_without_case(shop: Shop, shop_connector: Connector) -> None:
    first, other, twin = (str(shop.add_product(sku)["id"]) for sku in ("ß-1", "B", "ẞ-1"))
    assert shop_connector.listings(["SS-1", "none", ""]) == {"SS-1": [first, twin]}
    assert shop_connector.listings(["b"]) == {"b": [other]}
    assert shop_connector.listings([""]) == {}


def test_each_listing_of_a_sku_gets_its_own_stock(shop: Shop, shop_connector: Connector) -> None:
    first, twin = (shop.add_product("A")["id"] for _ in range(2))
    targets = [StockTarget(str(first), "A", 4), StockTarget(str(twin), "A", 0)]
    assert list(shop_connector.set_stock(targets)) == []
    rows = shop.read("/stock")["data"]
    assert {row["product"]: row["available"] for row in rows} == {first: 4, twin: 0}


def test_a_batch_that_half_fails_says_which_half(shop: Shop, shop_connector: Connector) -> None:
    good, frozen = (str(shop.add_product(sku)["id"]) for sku in ("A", "F"))
    shop.configure(stock_refused="f")
    targets = [StockTarget(frozen, "F", 1), StockTarget(good, "A", 2), StockTarget("999", "X", 3)]
    refused = list(shop_connector.set_stock(targets))
    assert [each.external_id for each in refused] == [frozen, "999"]
    assert refused[0] == Refusal(frozen, "The stock of F cannot be set now.")
    assert shop.stock() == {"A": 2}


# Products


@pytest.fixture(params=["shop", "warehouse"])
def connector(
    request: pytest.FixtureRequest, shop_connector: Connector, warehouse_connector: Connector
) -> Connector:
    return shop_connector if request.param == "shop" else warehouse_connector


def test_an_exported_product_reads_back_as_it_was_sent(connector: Connector) -> None:
    number = connector.export_product(TEA).external_id
    (product,) = all_records(connector, JobType.IMPORT_PRODUCTS)
    assert isinstance(product, ProductData)
    assert (product.external_id, product.sku, product.name) == (number, "TEA", "Tea")
    assert (product.barcode, product.price, product.currency) == (
        TEA.barcode,
        Decimal("8.90"),
        "GBP",
    )


def test_an_export_is_found_by_sku_and_repeating_it_changes_nothing(connector: Connector) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = connector.export_product(TEA)
        clock.shift(60)
        assert connector.export_product(replace(TEA, sku="TEA ")) == first
        (product,) = all_records(connector, JobType.IMPORT_PRODUCTS)
        assert isinstance(product, ProductData)
        assert product.changed_at == NOON
        assert connector.export_product(replace(TEA, sku="tea", name="Black tea")) == first
    (product,) = all_records(connector, JobType.IMPORT_PRODUCTS)
    assert isinstance(product, ProductData)
    assert (product.sku, product.name) == ("tea", "Black tea")


def test_an_export_with_an_id_may_change_the_sku_and_keeps_what_it_does_not_know(
    connector: Connector,
) -> None:
    first = connector.export_product(TEA)
    plain = ProductPush("TEA-2", "Tea", external_id=first.external_id)
    assert connector.export_product(plain) == first
    (product,) = all_records(connector, JobType.IMPORT_PRODUCTS)
    assert isinstance(product, ProductData)
    assert (product.sku, product.barcode, product.price) == ("TEA-2", TEA.barcode, Decimal("8.90"))


def test_where_the_known_product_is_gone_the_sku_decides(connector: Connector) -> None:
    first = connector.export_product(TEA)
    assert connector.export_product(replace(TEA, external_id="999")) == first


def test_two_products_of_one_sku_are_told_and_the_oldest_is_changed(
    warehouse: Warehouse, client: httpx.Client
) -> None:
    log: list[str] = []
    first = warehouse.add_product("TEA")["id"]
    warehouse.add_product("tea")
    made = SandboxWarehouse(
        warehouse.settings, warehouse.secrets, client, log=lambda _, text: log.append(text)
    )
    assert made.export_product(TEA).external_id == str(first)
    assert "2 products have the SKU TEA" in log[0]


def test_a_sku_that_another_product_has_is_refused_where_the_shop_minds(
    shop: Shop, shop_connector: Connector
) -> None:
    shop.configure(duplicate_skus=False)
    shop.add_product("TEA")
    other = str(shop.add_product("OTHER")["id"])
    with pytest.raises(Permanent, match="Another product has the SKU"):
        shop_connector.export_product(replace(TEA, external_id=other))


def test_warehouse_products_are_announced(warehouse: Warehouse, client: httpx.Client) -> None:
    warehouse.configure(webhook_url="http://127.0.0.1:9/")
    connected(SandboxWarehouse, warehouse, client).export_product(TEA)
    assert [each["topic"] for each in warehouse.deliveries()] == ["product.created"]
