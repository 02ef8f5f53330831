"""Deliveries: signed, thin, one per change, tried again, dropped on request."""

import json
import sqlite3
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.sandbox_server import SECRET, SandboxServer, Shop, Warehouse
from tests.webhook_receiver import WebhookReceiver


def told(receiver: WebhookReceiver) -> list[tuple[str, str]]:
    """(topic, id) of all that was received, in order of creation."""
    bodies = [json.loads(each.body) for each in receiver.received]
    bodies.sort(key=lambda body: body["timestamp"])
    return [(body["type"], body["data"]["id"]) for body in bodies]


def test_a_delivery_verifies_with_the_library_of_standard_webhooks(
    shop: Shop, receiver: WebhookReceiver
) -> None:
    shop.send_webhooks_to(receiver.url)
    order = shop.place_order("A")
    shop.wait_for_deliveries()
    (delivery,) = receiver.received
    body = Webhook(SECRET).verify(delivery.body, delivery.headers)
    assert (body["type"], body["data"]) == ("order.created", {"id": str(order["id"])})


def test_a_shop_announces_each_change_once(shop: Shop, receiver: WebhookReceiver) -> None:
    shop.send_webhooks_to(receiver.url)
    product = shop.add_product("A")["id"]
    shop.wait_for_deliveries()
    shop.change_product(product, name="Apple")
    order = shop.place_order("A")["id"]
    shop.wait_for_deliveries()
    shop.change(order, quantity=2)
    shop.cancel(order)
    shop.cancel(order)
    shop.delete(order)
    assert shop.wait_for_deliveries()["sent"] == 6
    assert sorted(told(receiver)) == [
        ("order.created", str(order)),
        *[("order.updated", str(order))] * 3,
        ("product.created", str(product)),
        ("product.updated", str(product)),
    ]


def test_a_warehouse_announces_progress_and_stock(
    warehouse: Warehouse, receiver: WebhookReceiver
) -> None:
    warehouse.send_webhooks_to(receiver.url)
    warehouse.set_stock("A", 5)
    number = warehouse.receive("S-1", {"A": 2})["id"]
    warehouse.pick(number)
    warehouse.ship(number)
    warehouse.wait_for_deliveries()
    assert sorted(told(receiver)) == [
        *[("shipment.updated", str(number))] * 2,
        *[("stock.updated", "A")] * 2,
    ]


def test_no_target_means_no_deliveries(shop: Shop) -> None:
    shop.place_order("A")
    assert shop.deliveries() == []


def test_a_failed_delivery_is_tried_again_under_the_same_id(
    shop: Shop, receiver: WebhookReceiver
) -> None:
    receiver.answers = [503, 500]
    shop.send_webhooks_to(receiver.url)
    shop.place_order("A")
    assert shop.wait_for_deliveries()["sent"] == 1
    assert len(receiver.received) == 3
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert len({each.body for each in receiver.received}) == 1


def test_after_three_tries_the_sender_gives_up(shop: Shop, receiver: WebhookReceiver) -> None:
    receiver.answers = [503] * 9
    shop.send_webhooks_to(receiver.url)
    shop.place_order("A")
    assert shop.wait_for_deliveries()["failed"] == 1
    assert len(receiver.received) == 3
    assert [(d["tries"], d["answer"]) for d in shop.deliveries()] == [(3, "503")]


def test_a_target_that_is_away_counts_as_failed(shop: Shop) -> None:
    with WebhookReceiver() as gone:
        url = gone.url
    shop.send_webhooks_to(url)
    shop.place_order("A")
    assert shop.wait_for_deliveries()["failed"] == 1
    assert "Connection" in shop.deliveries()[0]["answer"]


@pytest.mark.parametrize("reason", [{"drop_share": 100}, {"webhook_active": False}])
def test_dropped_webhooks_are_listed_and_can_be_sent_late(
    shop: Shop, receiver: WebhookReceiver, reason: dict[str, object]
) -> None:
    shop.send_webhooks_to(receiver.url)
    shop.configure(**reason)
    shop.place_order("A")
    assert shop.wait_for_deliveries()["dropped"] == 1
    assert receiver.received == []
    shop.configure(drop_share=0, webhook_active=True)
    shop.resend(shop.deliveries()[0]["id"])
    assert shop.wait_for_deliveries()["sent"] == 1
    assert len(receiver.received) == 1


