"""Shipments shown on a WooCommerce order: status, meta data and note, once each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from channels.connectors.base import (
    Misconfigured,
    OrderData,
    Permanent,
    ShipmentReport,
    Transient,
)
from tests.channels.woo import UPDATES, connect, connect_to, stocked
from tests.channels.woo_reports import MUGS, PART, SECOND, WHOLE, meta
from tests.woocommerce_shop import Answer, WooShop


def notes(shop: WooShop, order_id: int = 33) -> list[str]:
    return [note["note"] for note in shop.notes.get(order_id, [])]


def test_a_whole_shipment_completes_the_order_with_its_tracking_number() -> None:
    shop = stocked()
    result = connect(shop).report_shipment(WHOLE)
    assert result.external_id == "order/33/s-1"
    assert shop.orders[33]["status"] == "completed"
    assert (meta(shop)["_tracking_number"], meta(shop)["_tracking_provider"]) == ("1Z999", "UPS")
    assert meta(shop)["_omsauto_shipment_s-1"] == {
        "lines": [
            {"line": 15, "sku": "MUG-BLUE", "quantity": 2},
            {"line": 16, "sku": "TEE-S", "quantity": 1},
        ],
        "carrier": "UPS",
        "tracking": "1Z999",
        "shipped_at": "2026-11-24T09:30:00+00:00",
        "complete": True,
        "fulfillment": "",
    }
    assert shop.ignored == []


def test_the_customer_reads_what_has_shipped() -> None:
    shop = stocked()
    connect(shop).report_shipment(WHOLE)
    [note] = shop.notes[33]
    assert note["customer_note"] is True
    assert note["note"].startswith(
        "Shipped with UPS, tracking number 1Z999: 2 x MUG-BLUE, 1 x TEE-S. Reference "
    )


@pytest.mark.parametrize(
    ("carrier", "tracking", "text"),
    [
        ("", "", "Shipped: 1 x MUG-BLUE. "),
        ("UPS", "", "Shipped with UPS: 1 x MUG-BLUE. "),
        ("", "1Z", "Shipped, tracking number 1Z: 1 x MUG-BLUE. "),
    ],
)
def test_a_note_says_only_what_is_known(carrier: str, tracking: str, text: str) -> None:
    shop = stocked()
    connect(shop).report_shipment(replace(PART, carrier=carrier, tracking=tracking))
    assert notes(shop)[0].startswith(text)
    assert "_tracking_number" in meta(shop) or not tracking


@pytest.mark.parametrize(("setting", "told"), [("private", [False]), ("none", [])])
def test_a_setting_says_who_is_told(setting: str, told: list[bool]) -> None:
    shop = stocked()
    connect_to(shop, shipment_note=setting).report_shipment(WHOLE)
    assert [note["customer_note"] for note in shop.notes.get(33, [])] == told
    assert shop.orders[33]["status"] == "completed"


def test_a_partial_shipment_is_recorded_and_keeps_the_status() -> None:
    shop = stocked()
    connect(shop).report_shipment(PART)
    assert shop.orders[33]["status"] == "processing"
    assert meta(shop)["_omsauto_shipment_s-1"]["lines"] == [
        {"line": 15, "sku": "MUG-BLUE", "quantity": 1}
    ]
    assert len(notes(shop)) == 1


@pytest.mark.parametrize("report", [WHOLE, PART])
def test_a_repetition_is_one_question_and_changes_nothing(report: ShipmentReport) -> None:
    shop = stocked()
    first = connect(shop).report_shipment(report)
    written = list(shop.written)
    asked = len(shop.seen)
    assert connect(shop).report_shipment(report) == first
    assert shop.written == written
    assert len(shop.seen) == asked + 1


def test_more_of_a_shipment_is_told_again() -> None:
    shop = stocked()
    connect(shop).report_shipment(PART)
    connect(shop).report_shipment(replace(WHOLE, external_id="order/33/s-1"))
    assert len(notes(shop)) == 2
    assert shop.orders[33]["status"] == "completed"
    assert len([key for key in meta(shop) if key.startswith("_omsauto_")]) == 1


def test_another_tracking_number_replaces_the_first() -> None:
    shop = stocked()
    connect(shop).report_shipment(PART)
    connect(shop).report_shipment(replace(PART, tracking="1Z777"))
    assert meta(shop)["_tracking_number"] == "1Z777"
    assert "1Z777" in notes(shop)[1]


def test_two_shipments_of_an_order_stand_side_by_side() -> None:
    shop = stocked()
    connect(shop).report_shipment(PART)
    connect(shop).report_shipment(SECOND)
    assert meta(shop)["_omsauto_shipment_s-1"]["tracking"] == "1Z999"
    assert meta(shop)["_omsauto_shipment_s-2"]["tracking"] == "1Z888"
    assert meta(shop)["_tracking_number"] == "1Z999, 1Z888"
    assert meta(shop)["_tracking_provider"] == "UPS"
    assert shop.orders[33]["status"] == "completed"


def test_a_shipment_written_meanwhile_is_not_overwritten() -> None:
    """A change of meta data goes by key: what stands under other keys stays."""
    shop = stocked()
    other = {"id": 1, "key": "_omsauto_shipment_s-9", "value": {"tracking": "X"}}

    def meanwhile(request: int) -> None:
        if shop.seen[-1].method == "PUT":
            shop.orders[33]["meta_data"].append(other)

    shop.before = meanwhile
    connect(shop).report_shipment(PART)
    assert meta(shop)["_omsauto_shipment_s-9"] == {"tracking": "X"}
    assert "_omsauto_shipment_s-1" in meta(shop)


@pytest.mark.parametrize("request_that_fails", range(1, 6))
def test_after_a_fault_anywhere_the_next_try_ends_in_the_same_state(
    request_that_fails: int,
) -> None:
    good, shop = stocked(), stocked()
    connect(good).report_shipment(WHOLE)
    shop.before = lambda r: shop.fail(503) if r == request_that_fails else None
    try:
        connect(shop).report_shipment(WHOLE)
    except Transient:
        connect(shop).report_shipment(WHOLE)
    assert notes(shop) == notes(good)
    assert shop.orders[33] == good.orders[33]


class Deaf(WooShop):
    """Does what it is asked at its n-th request, but the answer is lost on the way."""

    lost = 0

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        given = super().handle(method, url, headers, body)
        return Answer(504, b"") if len(self.seen) == self.lost else given


@pytest.mark.parametrize("lost", range(1, 6))
def test_an_answer_lost_on_the_way_leads_to_no_second_note(lost: int) -> None:
    good = stocked()
    connect(good).report_shipment(WHOLE)
    shop = Deaf(good_orders())
    shop.lost = lost
    try:
        connect(shop).report_shipment(WHOLE)
    except Transient:
        connect(shop).report_shipment(WHOLE)
    assert notes(shop) == notes(good)
    assert shop.orders[33] == good.orders[33]


def good_orders() -> list[dict[str, Any]]:
    return list(stocked().orders.values())


def test_a_note_whose_text_the_shop_changed_is_known_again() -> None:
    shop = Deaf(good_orders())
    shop.lost = 4  # the note was written, and is the last that was heard
    report = replace(WHOLE, carrier="Smith & Sons")
    with pytest.raises(Transient):
        connect(shop).report_shipment(report)
    connect(shop).report_shipment(report)
    assert len(notes(shop)) == 1
    assert "Smith &amp; Sons" in notes(shop)[0]


# What the shop's staff did


@pytest.mark.parametrize("status", ["cancelled", "refunded", "failed", "trash"])
def test_an_order_that_is_cancelled_in_the_shop_stays_so_and_is_told_of(status: str) -> None:
    shop, told = stocked(), list[str]()
    shop.change(33, shop.now, status=status)
    connect_to(shop, lambda level, text: told.append(text)).report_shipment(WHOLE)
    assert shop.orders[33]["status"] == status
    assert "_omsauto_shipment_s-1" in meta(shop)
    assert told == [f"Order 33: it has shipped, but is {status} in the shop; its status stays."]


@pytest.mark.parametrize("status", ["pending", "on-hold", "packing-at-shop", "completed"])
def test_an_order_in_any_other_status_becomes_completed(status: str) -> None:
    shop = stocked()
    shop.change(33, shop.now, status=status)
    connect(shop).report_shipment(WHOLE)
    assert shop.orders[33]["status"] == "completed"


def test_an_order_that_staff_opened_again_is_not_completed_by_a_repetition() -> None:
    shop = stocked()
    connect(shop).report_shipment(WHOLE)
    shop.change(33, shop.now, status="processing")
    connect(shop).report_shipment(WHOLE)
    assert shop.orders[33]["status"] == "processing"


def test_meta_data_and_notes_of_others_stay() -> None:
    shop = stocked()
    shop.orders[33]["meta_data"] = [{"id": 5, "key": "gift", "value": "yes"}]
    shop.notes[33] = [{"id": 1, "note": "Call first", "customer_note": False}]
    connect(shop).report_shipment(WHOLE)
    assert meta(shop)["gift"] == "yes"
    assert len(notes(shop)) == 2


@pytest.mark.parametrize("spoiled", ["text", ["a"], None, 7, {"lines": "x"}])
def test_meta_data_that_others_spoiled_are_written_anew(spoiled: object) -> None:
    shop = stocked()
    key = "_omsauto_shipment_s-1"
    shop.orders[33]["meta_data"] = [{"id": 5, "key": key, "value": spoiled}]
    connect(shop).report_shipment(WHOLE)
    assert meta(shop)[key]["tracking"] == "1Z999"


# What cannot be shown


def test_an_order_that_is_gone_is_for_an_operator() -> None:
    with pytest.raises(Permanent, match="no longer in the shop"):
        connect(stocked()).report_shipment(replace(WHOLE, order_id="999"))


def test_an_order_removed_while_it_is_told_is_for_an_operator() -> None:
    shop = stocked()

    def remove(request: int) -> None:
        if shop.seen[-1].method == "PUT":
            del shop.orders[33]

    shop.before = remove
    with pytest.raises(Permanent, match="removed from the shop meanwhile"):
        connect(shop).report_shipment(WHOLE)


@pytest.mark.parametrize(
    "report",
    [
        replace(WHOLE, order_id="../webhooks"),
        replace(WHOLE, lines=()),
        replace(WHOLE, lines=(replace(MUGS, quantity=0),)),
        replace(WHOLE, lines=(replace(MUGS, external_id=""),)),
    ],
)
def test_a_report_that_says_nothing_of_this_shop_is_not_sent(report: ShipmentReport) -> None:
    shop = stocked()
    with pytest.raises(Permanent):
        connect(shop).report_shipment(report)
    assert shop.seen == []


class Stubborn(WooShop):
    """A plug-in undoes part of what is saved."""

    keeps: dict[str, Any]

    def _change_order(self, order_id: int, content: dict[str, Any]) -> Answer:
        return super()._change_order(order_id, {**content, **self.keeps})


@pytest.mark.parametrize(
    ("keeps", "said"),
    [({"status": "processing"}, "keeps it at processing"), ({"meta_data": []}, "does not keep")],
)
def test_trap_10_a_shipment_that_does_not_show_is_no_success(
    keeps: dict[str, Any], said: str
) -> None:
    shop = Stubborn(good_orders())
    shop.keeps = keeps
    for _ in range(2):
        with pytest.raises(Permanent, match=said):
            connect(shop).report_shipment(WHOLE)
    assert len(notes(shop)) == 1


def test_a_key_that_may_only_read_is_for_an_operator() -> None:
    shop = stocked(read_only=True)
    with pytest.raises(Misconfigured, match="write permissions"):
        connect(shop).report_shipment(WHOLE)


def test_what_was_reported_comes_back_as_a_final_order() -> None:
    shop = stocked()
    connect(shop).report_shipment(WHOLE)
    order = connect(shop).fetch(UPDATES, "33")
    assert isinstance(order, OrderData)
    assert (order.platform_status, order.final, order.cancelled) == ("completed", True, False)
