"""Receive Shipments and Receive Inventory from Tryton."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from channels.connectors.base import Gone
from channels.connectors.tryton import rpc
from channels.enums import JobType
from tests.channels.tryton_scene import (
    LONG_AGO,
    SHIPMENTS,
    request,
    sent,
    shipment,
    shipments,
    shipped,
    stock,
)
from tests.fake_tryton.server import TrytonServer

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def tryton() -> Iterator[TrytonServer]:
    with TrytonServer() as server:
        yield server


def later(tryton: TrytonServer) -> datetime:
    """An instant after all that has happened."""
    return tryton.business.tables.now() + timedelta(microseconds=1)


# States and quantities


def test_nothing_has_shipped_before_it_has_left(tryton: TrytonServer) -> None:
    sale, out = sent(tryton)
    connector = tryton.connector()
    states = [shipment(connector, sale)]
    for step in ("assign", "pick", "pack"):
        tryton.business.step(out, step)
        states.append(shipment(connector, sale))

    assert [one.platform_status for one in states] == ["waiting", "assigned", "picked", "packed"]
    for one in states:
        assert (one.lines, one.shipped_at, one.done, one.cancelled) == ((), None, False, False)
        assert (one.external_id, one.reference) == (sale, "key-1")


def test_what_has_left_comes_with_quantities_carrier_and_tracking(tryton: TrytonServer) -> None:
    sale, out = sent(tryton)
    tryton.business.ship(out, "TRACK-1")

    record = shipment(tryton.connector(), sale)

    assert shipped(record) == {"TEA-1": 3, "CUP-1": 2}
    assert (record.carrier, record.tracking) == ("Parcel Post", "TRACK-1")
    assert (record.platform_status, record.done, record.cancelled) == ("done", True, False)
    assert record.shipped_at is not None
    assert record.shipped_at <= record.changed_at


def test_a_short_shipment_is_the_sum_of_its_parts_and_done_with_the_last(
    tryton: TrytonServer,
) -> None:
    sale, out = sent(tryton)
    connector = tryton.connector()

    tryton.business.ship(out, "TRACK-1", p1=1)
    first = shipment(connector, sale)
    rest = tryton.business.shipments(int(sale))[1]
    tryton.business.ship(rest, "TRACK-2")
    last = shipment(connector, sale)

    assert (shipped(first), first.done) == ({"TEA-1": 1, "CUP-1": 2}, False)
    assert first.platform_status == "done, waiting"
    assert (shipped(last), last.done) == ({"TEA-1": 3, "CUP-1": 2}, True)
    assert last.tracking == "TRACK-1, TRACK-2"
    assert last.external_id == first.external_id == sale


def test_a_shipment_is_not_done_before_tryton_has_looked_for_a_rest(tryton: TrytonServer) -> None:
    """The shipment is done first; the sale is processed, and the rest appears, a moment later."""
    sale, out = sent(tryton)
    tryton.business._process = lambda sale: None  # type: ignore[method-assign]
    tryton.business.ship(out, "TRACK-1", p1=1)

    assert not shipment(tryton.connector(), sale).done


def test_a_cancelled_shipment_is_cancelled(tryton: TrytonServer) -> None:
    sale, out = sent(tryton)
    tryton.business.step(out, "cancel")
    record = shipment(tryton.connector(), sale)
    assert (record.cancelled, record.done, record.lines) == (True, True, ())


def test_a_cancelled_sale_is_cancelled(tryton: TrytonServer) -> None:
    tryton.ignored.add("sale.sale.quote")
    with pytest.raises(Exception, match="stays draft"):
        tryton.connector().send_shipment(request())
    tryton.business.tables.write("sale.sale", [1], {"state": "cancelled"})
    record = shipment(tryton.connector(), "1")
    assert (record.cancelled, record.platform_status) == (True, "cancelled")


def test_a_cancelled_rest_leaves_what_has_shipped_and_waits_for_a_decision(
    tryton: TrytonServer,
) -> None:
    """In Tryton someone must say whether the rest is made anew or let go."""
    sale, out = sent(tryton)
    connector = tryton.connector()
    tryton.business.ship(out, "TRACK-1", p1=1)
    rest = tryton.business.shipments(int(sale))[1]
    tryton.business.label(rest, "NEVER-SENT")
    tryton.business.step(rest, "cancel")
    undecided = shipment(connector, sale)
    tryton.business.tables.write("sale.sale", [int(sale)], {"shipment_state": "sent"})
    decided = shipment(connector, sale)

    assert (undecided.cancelled, undecided.done) == (False, False)
    assert (decided.cancelled, decided.done) == (False, True)
    assert (shipped(decided), decided.tracking) == ({"TEA-1": 1, "CUP-1": 2}, "TRACK-1")


def test_two_sales_in_one_shipment_keep_their_quantities_apart(tryton: TrytonServer) -> None:
    sale, out = sent(tryton, TEA=2)
    other = tryton.connector().send_shipment(request("key-2", TEA=1)).external_id
    moves = tryton.business.tables.rows["stock.move"].values()
    for move in moves:
        if move["shipment"] == "stock.shipment.out,2":
            move["shipment"] = f"stock.shipment.out,{out}"
    tryton.business.ship(out, "TRACK-1")

    connector = tryton.connector()
    assert shipped(shipment(connector, sale)) == {"TEA-1": 2}
    assert shipped(shipment(connector, other)) == {"TEA-1": 1}


# Windows


def test_a_sale_that_was_never_written_again_is_in_its_window(tryton: TrytonServer) -> None:
    """Trap 2: `write_date` is empty until the first change."""
    before = later(tryton)
    values = {"web_id": "fresh", "company": tryton.business.company}
    fresh = tryton.business.create("sale.sale", values)

    assert tryton.business.tables.rows["sale.sale"][fresh]["write_date"] is None
    assert [one.external_id for one in shipments(tryton.connector(), before)] == [str(fresh)]
    assert shipments(tryton.connector(), later(tryton)) == []


@pytest.mark.parametrize("change", ["step", "label", "relabel"])
def test_any_change_of_a_shipment_is_in_its_window(tryton: TrytonServer, change: str) -> None:
    """A tracking number that is entered later changes neither sale nor shipment, only a package."""
    sale, out = sent(tryton)
    box = tryton.business.label(out, "OLD")
    before = later(tryton)
    assert shipments(tryton.connector(), before) == []

    if change == "step":
        tryton.business.step(out, "assign")
    elif change == "label":
        tryton.business.label(out, "NEW")
    else:
        tryton.business.tables.write("stock.package", [box], {"shipping_reference": "NEW"})

    (record,) = shipments(tryton.connector(), before)
    assert record.external_id == sale
    assert record.changed_at >= before


def test_the_boundary_belongs_to_the_window(tryton: TrytonServer) -> None:
    with time_machine.travel(NOON, tick=False):
        sale, _ = sent(tryton)
        changed = shipment(tryton.connector(), sale).changed_at
    assert shipments(tryton.connector(), changed)
    assert not shipments(tryton.connector(), changed + timedelta(microseconds=1))


def test_sales_made_by_hand_are_left_out(tryton: TrytonServer) -> None:
    tryton.business.create("sale.sale", {"web_id": None, "company": tryton.business.company})
    assert shipments(tryton.connector()) == []
    assert list(tryton.connector().pages_after(SHIPMENTS, "")) == []

    sale, out = sent(tryton)
    tryton.business.tables.rows["sale.sale"][int(sale)]["web_id"] = None
    tryton.business.step(out, "assign")
    assert shipments(tryton.connector()) == []


def test_pages_are_asked_for_by_id_so_that_none_is_lost(
    tryton: TrytonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sale that leaves the list between two pages must not move another one out of sight."""
    monkeypatch.setattr(rpc, "PAGE", 2)
    connector = tryton.connector()
    for place in range(5):
        connector.send_shipment(request(f"key-{place}"))
    pages = connector.pages(SHIPMENTS, LONG_AGO, LONG_AGO)
    first = next(pages)
    tryton.business.tables.rows["sale.sale"][1]["web_id"] = None
    rest = [one for page in pages for one in page]

    assert [one.external_id for one in (*first, *rest)] == ["1", "2", "3", "4", "5"]