def test_a_share_of_webhooks_is_dropped(shop: Shop, receiver: WebhookReceiver) -> None:
    shop.send_webhooks_to(receiver.url)
    shop.drop_webhooks(50)
    shop.place_orders(200)
    counts = shop.wait_for_deliveries()
    assert counts["sent"] + counts["dropped"] == 200
    assert 50 < counts["dropped"] < 150


def test_a_repeated_delivery_is_a_true_duplicate(shop: Shop, receiver: WebhookReceiver) -> None:
    shop.send_webhooks_to(receiver.url)
    shop.place_order("A")
    shop.wait_for_deliveries()
    shop.resend(shop.deliveries()[0]["id"])
    shop.wait_for_deliveries()
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_places_have_targets_of_their_own(
    sandbox: SandboxServer, receiver: WebhookReceiver
) -> None:
    with WebhookReceiver() as other:
        first, second = sandbox.shop("first"), sandbox.shop("second")
        first.send_webhooks_to(receiver.url)
        second.send_webhooks_to(other.url)
        first.place_order("A")
        second.place_orders(2)
        first.wait_for_deliveries()
        second.wait_for_deliveries()
        assert (len(receiver.received), len(other.received)) == (1, 2)


def registered(api: httpx.Client, topic: str, url: str, secret: str = SECRET) -> httpx.Response:
    return api.post("/webhooks", json={"topic": topic, "url": url, "secret": secret})


def test_registered_webhooks_and_the_one_of_the_page_are_told_apart(
    shop: Shop, shop_api: httpx.Client, receiver: WebhookReceiver
) -> None:
    with WebhookReceiver() as other:
        shop.send_webhooks_to(receiver.url)
        registered(shop_api, "order.created", other.url)
        registered(shop_api, "order.updated", other.url)
        shop.place_order("A")
        shop.wait_for_deliveries()
        assert (told(receiver), len(other.received)) == (told(other), 1)
    ids = {each.headers["webhook-id"] for each in (*receiver.received, *other.received)}
    assert len(ids) == 2


def test_a_webhook_that_makes_no_sense_is_not_registered(shop_api: httpx.Client) -> None:
    url = "http://127.0.0.1:9/"
    for body in (("order.lost", url), ("order.created", "nowhere"), ("order.created", url, "x")):
        assert registered(shop_api, *body).status_code == 422
    assert shop_api.get("/webhooks").json()["data"] == []


def test_a_webhook_is_removed_by_number_and_topic(shop_api: httpx.Client) -> None:
    number = registered(shop_api, "order.created", "http://127.0.0.1:9/").json()["id"]
    assert shop_api.delete(f"/webhooks/{number}/order.updated").status_code == 404
    assert shop_api.delete(f"/webhooks/{number}/order.created").status_code == 200
    assert shop_api.delete(f"/webhooks/{number}/order.created").status_code == 404


def test_what_waited_for_a_removed_webhook_is_dropped(
    shop: Shop, shop_api: httpx.Client, receiver: WebhookReceiver
) -> None:
    number = registered(shop_api, "order.created", receiver.url).json()["id"]
    shop.place_order("A")
    shop.wait_for_deliveries()
    shop_api.delete(f"/webhooks/{number}/order.created")
    shop.resend(shop.deliveries()[0]["id"])
    assert shop.wait_for_deliveries()["dropped"] == 1
    assert len(receiver.received) == 1


def test_a_state_file_from_before_webhooks_could_be_registered_still_works(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    state = tmp_path / "state.db"
    with SandboxServer(state=state) as sandbox:
        sandbox.shop("old", webhook_url=receiver.url, drop_share=100).place_order("A")
    with sqlite3.connect(state) as db:
        db.execute("alter table deliveries drop column hook")
    db.close()
    with SandboxServer(state=state) as sandbox:
        shop = sandbox.shop("old")
        shop.resend(shop.deliveries()[0]["id"])
        assert shop.wait_for_deliveries()["sent"] == 1
