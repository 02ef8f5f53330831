"""Receive Orders: what becomes of an order that the platform shows us."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account
from channels.connectors.base import LineData, OrderData
from oms.models import Order, OrderLine, OrderStatus, Shipment, ShipmentStatus
from oms.work import Outcome, Park
from tests import builders
from tests.builders import NOW, line, order_data
from tests.oms.conftest import Brand

LATER = order_data().changed_at + timedelta(minutes=5)


def lines_of(order: Order) -> list[tuple[str, str, int]]:
    lines = OrderLine.objects.filter(order=order)
    return [(one.external_id, one.sku, one.quantity) for one in lines]


def test_a_new_order_is_kept_with_what_the_platform_says(brand: Brand) -> None:
    record = order_data("1001", line("MUG", 2, price=Decimal("3.5")), line("tee ", 1, "2"))
    assert brand.receive(record).outcome == Outcome.CREATED
    order = brand.order()
    assert (order.number, order.email, order.currency) == ("#1001", "buyer@example.com", "EUR")
    assert (order.total, order.ship_to) == (Decimal(10), {"name": "A. Buyer", "city": "Bonn"})
    assert (order.revision_at, order.placed_at) == (record.changed_at, record.placed_at)
    assert lines_of(order) == [("1", "MUG", 2), ("2", "tee", 1)]
    assert [one.product.sku for one in order.lines.all()] == ["MUG", "TEE"]


def test_an_approved_order_gets_a_shipment_and_its_stock(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 3)))
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert brand.stock() == (10, 3)
    assert brand.shipment().channel == brand.depot


def test_without_enough_stock_the_shipment_is_backordered(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 3), line("TEE", 11, "2")))
    assert brand.states() == (OrderStatus.APPROVED, ShipmentStatus.BACKORDERED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 0), (10, 0))


def test_without_a_default_warehouse_the_order_stays_approved_with_a_warning(
    brand: Brand,
) -> None:
    brand.account.default_fulfillment_channel = None
    brand.shop.account = brand.account
    brand.receive(order_data())
    assert brand.order().status == OrderStatus.APPROVED
    assert not Shipment.objects.exists()
    assert "no default fulfillment channel" in brand.log.of("warning")[0]


def test_a_deleted_default_warehouse_counts_as_none(brand: Brand) -> None:
    brand.depot.deleted_at = NOW
    brand.depot.save()
    brand.receive(order_data())
    assert not Shipment.objects.exists()
    assert brand.log.of("warning")


def test_an_order_gets_its_shipment_once_there_is_a_default_warehouse(brand: Brand) -> None:
    Account.objects.update(default_fulfillment_channel=None)
    brand.shop.refresh_from_db()
    brand.receive(order_data())
    Account.objects.update(default_fulfillment_channel=brand.depot)
    brand.shop.refresh_from_db()
    assert brand.receive(order_data()).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)


def test_with_the_automatic_workflow_off_nothing_is_shipped(brand: Brand) -> None:
    Account.objects.update(automatic_workflow=False)
    brand.shop.refresh_from_db()
    brand.receive(order_data())
    assert brand.order().status == OrderStatus.APPROVED
    assert not Shipment.objects.exists()
    assert not brand.log.of("warning")


def test_a_channel_may_want_its_new_orders_as_drafts(brand: Brand) -> None:
    brand.shop.settings = {"new_order_status": "draft"}
    brand.receive(order_data())
    assert brand.order().status == OrderStatus.DRAFT
    assert not Shipment.objects.exists()


def test_a_cancelled_order_that_we_never_had_is_kept_as_cancelled(brand: Brand) -> None:
    assert brand.receive(order_data(cancelled=True)).outcome == Outcome.CREATED
    assert brand.order().status == OrderStatus.CANCELLED
    assert not Shipment.objects.exists()
    assert brand.stock() == (10, 0)


def test_a_cancelled_order_that_cannot_be_taken_over_troubles_nobody(brand: Brand) -> None:
    record = order_data("1001", line("UNKNOWN"), cancelled=True)
    assert brand.receive(record).outcome == Outcome.UNCHANGED
    assert not Order.objects.exists()


def test_an_order_that_the_platform_has_finished_is_not_shipped_again(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2), final=True))
    assert brand.order().status == OrderStatus.SHIPPED
    assert brand.order().lines.get().shipped == 2
    assert not Shipment.objects.exists()
    assert brand.stock() == (10, 0)


def test_what_was_last_changed_before_synchronization_starts_is_left_out(brand: Brand) -> None:
    start = brand.shop.sync_from
    before = order_data(changed_at=start - timedelta(seconds=1), placed_at=start)
    assert brand.receive(before).outcome == Outcome.UNCHANGED
    assert not Order.objects.exists()
    assert brand.receive(replace(before, changed_at=start)).outcome == Outcome.CREATED


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (order_data(number=" "), "The order has no number: complete it"),
        (order_data(placed_at=None), "no date of placing"),
        (replace(order_data(), lines=()), "no line"),
        (order_data("1", line(), line("", 1, "2")), "Line 2 (without a name) has no SKU"),
        (order_data("1", line(quantity=0)), "The quantity of line 1 is 0"),
        (order_data("1", line(quantity=-1)), "The quantity of line 1 is -1"),
        (order_data("1", line(quantity=2**31)), "The quantity of line 1 is 2147483648"),
        (
            order_data("1", line(), line("HAT", 1, "2")),
            "SKU HAT of line 2 is not in the catalogue: add the product",
        ),
        (
            order_data("1", line("CAP"), line("HAT", 1, "2")),
            "SKU CAP of line 1, SKU HAT of line 2 are not in the catalogue: add the products",
        ),
        (order_data("1", line(), line("TEE")), "Several lines have the identifier 1"),
        (order_data(total=Decimal("NaN")), "The order's total NaN is not an amount"),
        (order_data("1", line(price=Decimal(10) ** 10)), "is not an amount"),
    ],
)
def test_what_cannot_be_taken_over_is_parked_with_what_to_do(
    brand: Brand, record: OrderData, reason: str
) -> None:
    with pytest.raises(Park) as parked:
        brand.receive(record)
    assert reason in str(parked.value)
    assert "then retry" in str(parked.value)
    assert not Order.objects.exists()


def test_a_parked_order_is_taken_over_once_its_product_is_there(brand: Brand) -> None:
    record = order_data("1001", line("HAT"))
    with pytest.raises(Park):
        brand.receive(record)
    builders.product(brand.account, "hat", on_hand=1)
    assert brand.receive(record).outcome == Outcome.CREATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)


def test_a_product_of_another_account_is_unknown(brand: Brand) -> None:
    builders.product(builders.account("Stranger"), "HAT")
    with pytest.raises(Park):
        brand.receive(order_data("1001", line("HAT")))


def test_text_that_a_column_cannot_hold_is_cut(brand: Brand) -> None:
    record = order_data("1001", line(name="x" * 300), platform_status="a\x00b" * 60)
    brand.receive(record)
    assert len(brand.order().platform_status) == 60
    assert "\x00" not in brand.order().platform_status
    assert len(brand.order().lines.get().name) == 250
    assert brand.receive(record).outcome == Outcome.UNCHANGED


def test_lines_without_identifiers_keep_their_places(brand: Brand) -> None:
    record = order_data("1001", line("MUG", 1, ""), line("TEE", 1, ""))
    brand.receive(record)
    assert lines_of(brand.order()) == [("1", "MUG", 1), ("2", "TEE", 1)]
    assert brand.receive(record).outcome == Outcome.UNCHANGED


def test_the_same_record_twice_changes_nothing(brand: Brand) -> None:
    record = order_data("1001", line("MUG", 2, price=Decimal("1.123456")), total=Decimal("9.99999"))
    brand.receive(record)
    assert brand.receive(record).outcome == Outcome.UNCHANGED
    assert Shipment.objects.count() == 1
    assert brand.stock() == (10, 2)


def test_a_newer_revision_with_the_same_content_is_unchanged_and_remembered(brand: Brand) -> None:
    brand.receive(order_data())
    assert brand.receive(order_data(changed_at=LATER)).outcome == Outcome.UNCHANGED
    assert brand.order().revision_at == LATER


def test_an_older_revision_never_overwrites_a_newer_one(brand: Brand) -> None:
    brand.receive(order_data(changed_at=LATER))
    answer = brand.receive(order_data("1001", line("MUG", 9), email="old@example.com"))
    assert answer.outcome == Outcome.UNCHANGED
    assert brand.order().email == "buyer@example.com"
    assert brand.stock() == (10, 1)
    assert "older" in brand.log.of("info")[-1]


def test_other_content_of_an_equal_revision_is_applied(brand: Brand) -> None:
    brand.receive(order_data())
    moved = order_data(ship_to={"name": "A. Buyer", "city": "Köln"})
    assert brand.receive(moved).outcome == Outcome.UPDATED
    assert brand.order().ship_to["city"] == "Köln"


@pytest.mark.parametrize(
    "change",
    [
        {"email": "new@example.com"},
        {"total": Decimal("12.5")},
        {"platform_status": "on-hold"},
        {"number": "#1001-B"},
        {"ship_to": {"city": "Köln"}},
    ],
)
def test_a_change_of_an_unsent_order_is_applied(brand: Brand, change: dict[str, Any]) -> None:
    brand.receive(order_data())
    record = order_data(changed_at=LATER, **change)
    assert brand.receive(record).outcome == Outcome.UPDATED
    assert {name: getattr(brand.order(), name) for name in change} == change
    assert brand.receive(record).outcome == Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("lines", "stock", "states"),
    [
        ((line("MUG", 4),), {"MUG": 4, "TEE": 0}, ("fulfilling", "ready")),
        ((line("TEE", 1),), {"MUG": 0, "TEE": 1}, ("fulfilling", "ready")),
        ((line("MUG", 2), line("TEE", 3, "2")), {"MUG": 2, "TEE": 3}, ("fulfilling", "ready")),
        ((line("TEE", 5, "9"),), {"MUG": 0, "TEE": 5}, ("fulfilling", "ready")),
        ((line("MUG", 11),), {"MUG": 0, "TEE": 0}, ("approved", "backordered")),
    ],
)
def test_changed_lines_of_an_unsent_order_are_allocated_anew(
    brand: Brand,
    lines: tuple[LineData, ...],
    stock: dict[str, int],
    states: tuple[str, str],
) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    record = order_data("1001", *lines, changed_at=LATER)
    assert brand.receive(record).outcome == Outcome.UPDATED
    assert brand.states() == states
    assert {sku: brand.stock(sku)[1] for sku in stock} == stock
    assert lines_of(brand.order()) == [(one.external_id, one.sku, one.quantity) for one in lines]
    shipped = [(x.order_line.sku, x.quantity) for x in brand.shipment().lines.all()]
    assert shipped == [(one.sku, one.quantity) for one in lines]
    assert Shipment.objects.count() == 1


def test_stock_given_up_by_a_changed_order_goes_to_a_waiting_one(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 8)))
    brand.receive(order_data("1002", line("MUG", 5)))
    assert brand.states("1002") == (OrderStatus.APPROVED, ShipmentStatus.BACKORDERED)
    brand.receive(order_data("1001", line("MUG", 5), changed_at=LATER))
    assert brand.states("1001") == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert brand.states("1002") == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert brand.stock() == (10, 10)


def test_an_unknown_sku_in_a_change_parks_and_leaves_the_order_as_it_was(brand: Brand) -> None:
    brand.receive(order_data())
    with pytest.raises(Park, match="SKU HAT of line 1"):
        brand.receive(order_data("1001", line("HAT"), changed_at=LATER))
    assert lines_of(brand.order()) == [("1", "MUG", 1)]
    assert brand.stock() == (10, 1)


def test_a_finished_order_whose_shipment_is_unsent_is_pointed_out(brand: Brand) -> None:
    brand.receive(order_data())
    brand.receive(order_data(changed_at=LATER, platform_status="completed", final=True))
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert "finished at the platform" in brand.log.of("warning")[0]


@pytest.mark.parametrize("before", [{"awaits_payment": True}, {"cancelled": True}])
def test_an_order_that_is_finished_before_we_began_with_it_is_not_shipped_again(
    brand: Brand, before: dict[str, bool]
) -> None:
    """Paid and handed over at the counter, say."""
    brand.receive(order_data("1001", line("MUG", 2), **before))
    done = order_data("1001", line("MUG", 2), changed_at=LATER, final=True)
    assert brand.receive(done).outcome == Outcome.UPDATED
    assert brand.order().status == OrderStatus.SHIPPED
    assert brand.order().lines.get().shipped == 2
    assert not Shipment.objects.exclude(status=ShipmentStatus.CANCELLED).exists()
    assert brand.stock() == (10, 0)
    assert "on record as Shipped, not sent" in brand.log.of("info")[-1]
    assert brand.receive(replace(done, changed_at=LATER + timedelta(minutes=1))).outcome == (
        Outcome.UNCHANGED
    )


def test_an_order_that_has_come_back_whole_is_nothing_to_mend(brand: Brand) -> None:
    """All of it was sent, returned and refunded: a platform may list no line any more."""
    brand.receive(order_data())
    brand.send()
    refunded = order_data(
        changed_at=LATER, final=True, platform_status="refunded", total=Decimal(0)
    )
    brand.receive(replace(refunded, lines=()))
    assert brand.order().platform_status == "refunded"
    assert brand.order().lines.count() == 1
    assert brand.log.of("warning") == []


def test_an_order_refunded_whole_before_it_left_is_cancelled(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 3)))
    brand.receive(replace(order_data(changed_at=LATER, final=True), lines=()))
    assert brand.states() == (OrderStatus.CANCELLED, ShipmentStatus.CANCELLED)
    assert brand.stock() == (10, 0)


def test_an_unknown_order_that_has_no_line_any_more_is_left_out(brand: Brand) -> None:
    answer = brand.receive(replace(order_data(final=True), lines=()))
    assert answer.outcome == Outcome.UNCHANGED
    assert not Order.objects.exists()


def test_an_order_that_awaits_its_payment_is_a_draft_until_it_is_paid(brand: Brand) -> None:
    unpaid = order_data("1001", line("MUG"), awaits_payment=True)
    brand.receive(unpaid)
    assert brand.order().status == OrderStatus.DRAFT
    assert not Shipment.objects.exists()

    brand.receive(replace(unpaid, awaits_payment=False, changed_at=LATER))

    assert brand.order().status == OrderStatus.FULFILLING
    assert Shipment.objects.get().status == ShipmentStatus.READY


def test_an_order_that_was_not_paid_yet_stays_a_draft_where_drafts_are_wanted(
    brand: Brand,
) -> None:
    brand.shop.settings = {"new_order_status": "draft"}
    unpaid = order_data(awaits_payment=True)
    brand.receive(unpaid)
    brand.receive(replace(unpaid, awaits_payment=False, changed_at=LATER))
    assert brand.order().status == OrderStatus.DRAFT
    assert not brand.order().awaits_payment


def test_a_draft_that_was_to_be_looked_at_is_not_approved_by_a_reading(brand: Brand) -> None:
    brand.shop.settings = {"new_order_status": "draft"}
    brand.receive(order_data())
    brand.shop.settings = {"new_order_status": "approved"}
    brand.receive(order_data(changed_at=LATER, platform_status="on-hold"))
    assert brand.order().status == OrderStatus.DRAFT
    assert not Shipment.objects.exists()


def test_an_order_reopened_unpaid_waits_for_its_payment_again(brand: Brand) -> None:
    brand.receive(order_data())
    brand.receive(order_data(changed_at=LATER, cancelled=True))
    reopened = order_data(changed_at=LATER + timedelta(minutes=1), awaits_payment=True)
    brand.receive(reopened)
    assert brand.order().status == OrderStatus.DRAFT
    brand.receive(replace(reopened, awaits_payment=False))
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)