# By id


def test_by_id_begins_after_the_last_one_seen(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    for place in range(3):
        connector.send_shipment(request(f"key-{place}"))
    later_ones = [one.external_id for page in connector.pages_after(SHIPMENTS, "1") for one in page]
    assert later_ones == ["2", "3"]


def test_the_first_id_is_that_before_the_first_sale_made_since(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    assert connector.first_id_since(SHIPMENTS, LONG_AGO) is None
    connector.send_shipment(request("key-1"))
    since = later(tryton)
    connector.send_shipment(request("key-2"))
    assert connector.first_id_since(SHIPMENTS, LONG_AGO) == "0"
    assert connector.first_id_since(SHIPMENTS, since) == "1"


@pytest.mark.parametrize("external_id", ["99", "nonsense", "", "9" * 30, "-1", "²"])
def test_what_is_not_there_is_gone(tryton: TrytonServer, external_id: str) -> None:
    for job_type in (SHIPMENTS, JobType.IMPORT_PRODUCTS):
        assert tryton.connector().fetch(job_type, external_id) == Gone(external_id)


# Stock


def test_on_hand_counts_what_is_picked_until_it_has_left(tryton: TrytonServer) -> None:
    """omsauto holds these goods as allocated until they are shipped: they must still be there."""
    _, out = sent(tryton)
    connector = tryton.connector()
    seen = [stock(connector)]
    for step in ("assign", "pick", "pack", "done"):
        tryton.business.step(out, step)
        seen.append(stock(connector))

    assert seen == [{"TEA-1": 50, "CUP-1": 5}] * 4 + [{"TEA-1": 47, "CUP-1": 3}]


def test_a_count_says_by_when_it_was_made(tryton: TrytonServer) -> None:
    """What left the house before is missing from it already."""
    [page] = tryton.connector().pages(JobType.RECEIVE_INVENTORY, NOON - timedelta(hours=1), NOON)
    assert {record.changed_at for record in page} == {NOON}


def test_goods_that_are_not_put_away_are_not_on_hand(tryton: TrytonServer) -> None:
    tryton.business.move(1, 7, "LOST", "IN")
    assert stock(tryton.connector())["TEA-1"] == 50


def test_an_output_zone_within_the_storage_zone_is_counted_once(tryton: TrytonServer) -> None:
    places = tryton.business.places
    tryton.business.tables.rows["stock.location"][places["OUT"]]["parent"] = places["STO"]
    assert stock(tryton.connector()) == {"TEA-1": 50, "CUP-1": 5}
    _, out = sent(tryton)
    tryton.business.step(out, "assign")
    tryton.business.step(out, "pick")
    assert stock(tryton.connector()) == {"TEA-1": 50, "CUP-1": 5}


@pytest.mark.parametrize(("quantity", "on_hand"), [(-4, 0), (2.75, 2), (2.9999999, 3), (0, 0)])
def test_on_hand_is_whole_and_never_below_zero(
    tryton: TrytonServer, quantity: float, on_hand: int
) -> None:
    product = tryton.business.add_product("POT-1")
    tryton.business.move(product, quantity, "LOST", "STO")
    assert stock(tryton.connector())["POT-1"] == on_hand


def test_every_product_with_a_code_is_counted_and_nothing_else(tryton: TrytonServer) -> None:
    tryton.business.add_product("", "Without a code", stock=3)
    tryton.business.add_product("CARRIAGE", type="service")
    gone = tryton.business.add_product("OLD-1", stock=3)
    tryton.business.write("product.product", [gone], {"active": False})
    tryton.business.add_product("ZERO-1")
    assert stock(tryton.connector()) == {"TEA-1": 50, "CUP-1": 5, "ZERO-1": 0}
