"""Shipments reported to Medusa: fulfilled, shipped and labelled once, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from channels.connectors.base import ConnectorError, Permanent, ReportedLine, Transient
from channels.connectors.medusa import Medusa
from tests.channels.medusas import filled, report
from tests.medusa_books import Json
from tests.medusa_shop import SECRET, MedusaShop

Lines = list[tuple[str, str]]


def logged(shop: MedusaShop) -> tuple[Medusa, Lines]:
    lines: Lines = []
    return shop.connector(log=lambda level, message: lines.append((level, message))), lines


def labels(order: Json) -> list[list[str]]:
    return [
        [label["tracking_number"] for label in fulfillment["labels"]]
        for fulfillment in order["fulfillments"]
    ]


def stop_at(shop: MedusaShop, end: str) -> Callable[[httpx.Request], httpx.Response]:
    """The shop, until a POST to a path with this end: from there on it does not answer."""
    gone = False

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal gone
        gone = gone or (request.method == "POST" and request.url.path.endswith(end))
        if gone:
            raise httpx.ConnectError("no route")
        return shop.handle(request)

    return handle


def test_a_shipment_is_fulfilled_and_shipped_with_its_tracking_number() -> None:
    shop = filled("TEA-1", "MUG-1")
    order = shop.books.place({"TEA-1": 2, "MUG-1": 1})
    done = shop.connector().report_shipment(report(order, {"TEA-1": 2, "MUG-1": 1}))

    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2), "MUG-1": (1, 1)}
    assert labels(order) == [["1Z999"]]
    assert done.external_id == order["fulfillments"][0]["id"]
    assert order["fulfillments"][0]["metadata"]["omsauto_carrier"] == "UPS"
    assert shop.books.stock("TEA-1") == (8, 0)


def test_a_repetition_writes_nothing() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    first = shop.connector().report_shipment(report(order, {"TEA-1": 2}))
    writes = shop.asked("POST")
    connector, lines = logged(shop)

    assert connector.report_shipment(report(order, {"TEA-1": 2})) == first
    assert shop.asked("POST") == writes
    assert lines == []


def test_a_report_that_grew_adds_what_is_new() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 5})
    first = shop.connector().report_shipment(report(order, {"TEA-1": 1}))
    grown = report(order, {"TEA-1": 3}, external_id=first.external_id)
    shop.connector().report_shipment(grown)
    shop.connector().report_shipment(grown)

    assert shop.books.shipped(order["id"]) == {"TEA-1": (3, 3)}
    assert labels(order) == [["1Z999"], ["1Z999"]]


def test_each_shipment_finds_its_own_fulfillments() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 5})
    one = report(order, {"TEA-1": 2}, key="one", tracking="1Z-1")
    two = report(order, {"TEA-1": 2}, key="two", tracking="1Z-2")
    for each in (one, two, one, two):
        shop.connector().report_shipment(each)

    assert shop.books.shipped(order["id"]) == {"TEA-1": (4, 4)}
    assert labels(order) == [["1Z-1"], ["1Z-2"]]


@pytest.mark.parametrize("end", ["/fulfillments", "/shipments"])
def test_a_report_cut_short_is_completed_by_the_next_try(end: str) -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    torn = httpx.Client(transport=httpx.MockTransport(stop_at(shop, end)))
    secrets = {"api_key": shop.api_key, "webhook_secret": SECRET}
    with torn, pytest.raises(Transient):
        Medusa({"url": "https://api.shop.example"}, secrets, torn).report_shipment(
            report(order, {"TEA-1": 2})
        )
    assert shop.books.shipped(order["id"])["TEA-1"][1] == 0
    shop.connector().report_shipment(report(order, {"TEA-1": 2}))

    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2)}
    assert labels(order) == [["1Z999"]]


@pytest.mark.parametrize("end", ["/fulfillments", "/shipments"])
def test_an_answer_that_got_lost_makes_nothing_twice(end: str) -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 5})

    def lose(request: httpx.Request) -> httpx.Response:
        answer = shop.handle(request)
        if request.method == "POST" and request.url.path.endswith(end):
            raise httpx.ReadTimeout("timed out")
        return answer

    deaf = httpx.Client(transport=httpx.MockTransport(lose))
    with deaf, pytest.raises(Transient):
        Medusa({"url": "https://api.shop.example"}, {"api_key": "sk_test"}, deaf).report_shipment(
            report(order, {"TEA-1": 2})
        )
    shop.connector().report_shipment(report(order, {"TEA-1": 2}))
    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2)}


def test_a_shipment_without_a_tracking_number_has_no_label() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    for _ in range(2):
        shop.connector().report_shipment(report(order, {"TEA-1": 1}, tracking=""))
    assert labels(order) == [[]]
    assert shop.books.shipped(order["id"]) == {"TEA-1": (1, 1)}


def test_a_tracking_number_that_comes_too_late_is_said_to_be_missing() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    shop.connector().report_shipment(report(order, {"TEA-1": 2}, tracking=""))
    connector, lines = logged(shop)
    connector.report_shipment(report(order, {"TEA-1": 2}, tracking="1Z-LATE"))

    [(level, message)] = lines
    assert level == "warning"
    assert "1Z-LATE" in message


def test_goods_to_be_sent_and_others_are_never_in_one_fulfillment() -> None:
    shop = filled("TEA-1", "GIFT-CARD")
    order = shop.books.place({"TEA-1": 1, "GIFT-CARD": 1})
    order["items"][1]["requires_shipping"] = False
    sent = report(order, {"TEA-1": 1, "GIFT-CARD": 1})
    shop.connector().report_shipment(sent)
    shop.connector().report_shipment(sent)

    assert shop.books.shipped(order["id"]) == {"TEA-1": (1, 1), "GIFT-CARD": (1, 1)}
    assert len(order["fulfillments"]) == 2


def test_lines_of_nothing_are_left_out() -> None:
    shop = filled("TEA-1", "MUG-1")
    order = shop.books.place({"TEA-1": 1, "MUG-1": 1})
    shop.connector().report_shipment(report(order, {"TEA-1": 1, "MUG-1": 0}))
    assert shop.books.shipped(order["id"]) == {"TEA-1": (1, 1), "MUG-1": (0, 0)}


def test_goods_leave_from_the_location_of_the_channel() -> None:
    shop = filled()
    other = shop.books.add_location("Second warehouse")
    item = shop.books.item("TEA-1")
    item["location_levels"].append(
        {"location_id": other, "stocked_quantity": 7, "reserved_quantity": 0}
    )
    order = shop.books.place({"TEA-1": 2})
    shop.connector(location=other).report_shipment(report(order, {"TEA-1": 2}))
    assert shop.books.level("TEA-1", other)["stocked_quantity"] == 5
    assert shop.books.stock("TEA-1") == (10, 0)


# What the shop's staff does by hand


def by_hand(shop: MedusaShop, order: Json, quantity: int) -> Json:
    body = {"items": [{"id": order["items"][0]["id"], "quantity": quantity}]}
    made: Json = shop.books.fulfill(order["id"], body)["fulfillments"][-1]
    return made


def test_what_was_fulfilled_by_hand_is_sent_off_and_not_fulfilled_again() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    made = by_hand(shop, order, 2)
    sent = report(order, {"TEA-1": 2})
    first = shop.connector().report_shipment(sent)

    assert shop.connector().report_shipment(sent) == first
    assert first.external_id == made["id"]
    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2)}
    assert labels(order) == [["1Z999"]]


def test_a_repetition_sends_no_second_fulfillment_by_hand() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 4})
    by_hand(shop, order, 2)
    by_hand(shop, order, 2)
    for _ in range(2):
        shop.connector().report_shipment(report(order, {"TEA-1": 2}))
    assert shop.books.shipped(order["id"]) == {"TEA-1": (4, 2)}


def test_without_a_tracking_number_it_is_known_by_its_id() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 4})
    by_hand(shop, order, 2)
    by_hand(shop, order, 2)
    sent = report(order, {"TEA-1": 2}, tracking="")
    first = shop.connector().report_shipment(sent)
    again = replace(sent, external_id=first.external_id)

    assert shop.connector().report_shipment(again) == first
    assert shop.books.shipped(order["id"]) == {"TEA-1": (4, 2)}


def test_what_was_shipped_by_hand_is_left_as_it_is() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    made = by_hand(shop, order, 2)
    shop.books.ship(order["id"], made["id"], {})
    connector, lines = logged(shop)
    connector.report_shipment(report(order, {"TEA-1": 2}))

    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2)}
    assert [level for level, _ in lines] == ["warning"]
    assert "2 x TEA-1" in lines[0][1]


def test_a_cancelled_fulfillment_counts_for_nothing() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    made = by_hand(shop, order, 2)
    made["canceled_at"] = made["created_at"]
    made["metadata"] = {"omsauto_key": "shipment-1"}
    order["items"][0]["detail"]["fulfilled_quantity"] = 0
    shop.connector().report_shipment(report(order, {"TEA-1": 2}))
    assert shop.books.shipped(order["id"]) == {"TEA-1": (2, 2)}


# Refusals


def test_a_cancelled_order_takes_no_shipment() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2}, status="canceled")
    with pytest.raises(Permanent, match="has been canceled"):
        shop.connector().report_shipment(report(order, {"TEA-1": 2}))


def test_an_order_that_is_gone_takes_no_shipment() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    del shop.books.orders[order["id"]]
    with pytest.raises(Permanent, match="no longer has order 1"):
        shop.connector().report_shipment(report(order, {"TEA-1": 2}))


def test_a_line_that_is_gone_is_for_the_operator_to_settle() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    lost = ReportedLine("ordli_gone", "MUG-1", 1, 1)
    with pytest.raises(Permanent, match="MUG-1"):
        shop.connector().report_shipment(replace(report(order, {"TEA-1": 2}), lines=(lost,)))


@pytest.mark.parametrize("end", ["/fulfillments", "/shipments"])
def test_success_is_what_medusa_shows_not_its_status(end: str) -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    blank = {"order": {"id": order["id"], "items": [], "fulfillments": []}}

    def lie(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith(end):
            return httpx.Response(200, json=blank)
        return shop.handle(request)

    liar = httpx.Client(transport=httpx.MockTransport(lie))
    with liar, pytest.raises(Transient, match="does not show"):
        Medusa({"url": "https://api.shop.example"}, {"api_key": "sk_test"}, liar).report_shipment(
            report(order, {"TEA-1": 2})
        )


@pytest.mark.parametrize("broken", ["items", "fulfillments"])
def test_an_order_that_cannot_be_read_is_tried_again(broken: str) -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    sent = report(order, {"TEA-1": 2})
    order[broken] = None
    with pytest.raises(ConnectorError) as caught:
        shop.connector().report_shipment(sent)
    assert isinstance(caught.value, Transient)
