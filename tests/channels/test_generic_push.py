"""Telling a platform of the generic contract what happened here."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from channels.connectors.base import (
    LineData,
    Misconfigured,
    Permanent,
    ProductPush,
    PushResult,
    Refusal,
    ReportedLine,
    ShipmentRequest,
    StockTarget,
    Transient,
)
from channels.connectors.generic import GenericShop, GenericWarehouse
from tests.claims.on_http import REPORT
from tests.http_platform import ADDRESS, HttpPlatform, problem, product, shop, warehouse

REQUEST = ShipmentRequest("41", "#1001", (LineData("7", "MUG", 2, "Mug"),), {"city": "Bonn"})


def keys(platform: HttpPlatform) -> list[str]:
    return [request.headers["idempotency-key"] for request in platform.requests]


def test_a_shipment_is_sent_once_however_often() -> None:
    platform = warehouse()
    first = platform.connector(GenericWarehouse).send_shipment(REQUEST)
    again = platform.connector(GenericWarehouse).send_shipment(REQUEST)
    assert first == again == PushResult("wh-4")
    assert len(platform.lists["shipments"]) == 4
    assert len(set(keys(platform))) == 1
    assert keys(platform)[0].startswith("41-")


def test_a_mended_shipment_is_looked_at_anew_and_its_reference_stays() -> None:
    platform = warehouse()
    platform.refused_skus = {"MUG"}
    connector = platform.connector(GenericWarehouse)
    with pytest.raises(Permanent, match=r"We do not know MUG\. Add it first\."):
        connector.send_shipment(REQUEST)
    mended = replace(REQUEST, lines=(LineData("7", "CUP", 2, "Cup"),))
    assert connector.send_shipment(mended) == PushResult("wh-4")
    first, again, second = keys(platform)
    assert second not in (first, again)
    assert platform.lists["shipments"][-1]["reference"] == "41"


def test_a_refusal_that_is_kept_under_its_key_does_not_outlive_its_cause() -> None:
    platform = warehouse()
    platform.refused_skus = {"MUG"}
    connector = platform.connector(GenericWarehouse)
    with pytest.raises(Permanent):
        connector.send_shipment(REQUEST)
    platform.refused_skus = set()
    assert connector.send_shipment(REQUEST) == PushResult("wh-4")
    assert len(set(keys(platform))) == 3
    assert len(platform.lists["shipments"]) == 4


def test_a_busy_platform_is_not_asked_twice() -> None:
    platform = warehouse()
    platform.failures = [problem(503, "Later."), problem(503, "Later.")]
    with pytest.raises(Transient):
        platform.connector(GenericWarehouse).send_shipment(REQUEST)
    assert len(platform.requests) == 1


def test_a_reference_the_warehouse_knows_is_not_made_twice() -> None:
    platform = warehouse()
    known = replace(REQUEST, key="key-1")
    assert platform.connector(GenericWarehouse).send_shipment(known) == PushResult("s-3")
    assert len(platform.lists["shipments"]) == 3


def test_a_report_with_more_quantity_replaces_the_last_one() -> None:
    platform = shop()
    connector = platform.connector(GenericShop)
    first = connector.report_shipment(REPORT)
    more = replace(REPORT, lines=(ReportedLine("7", "MUG", 2, 2),), complete=True)
    assert connector.report_shipment(more) == first == PushResult("a-7-41")
    [report] = platform.reports.values()
    assert report == {
        "reference": "41",
        "carrier": "DHL",
        "tracking": "T1",
        "shipped_at": "2026-03-02T11:00:00Z",
        "complete": True,
        "lines": [{"order_line_id": "7", "sku": "MUG", "quantity": 2, "order_quantity": 2}],
    }


def test_a_report_of_an_order_the_shop_does_not_have_is_no_success() -> None:
    connector = shop().connector(GenericShop)
    with pytest.raises(Permanent, match=r"404 There is no such order\."):
        connector.report_shipment(replace(REPORT, order_id="nobody"))


def test_a_push_to_a_wrong_address_is_for_an_operator() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(404)))
    connector = GenericShop({"url": ADDRESS}, {}, client)
    with pytest.raises(Misconfigured, match="stock answered 404"):
        connector.set_stock([StockTarget("p-x", "MUG", 1)])


def test_listings_are_found_whatever_the_case_and_commas() -> None:
    platform = shop()
    platform.lists["products"] += [product("p-2", "mug"), product("p-3", "Mug")]
    found = platform.connector(GenericShop).listings(["Mug", "cup,big", "NONE"])
    assert found == {"Mug": ["p-x", "p-2", "p-3"], "cup,big": ["5"]}
    assert platform.connector(GenericShop).listings([]) == {}


def test_stock_is_set_in_one_call_and_what_is_refused_is_said() -> None:
    platform = shop()
    connector = platform.connector(GenericShop)
    targets = [StockTarget("p-x", "MUG", 4), StockTarget("gone", "OLD", 1)]
    assert connector.set_stock(targets) == [Refusal("gone", "No such product.")]
    assert platform.listed_stock == {"p-x": 4}
    assert len(platform.requests) == 1
    assert connector.set_stock([]) == []
    assert len(platform.requests) == 1


def test_a_product_is_known_by_its_sku() -> None:
    platform = shop()
    connector = platform.connector(GenericShop)
    push = ProductPush("mug", "Mug, new", price=Decimal("1E+1"), external_id="p-x")
    assert connector.export_product(push) == PushResult("p-x")
    row = platform.find("products", "p-x")
    assert row is not None
    assert (row["name"], row["price"], row["currency"]) == ("Mug, new", "10", "EUR")
    assert connector.export_product(ProductPush("N/1", "New")) == PushResult("p-3")


def test_the_shop_takes_no_shipments_and_the_warehouse_no_stock() -> None:
    with pytest.raises(Permanent):
        shop().connector(GenericShop).send_shipment(REQUEST)
    with pytest.raises(Permanent):
        warehouse().connector(GenericWarehouse).set_stock([StockTarget("1", "A", 1)])
