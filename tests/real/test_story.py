"""An order placed in Medusa ships in Tryton, and Medusa shows it: with nothing lost or doubled."""

from __future__ import annotations

import time

import pytest

from tests.real.story import SKU, STOCK, Story

pytestmark = [pytest.mark.real, pytest.mark.postgres]

BURST = 6


@pytest.fixture(scope="module")
def stocked(story: Story) -> Story:
    """A product that was made in Tryton is for sale in Medusa, with Tryton's stock."""
    tryton, oms = story.tryton.warehouse, story.omsauto
    began = time.monotonic()
    make_product(story)
    tryton.count(SKU, STOCK)
    oms.pull(
        story.depot,
        "import_products",
        lambda: oms.rows("products/", sku=SKU),
        "the product is in the catalogue",
    )
    oms.run(story.sales, "export_products")
    oms.pull(story.depot, "receive_inventory", lambda: on_hand(story) == STOCK, "it is counted")
    oms.wait(lambda: available(story) == STOCK, "Medusa has Tryton's stock")
    story.say(f"product and stock: Tryton to Medusa in {time.monotonic() - began:.0f} s")
    return story


def on_hand(story: Story) -> int:
    """At the warehouse, as omsauto has it."""
    return sum(one["on_hand"] for one in story.omsauto.rows("stock-levels/", sku=SKU))


def available(story: Story) -> int:
    """To a buyer in Medusa."""
    return (story.shop.stock(SKU) or (0, 0, 0))[2]


def make_product(story: Story) -> None:
    call = story.tryton.warehouse.call
    unit = call("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)[0]
    category = call("product.category.search", [["accounting", "=", True]], 0, 1, None)[0]
    template = {
        "name": "Kettle",
        "type": "goods",
        "default_uom": unit,
        "salable": True,
        "sale_uom": unit,
        "list_price": {"__class__": "Decimal", "decimal": "24.50"},
        "account_category": category,
        "products": [["create", [{"suffix_code": SKU}]]],
    }
    call("product.template.create", [template])


def test_a_product_made_in_the_master_source_appears_in_the_shop(stocked: Story) -> None:
    product = stocked.shop.product_of(SKU)

    assert product["title"] == "Kettle"
    assert stocked.shop.stock(SKU) == (STOCK, 0, STOCK)
    assert [one["sku"] for one in stocked.omsauto.rows("products/", sku=SKU)] == [SKU]


@pytest.mark.parametrize("mode", ["webhook", "recurring", "recurring_by_id"])
def test_an_order_arrives_once_ships_and_is_shown_with_its_tracking(
    stocked: Story, mode: str
) -> None:
    oms, began = stocked.omsauto, time.monotonic()
    oms.set_mode(stocked.sales, mode)
    external_id = stocked.shop.place(KETTLE_1=2)
    if mode != "webhook":
        oms.pull(
            stocked.sales,
            "receive_orders",
            lambda: stocked.arrived(external_id),
            f"order {external_id} is found by {mode}",
        )
    oms.wait(lambda: stocked.arrived(external_id), f"order {external_id} arrives by {mode}")
    arrived = time.monotonic() - began

    oms.run(stocked.depot, "send_shipments")
    sent = stocked.shipment(external_id)
    [shipment] = stocked.tryton_shipments(sent)
    stocked.tryton.warehouse.ship(shipment, f"1Z-{mode}")
    oms.pull(
        stocked.depot,
        "receive_shipments",
        lambda: stocked.order(external_id)["status"] == "shipped",
        f"order {external_id} is shipped",
    )
    oms.run(stocked.sales, "send_order_updates")

    assert stocked.shown(external_id) == {"state": "shipped", "tracking": [f"1Z-{mode}"]}
    oms.run(stocked.sales, "send_order_updates")
    assert stocked.shown(external_id)["tracking"] == [f"1Z-{mode}"]
    assert len(oms.orders(stocked.sales, external_id)) == 1
    seconds = time.monotonic() - began
    stocked.say(f"order by {mode}: arrived after {arrived:.1f} s, all of it {seconds:.0f} s")


def test_stock_that_changes_in_the_warehouse_arrives_in_the_shop(stocked: Story) -> None:
    began = time.monotonic()
    stocked.tryton.warehouse.count(SKU, 61)
    stocked.omsauto.pull(
        stocked.depot, "receive_inventory", lambda: on_hand(stocked) == 61, "it is counted"
    )
    stocked.omsauto.wait(lambda: available(stocked) == 61, "Medusa has the new stock")
    stocked.say(f"stock: Tryton to Medusa in {time.monotonic() - began:.0f} s")


def test_a_shop_that_is_killed_in_the_middle_loses_and_doubles_no_order(stocked: Story) -> None:
    """Events name the orders; the shop dies before they can be read, and comes back."""
    oms, began = stocked.omsauto, time.monotonic()
    oms.set_mode(stocked.sales, "webhook")
    oms.patch(f"channels/{stocked.sales}/jobs/receive_orders/", webhook_delay_minutes=None)
    placed = [stocked.shop.place(KETTLE_1=1) for _ in range(BURST)]
    stocked.medusa.kill()
    time.sleep(3)
    stocked.medusa.start()
    placed += [stocked.shop.place(KETTLE_1=1) for _ in range(2)]
    oms.wait(lambda: all(stocked.arrived(one) for one in placed), "all orders have arrived")
    oms.run(stocked.sales, "receive_orders")

    counts = [len(oms.orders(stocked.sales, one)) for one in placed]
    assert counts == [1] * len(placed)
    stocked.say(f"Medusa killed: {len(placed)} orders once, in {time.monotonic() - began:.0f} s")


def test_a_warehouse_that_is_killed_in_the_middle_gets_each_shipment_once(stocked: Story) -> None:
    oms, began = stocked.omsauto, time.monotonic()
    before = len(stocked.tryton.warehouse.call("sale.sale.search", [], 0, None, None))
    waiting = [one for one in oms.rows("shipments/") if one["status"] == "ready"]
    assert len(waiting) >= BURST
    run = oms.start(stocked.depot, "send_shipments")
    oms.wait(lambda: oms.call("GET", f"runs/{run}/")["read"] >= 2, "two are sent or under way")
    stocked.tryton.kill()
    time.sleep(2)
    stocked.tryton.start()
    ended = oms.ended(run)

    assert (ended["status"], ended["parked"]) == ("succeeded", 0), str(
        (ended["log"], oms.rows("parked/"))
    )
    after = len(stocked.tryton.warehouse.call("sale.sale.search", [], 0, None, None))
    assert after - before == len(waiting)
    sent = {one["id"]: one["status"] for one in oms.rows("shipments/")}
    assert {sent[one["id"]] for one in waiting} == {"sent"}
    seconds = time.monotonic() - began
    stocked.say(f"Tryton killed: {len(waiting)} shipments once, in {seconds:.0f} s")
