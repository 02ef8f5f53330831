"""Shipments shown at Shopify: each quantity once, whatever is repeated or crashes."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import (
    Misconfigured,
    Permanent,
    PushResult,
    ReportedLine,
    ShipmentReport,
    Transient,
)
from tests.channels.shopify import NOW, connect, stamp
from tests.shopify_shop import ShopifyShop
from tests.shopify_shop.records import fulfillment_order, gid

LAMP, SHADE = "500101", "500102"


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.place(5001, stamp(0), [("LAMP", 4), ("SHADE", 2)])
    return made


def report(
    *lines: ReportedLine, external_id: str = "", tracking: str = "1Z1", carrier: str = "UPS"
) -> ShipmentReport:
    return ShipmentReport(
        key="s-1",
        order_id="5001",
        order_number="#5001",
        lines=lines,
        carrier=carrier,
        tracking=tracking,
        shipped_at=NOW,
        complete=False,
        external_id=external_id,
    )


def lamps(quantity: int, in_all: int | None = None) -> ReportedLine:
    return ReportedLine(LAMP, "LAMP", quantity, quantity if in_all is None else in_all)


def shades(quantity: int, in_all: int | None = None) -> ReportedLine:
    return ReportedLine(SHADE, "SHADE", quantity, quantity if in_all is None else in_all)


def send(shop: ShopifyShop, shipment: ShipmentReport, **settings: Any) -> PushResult:
    return connect(shop, settings).report_shipment(shipment)


def shown(shop: ShopifyShop) -> list[tuple[str | None, dict[str, int]]]:
    """(tracking number, quantity by SKU) of each fulfillment that holds."""
    return [
        (
            one["trackingInfo"][0]["number"] if one["trackingInfo"] else None,
            {part["lineItem"]["sku"]: part["quantity"] for part in one["fulfillmentLineItems"]},
        )
        for one in shop.fulfillments()
        if one["status"] != "CANCELLED"
    ]


def test_a_shipment_is_shown_with_its_quantities_and_its_tracking_number(
    shop: ShopifyShop,
) -> None:
    result = send(shop, report(lamps(4), shades(1)))

    assert shown(shop) == [("1Z1", {"LAMP": 4, "SHADE": 1})]
    assert result.external_id == shop.fulfillments()[0]["legacyResourceId"]
    assert shop.fulfillments()[0]["trackingInfo"][0]["company"] == "UPS"
    assert shop.orders[5001]["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"


def test_a_repetition_changes_nothing(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(4)))
    again = send(shop, report(lamps(4), external_id=first.external_id))

    assert again == first
    assert (len(shown(shop)), shop.notified) == (1, 1)


@pytest.mark.parametrize("tracking", ["1Z1", ""])
def test_a_repetition_after_a_lost_answer_changes_nothing(shop: ShopifyShop, tracking: str) -> None:
    first = send(shop, report(lamps(2), tracking=tracking, carrier=""))
    again = send(shop, report(lamps(2), tracking=tracking, carrier=""))

    assert again == first
    assert shown(shop) == [(tracking or None, {"LAMP": 2})]


def test_what_ships_later_of_a_shipment_is_shown_beside_the_first_part(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(1)))
    second = send(shop, report(lamps(3), external_id=first.external_id))
    third = send(shop, report(lamps(3), external_id=second.external_id))

    assert shown(shop) == [("1Z1", {"LAMP": 1}), ("1Z1", {"LAMP": 2})]
    assert second.external_id == third.external_id
    assert second.external_id.split(",")[0] == first.external_id


def test_two_shipments_of_one_order_stand_beside_each_other(shop: ShopifyShop) -> None:
    send(shop, report(lamps(2)))
    send(shop, report(lamps(2, in_all=4), tracking="1Z2"))

    assert shown(shop) == [("1Z1", {"LAMP": 2}), ("1Z2", {"LAMP": 2})]


def test_two_alike_without_tracking_numbers_are_still_two(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(2), tracking=""))
    second = send(shop, report(lamps(2, in_all=4), tracking=""))

    assert shown(shop) == [(None, {"LAMP": 2}), (None, {"LAMP": 2})]
    assert first != second


def test_a_repetition_does_not_show_what_another_shipment_has_yet_to_report(
    shop: ShopifyShop,
) -> None:
    first = send(shop, report(lamps(2, in_all=4)))
    send(shop, report(lamps(2, in_all=4), external_id=first.external_id))

    assert shown(shop) == [("1Z1", {"LAMP": 2})]


def test_a_report_without_a_tracking_number_leaves_the_one_that_is_shown(
    shop: ShopifyShop,
) -> None:
    first = send(shop, report(lamps(4)))
    send(shop, report(lamps(4), external_id=first.external_id, tracking=""))

    assert shown(shop) == [("1Z1", {"LAMP": 4})]


def test_goods_of_another_shipment_do_not_get_the_tracking_number(shop: ShopifyShop) -> None:
    send(shop, report(shades(2), tracking="", carrier=""))
    send(shop, report(lamps(4), tracking="BY-HAND"))

    send(shop, report(lamps(4)))

    assert shown(shop) == [(None, {"SHADE": 2}), ("BY-HAND", {"LAMP": 4})]


def test_two_in_one_parcel_are_still_two(shop: ShopifyShop) -> None:
    send(shop, report(lamps(2)))
    send(shop, report(lamps(2, in_all=4)))

    assert shown(shop) == [("1Z1", {"LAMP": 2}), ("1Z1", {"LAMP": 2})]


def test_another_tracking_number_replaces_the_first(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(4)))
    again = send(shop, report(lamps(4), external_id=first.external_id, tracking="1Z9"))

    assert again == first
    assert shown(shop) == [("1Z9", {"LAMP": 4})]


def test_a_carrier_written_otherwise_is_the_same_carrier(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(4)))
    send(shop, report(lamps(4), external_id=first.external_id, carrier="ups"))

    assert "Track" not in shop.seen


def test_what_staff_fulfilled_by_hand_is_not_shown_twice_and_gets_the_number(
    shop: ShopifyShop,
) -> None:
    by_hand = send(shop, report(lamps(4), tracking="", carrier=""))

    result = send(shop, report(lamps(4)))

    assert result == by_hand
    assert shown(shop) == [("1Z1", {"LAMP": 4})]


def test_a_tracking_number_of_staff_stays(shop: ShopifyShop) -> None:
    send(shop, report(lamps(4), tracking="BY-HAND"))
    send(shop, report(lamps(4)))

    assert shown(shop) == [("BY-HAND", {"LAMP": 4})]


def test_what_was_cancelled_at_shopify_can_be_shown_again(shop: ShopifyShop) -> None:
    first = send(shop, report(lamps(4)))
    shop.fulfillments()[0]["status"] = "CANCELLED"
    shop.orders[5001]["fulfillmentOrders"].append(
        fulfillment_order(77, shop.orders[5001]["lineItems"][:1], gid("Location", 61))
    )

    second = send(shop, report(lamps(4), external_id=first.external_id))

    assert second.external_id != first.external_id
    assert shown(shop) == [("1Z1", {"LAMP": 4})]


def test_goods_at_two_locations_become_two_fulfillments(shop: ShopifyShop) -> None:
    items = shop.orders[5001]["lineItems"]
    shop.orders[5001]["fulfillmentOrders"] = [
        fulfillment_order(71, items[:1], gid("Location", 61)),
        fulfillment_order(72, items[1:], gid("Location", 62)),
    ]

    result = send(shop, report(lamps(4), shades(2)))

    assert shown(shop) == [("1Z1", {"LAMP": 4}), ("1Z1", {"SHADE": 2})]
    assert len(result.external_id.split(",")) == 2
    assert send(shop, report(lamps(4), shades(2), external_id=result.external_id)) == result


def test_goods_in_two_orders_of_one_location_go_in_one_fulfillment(shop: ShopifyShop) -> None:
    items = shop.orders[5001]["lineItems"]
    shop.orders[5001]["fulfillmentOrders"] = [
        fulfillment_order(70, items, gid("Location", 61), status="CLOSED"),
        fulfillment_order(71, items[:1], gid("Location", 61)),
        fulfillment_order(72, items[1:], gid("Location", 61), status="IN_PROGRESS"),
    ]

    send(shop, report(lamps(4), shades(2)))

    assert shown(shop) == [("1Z1", {"LAMP": 4, "SHADE": 2})]


@pytest.mark.parametrize(("status", "words"), [("ON_HOLD", "on hold"), ("SCHEDULED", "scheduled")])
def test_goods_held_at_shopify_need_an_operator_and_the_others_are_shown(
    shop: ShopifyShop, status: str, words: str
) -> None:
    items = shop.orders[5001]["lineItems"]
    held = fulfillment_order(72, items[1:], gid("Location", 61), status=status)
    shop.orders[5001]["fulfillmentOrders"] = [
        fulfillment_order(71, items[:1], gid("Location", 61)),
        held,
    ]

    with pytest.raises(Permanent, match=f"2 x SHADE of order #5001 .* {words}"):
        send(shop, report(lamps(4), shades(2)))
    assert shown(shop) == [("1Z1", {"LAMP": 4})]

    held["status"] = "OPEN"
    result = send(shop, report(lamps(4), shades(2)))
    assert shown(shop) == [("1Z1", {"LAMP": 4}), ("1Z1", {"SHADE": 2})]
    assert len(result.external_id.split(",")) == 2


def test_without_the_right_to_fulfill_the_scope_is_named(shop: ShopifyShop) -> None:
    shop.scopes.remove("write_merchant_managed_fulfillment_orders")

    with pytest.raises(Permanent, match="write_merchant_managed_fulfillment_orders"):
        send(shop, report(lamps(4)))
    shop.scopes.append("read_merchant_managed_fulfillment_orders")
    with pytest.raises(Misconfigured, match="write_merchant_managed_fulfillment_orders"):
        send(shop, report(lamps(4)))


def test_what_was_refunded_meanwhile_is_left_out_with_a_warning(shop: ShopifyShop) -> None:
    order = shop.orders[5001]
    order["lineItems"][0]["unfulfilledQuantity"] = 3
    order["fulfillmentOrders"][0]["lineItems"][0]["remainingQuantity"] = 3
    connector = connect(shop)

    connector.report_shipment(report(lamps(4)))

    assert shown(shop) == [("1Z1", {"LAMP": 3})]
    [(level, line)] = connector.lines
    assert level == "warning"
    assert "1 x LAMP of order #5001" in line


def test_an_order_that_is_gone_cannot_be_shown_as_shipped(shop: ShopifyShop) -> None:
    del shop.orders[5001]

    with pytest.raises(Permanent, match="no longer at Shopify"):
        send(shop, report(lamps(4)))


def test_long_orders_are_read_whole() -> None:
    shop = ShopifyShop()
    shop.place(5001, stamp(0), [(f"SKU-{index}", 1) for index in range(120)])
    lines = [ReportedLine(f"{500100 + index + 1}", f"SKU-{index}", 1, 1) for index in range(120)]

    first = send(shop, report(*lines))
    again = send(shop, report(*lines, external_id=first.external_id))

    assert again == first
    [(_, quantities)] = shown(shop)
    assert len(quantities) == 120


@pytest.mark.parametrize(("settings", "told"), [({}, 1), ({"notify_customers": False}, 0)])
def test_whether_shopify_tells_the_buyer_is_a_setting(
    shop: ShopifyShop, settings: dict[str, bool], told: int
) -> None:
    send(shop, report(lamps(4)), **settings)

    assert shop.notified == told


def test_trap_10_what_shopify_does_not_take_comes_with_200(shop: ShopifyShop) -> None:
    errors = [{"field": ["fulfillment"], "message": "Not today"}]
    shop.says["fulfillmentCreate"] = {"fulfillment": None, "userErrors": errors}
    with pytest.raises(Permanent, match="Not today"):
        send(shop, report(lamps(4)))

    shop.says["fulfillmentCreate"] = {"fulfillment": None, "userErrors": []}
    with pytest.raises(Transient):
        send(shop, report(lamps(4)))

    failed = {"id": gid("Fulfillment", 1), "status": "FAILURE"}
    shop.says["fulfillmentCreate"] = {"fulfillment": failed, "userErrors": []}
    with pytest.raises(Permanent, match="failure"):
        send(shop, report(lamps(4)))
