"""The Medusa connector against a real Medusa 2.21.2: started here, bought from, looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from channels.connectors.base import (
    BadSignature,
    Gone,
    Misconfigured,
    ProductData,
    ProductPush,
    StockTarget,
)
from channels.connectors.medusa import Medusa as Connector
from tests.real.medusa import Medusa, Shop
from tests.real.medusa.scene import (
    LATER,
    ORDERS,
    PRODUCTS,
    SECRET,
    UPDATES,
    TwoPerPage,
    heard,
    labels,
    listed,
    made,
    ordered,
    report,
    shipped,
)
from tests.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def medusa(receiver: WebhookReceiver) -> Iterator[Medusa]:
    with Medusa(webhook_url=receiver.url, webhook_secret=SECRET) as medusa:
        yield medusa


@pytest.fixture(scope="module")
def shop(medusa: Medusa) -> Iterator[Shop]:
    with Shop(medusa) as shop:
        shop.add_product("TEA-1", price=9.99, stock=100)
        shop.add_product("MUG-1", price=12.5, stock=100)
        yield shop


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture
def connector(shop: Shop, client: httpx.Client) -> Connector:
    return made(shop, client)


# Orders


def test_an_order_is_read_as_the_buyer_placed_it(shop: Shop, connector: Connector) -> None:
    order = ordered(connector, shop.place(TEA_1=3, MUG_1=1))

    # Medusa does not keep the lines of a cart in an order.
    assert {(line.sku, line.quantity, line.price) for line in order.lines} == {
        ("TEA-1", 3, Decimal("9.99")),
        ("MUG-1", 1, Decimal("12.5")),
    }
    assert (order.total, order.currency) == (Decimal("47.47"), "USD")
    assert order.ship_to == {
        "name": "Ada Byron",
        "company": "Engines",
        "street": "1 Main St",
        "street_2": "Floor 2",
        "city": "Austin",
        "state": "TX",
        "postcode": "78701",
        "country": "US",
        "phone": "+1 512 555 0100",
    }
    assert (order.awaits_payment, order.cancelled, order.final) == (False, False, False)
    assert abs(order.placed_at - datetime.now(UTC)) < timedelta(minutes=2)


def test_orders_are_found_by_window_and_by_id(shop: Shop, client: httpx.Client) -> None:
    connector = made(shop, client, TwoPerPage)
    placed = [shop.place(TEA_1=1) for _ in range(5)]
    first, last = ordered(connector, placed[0]), ordered(connector, placed[-1])
    window = listed(connector, ORDERS, first.changed_at, last.changed_at)

    assert [order.external_id for order in window][:4] == placed[:4]
    assert placed[0] not in {
        order.external_id
        for order in listed(connector, ORDERS, first.changed_at + timedelta(milliseconds=1))
    }
    before = connector.first_id_since(ORDERS, first.placed_at)
    assert before is not None
    after = [o.external_id for page in connector.pages_after(ORDERS, before) for o in page]
    assert after == placed
    assert connector.first_id_since(ORDERS, LATER) is None
    assert connector.recent_ids_start(placed[-1]) == ""


def test_a_cancelled_order_is_in_the_window_of_updates(shop: Shop, connector: Connector) -> None:
    order_id = shop.place(TEA_1=1)
    since = datetime.now(UTC)
    shop.cancel(order_id)

    [found] = [o for o in listed(connector, UPDATES, since) if o.external_id == order_id]
    assert (found.cancelled, found.platform_status) == (True, "canceled")


def test_trap_1_a_payment_moves_no_date_and_is_found_all_the_same(
    shop: Shop, connector: Connector
) -> None:
    order_id = shop.place(TEA_1=1)
    before, since = ordered(connector, order_id), datetime.now(UTC)
    shop.capture(order_id)

    assert ordered(connector, order_id).changed_at == before.changed_at
    assert order_id in [o.external_id for o in listed(connector, UPDATES, since)]


def test_an_order_that_is_not_there_is_gone(connector: Connector) -> None:
    assert connector.fetch(ORDERS, "order_01M8A2DRQD0FXK3YSANAMYYMG5") == Gone(
        "order_01M8A2DRQD0FXK3YSANAMYYMG5"
    )


def test_a_wrong_key_is_for_the_operator_to_correct(shop: Shop, client: httpx.Client) -> None:
    with pytest.raises(Misconfigured, match="credentials"):
        Connector({"url": shop.url}, {"api_key": "sk_wrong"}, client).test_connection()


# Shipments


def test_a_whole_shipment_is_shown_and_its_repetition_changes_nothing(
    shop: Shop, connector: Connector
) -> None:
    order = ordered(connector, shop.place(TEA_1=2, MUG_1=1))
    sent = report(order, "whole", "1Z-WHOLE", TEA_1=2, MUG_1=1)
    first = connector.report_shipment(sent)
    shown = shop.order(order.external_id)

    assert shipped(shop, order.external_id) == {"TEA-1": (2, 2), "MUG-1": (1, 1)}
    assert labels(shop, order.external_id) == [["1Z-WHOLE"]]
    assert connector.report_shipment(sent) == first
    assert shop.order(order.external_id) == shown
    assert ordered(connector, order.external_id).final


def test_partial_shipments_add_up(shop: Shop, connector: Connector) -> None:
    order = ordered(connector, shop.place(TEA_1=5))
    first = connector.report_shipment(report(order, "one", "1Z-A", TEA_1=1))
    assert shipped(shop, order.external_id) == {"TEA-1": (1, 1)}
    assert not ordered(connector, order.external_id).final

    grown = report(order, "one", "1Z-A", first.external_id, TEA_1=3)
    connector.report_shipment(grown)
    connector.report_shipment(grown)
    assert shipped(shop, order.external_id) == {"TEA-1": (3, 3)}

    connector.report_shipment(report(order, "two", "1Z-B", TEA_1=2))
    assert shipped(shop, order.external_id) == {"TEA-1": (5, 5)}
    assert sorted(labels(shop, order.external_id)) == [["1Z-A"], ["1Z-A"], ["1Z-B"]]
    assert ordered(connector, order.external_id).final


def test_a_fulfillment_whose_shipment_was_never_told_is_completed(
    shop: Shop, medusa: Medusa, client: httpx.Client, connector: Connector
) -> None:
    order = ordered(connector, shop.place(TEA_1=2))
    sent = report(order, "torn", "1Z-TORN", TEA_1=2)

    def stop_before_shipping(request: httpx.Request) -> None:
        if request.url.path.endswith("/shipments"):
            medusa.kill()

    dying = httpx.Client(timeout=60, event_hooks={"request": [stop_before_shipping]})
    with dying, pytest.raises(Exception, match="ConnectError"):
        made(shop, dying).report_shipment(sent)
    medusa.start()
    assert shipped(shop, order.external_id) == {"TEA-1": (2, 0)}

    made(shop, client).report_shipment(sent)
    assert shipped(shop, order.external_id) == {"TEA-1": (2, 2)}
    assert labels(shop, order.external_id) == [["1Z-TORN"]]


def test_what_the_staff_fulfilled_by_hand_is_sent_off_with_our_number(
    shop: Shop, connector: Connector
) -> None:
    order = ordered(connector, shop.place(TEA_1=2))
    shop.fulfill(order.external_id, {order.lines[0].external_id: 2})
    sent = report(order, "by-hand", "1Z-HAND", TEA_1=2)
    connector.report_shipment(sent)
    connector.report_shipment(sent)

    assert shipped(shop, order.external_id) == {"TEA-1": (2, 2)}
    assert labels(shop, order.external_id) == [["1Z-HAND"]]


# Stock


def test_trap_16_stock_is_what_a_buyer_can_have_beside_what_is_reserved(
    shop: Shop, connector: Connector
) -> None:
    shop.add_product("RESERVED-1", stock=10)
    shop.place(RESERVED_1=3)
    assert shop.stock("RESERVED-1") == (10, 3, 7)
    [item] = connector.listings(["reserved-1", "NO-SUCH"])["reserved-1"]

    assert connector.set_stock([StockTarget(item, "RESERVED-1", 4)]) == []
    assert shop.stock("RESERVED-1") == (7, 3, 4)
    assert connector.set_stock([StockTarget(item, "RESERVED-1", 0)]) == []
    assert shop.stock("RESERVED-1") == (3, 3, 0)


def test_stock_of_many_is_set_and_what_is_unknown_is_refused(
    shop: Shop, client: httpx.Client
) -> None:
    elsewhere = shop.add_location("Second warehouse")
    connector = made(shop, client, location=elsewhere)
    found = connector.listings(["TEA-1", "MUG-1"])
    targets = [StockTarget(found[sku][0], sku, 8) for sku in ("TEA-1", "MUG-1")]
    refused = connector.set_stock([*targets, StockTarget("iitem_nothing", "NO", 8)])

    assert [one.external_id for one in refused] == ["iitem_nothing"]
    assert shop.stock("TEA-1", elsewhere) == (8, 0, 8)
    assert shop.stock("MUG-1", elsewhere) == (8, 0, 8)


def test_a_location_that_is_not_there_gets_no_stock(shop: Shop, client: httpx.Client) -> None:
    connector = made(shop, client, location="sloc_nothing")
    [item] = connector.listings(["TEA-1"])["TEA-1"]
    with pytest.raises(Misconfigured, match="sloc_nothing"):
        connector.set_stock([StockTarget(item, "TEA-1", 8)])


# Products


def test_products_are_imported_with_each_variant(shop: Shop, connector: Connector) -> None:
    since = datetime.now(UTC)
    product = shop.add_product("SHIRT-S,SHIRT-M", price=19.9, name="Shirt")
    by_sku = {found.sku: found for found in listed(connector, PRODUCTS, since)}

    assert {"SHIRT-S", "SHIRT-M"} <= set(by_sku)
    small = by_sku["SHIRT-S"]
    assert (small.name, small.price, small.currency) == (
        "Shirt - SHIRT-S",
        Decimal("19.9"),
        "USD",
    )
    assert small.external_id in {variant["id"] for variant in product["variants"]}
    assert connector.fetch(PRODUCTS, small.external_id) == small
    assert connector.fetch(PRODUCTS, "variant_nothing") == Gone("variant_nothing")


def test_trap_1_a_variant_that_changed_without_its_product_is_in_the_window(
    shop: Shop, connector: Connector
) -> None:
    product = shop.add_product("ALONE-1")
    since = datetime.now(UTC)
    variant = product["variants"][0]["id"]
    shop.admin("POST", f"products/{product['id']}/variants/{variant}", {"barcode": "4006381"})

    [found] = listed(connector, PRODUCTS, since)
    assert (found.external_id, found.barcode) == (variant, "4006381")


def test_an_exported_product_can_be_bought(shop: Shop, connector: Connector) -> None:
    push = ProductPush("NEW-1", "New thing", "5901234", Decimal("10.10"), "USD")
    variant = connector.export_product(push).external_id
    again = connector.export_product(push).external_id
    [item] = connector.listings(["NEW-1"])["NEW-1"]
    connector.set_stock([StockTarget(item, "NEW-1", 5)])
    order = ordered(connector, shop.place(NEW_1=2))
    connector.report_shipment(report(order, "new", "1Z-NEW", NEW_1=2))

    assert again == variant
    assert [(line.sku, line.price) for line in order.lines] == [("NEW-1", Decimal("10.10"))]
    assert shipped(shop, order.external_id) == {"NEW-1": (2, 2)}


def test_an_exported_change_leaves_other_prices_alone(shop: Shop, connector: Connector) -> None:
    variant = connector.export_product(
        ProductPush("PRICED-1", "Priced", price=Decimal(10), currency="EUR")
    ).external_id
    connector.export_product(
        ProductPush("priced-1", "Priced", price=Decimal("11.5"), currency="USD")
    )
    connector.export_product(
        ProductPush("PRICED-1", "Renamed", "77", Decimal("12.25"), "USD", external_id=variant)
    )
    product = shop.product_of("PRICED-1")

    prices = product["variants"][0]["prices"]
    assert {price["currency_code"]: price["amount"] for price in prices} == {
        "eur": 10,
        "usd": Decimal("12.25"),
    }
    assert (product["title"], product["variants"][0]["barcode"]) == ("Renamed", "77")
    euro = connector.fetch(PRODUCTS, variant)
    assert isinstance(euro, ProductData)
    assert (euro.price, euro.currency) == (Decimal(10), "EUR")


# Events


def test_trap_20_the_subscriber_of_the_page_names_the_order_behind_every_id(
    shop: Shop, connector: Connector, receiver: WebhookReceiver
) -> None:
    receiver.received.clear()
    order = ordered(connector, shop.place(TEA_1=1))
    connector.report_shipment(report(order, "event", "1Z-E", TEA_1=1))
    shop.capture(order.external_id)
    product = shop.add_product("EVENT-1")
    wanted = {
        "order.placed": order.external_id,
        "order.fulfillment_created": order.external_id,
        "shipment.created": order.external_id,
        "payment.captured": order.external_id,
        "product.created": product["variants"][0]["id"],
    }
    told = heard(receiver, connector, set(wanted))

    assert {topic: told[topic] for topic in wanted} == {t: (i,) for t, i in wanted.items()}
    one = receiver.received[0]
    with pytest.raises(BadSignature):
        connector.verify(one.headers, one.body + b" ", datetime.now(UTC))
