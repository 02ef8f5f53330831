"""Shipments shown as fulfillments, where a WooCommerce shop has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channels.connectors.base import Misconfigured, Permanent, Transient
from tests.channels.woo import connect, connect_to, stocked
from tests.channels.woo_reports import PART, SECOND, TEE, WHOLE, meta
from tests.woocommerce_shop import Answer, WooShop


def shown(fulfillment: dict[str, Any]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in fulfillment["meta_data"]}


def test_a_shipment_is_a_fulfillment_with_items_and_tracking_number_and_no_note() -> None:
    shop = stocked(fulfillments=True)
    result = connect(shop).report_shipment(WHOLE)
    [made] = shop.fulfillments[33]
    assert result.external_id == "fulfillment/1"
    assert (made["status"], made["is_fulfilled"]) == ("fulfilled", True)
    assert shown(made) == {
        "_omsauto_shipment": "s-1",
        "_items": [{"item_id": 15, "qty": 2}, {"item_id": 16, "qty": 1}],
        "_shipment_provider": "other",
        "_provider_name": "UPS",
        "_tracking_number": "1Z999",
    }
    assert shop.notes == {}
    assert shop.orders[33]["status"] == "completed"
    assert meta(shop)["_tracking_number"] == "1Z999"
    assert shop.ignored == []


@pytest.mark.parametrize(
    ("setting", "params"),
    [("customer", {"notify_customer": "true"}), ("private", {}), ("none", {})],
)
def test_the_shop_tells_the_customer_where_the_setting_says_so(
    setting: str, params: dict[str, str]
) -> None:
    shop = stocked(fulfillments=True)
    connect_to(shop, shipment_note=setting).report_shipment(WHOLE)
    [posted] = [seen for seen in shop.seen if seen.method == "POST"]
    assert posted.params == params


def test_a_repetition_changes_nothing() -> None:
    shop = stocked(fulfillments=True)
    first = connect(shop).report_shipment(WHOLE)
    before = list(shop.written)
    assert connect(shop).report_shipment(WHOLE) == first
    assert shop.written == before


def test_more_of_a_shipment_changes_its_fulfillment_and_keeps_what_others_wrote_there() -> None:
    shop = stocked(fulfillments=True)
    connect(shop).report_shipment(PART)
    shop.fulfillments[33][0]["meta_data"].append({"id": 9, "key": "_gift", "value": "yes"})
    assert connect(shop).report_shipment(WHOLE).external_id == "fulfillment/1"
    [made] = shop.fulfillments[33]
    assert len(shown(made)["_items"]) == 2
    assert shown(made)["_gift"] == "yes"


def test_two_shipments_are_two_fulfillments() -> None:
    shop = stocked(fulfillments=True)
    connect(shop).report_shipment(PART)
    assert connect(shop).report_shipment(SECOND).external_id == "fulfillment/2"
    assert [shown(made)["_tracking_number"] for made in shop.fulfillments[33]] == [
        "1Z999",
        "1Z888",
    ]


@pytest.mark.parametrize("request_that_fails", range(1, 5))
def test_after_a_fault_anywhere_there_is_one_fulfillment(request_that_fails: int) -> None:
    shop = stocked(fulfillments=True)
    shop.before = lambda r: shop.fail(503) if r == request_that_fails else None
    with pytest.raises(Transient):
        connect(shop).report_shipment(WHOLE)
    connect(shop).report_shipment(WHOLE)
    assert len(shop.fulfillments[33]) == 1
    assert shop.orders[33]["status"] == "completed"


def test_without_carrier_and_tracking_number_the_items_are_shown() -> None:
    shop = stocked(fulfillments=True)
    connect(shop).report_shipment(replace(PART, carrier="", tracking=""))
    assert set(shown(shop.fulfillments[33][0])) == {"_omsauto_shipment", "_items"}


def test_a_line_of_which_nothing_has_shipped_is_no_item() -> None:
    """The shop refuses items of quantity zero."""
    shop = stocked(fulfillments=True)
    connect(shop).report_shipment(replace(PART, lines=(*PART.lines, replace(TEE, quantity=0))))
    assert shown(shop.fulfillments[33][0])["_items"] == [{"item_id": 15, "qty": 1}]
    assert len(meta(shop)["_omsauto_shipment_s-1"]["lines"]) == 1


def test_a_shop_without_fulfillments_is_asked_for_them_once_a_run() -> None:
    shop = stocked()
    connector = connect(shop)
    connector.report_shipment(PART)
    connector.report_shipment(SECOND)
    assert len([seen for seen in shop.seen if seen.path.endswith("/fulfillments")]) == 1


def test_a_refused_fulfillment_is_for_an_operator_and_the_order_stays_open() -> None:
    shop = stocked(fulfillments=True)
    refusal = b'{"code": "0", "message": "Items are fulfilled already."}'
    shop.before = lambda r: shop.fail(400, body=refusal) if r == 3 else None
    with pytest.raises(Permanent, match="fulfilled already"):
        connect(shop).report_shipment(WHOLE)
    assert shop.orders[33]["status"] == "processing"


@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b'{"code": "other"}'])
def test_a_missing_page_is_not_taken_for_a_missing_feature(body: bytes) -> None:
    shop = stocked(fulfillments=True)
    shop.before = lambda r: shop.fail(404, body=body) if r == 2 else None
    with pytest.raises(Misconfigured):
        connect(shop).report_shipment(WHOLE)
    assert shop.written == []


class Stubborn(WooShop):
    """A plug-in leaves fulfillments as drafts."""

    def _add_fulfillment(self, order_id: int, content: dict[str, Any]) -> Answer:
        return super()._add_fulfillment(order_id, {**content, "is_fulfilled": False})


def test_trap_10_a_fulfillment_that_stays_a_draft_is_no_success() -> None:
    shop = Stubborn(stocked().orders.values(), fulfillments=True)
    with pytest.raises(Permanent, match="shows something else"):
        connect(shop).report_shipment(WHOLE)
    assert shop.orders[33]["status"] == "processing"
