"""The page of a trace, and the ways that lead there."""

from __future__ import annotations

from jobs.models import RecordChange
from oms.models import Order, SkuMapping
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.builders import NOW
from tests.pages.conftest import Brand


def order(brand: Brand) -> Order:
    builders.product(brand.account, on_hand=5)
    ReceiveOrders().apply(builders.context(brand.shop), builders.order_data())
    return Order.objects.get()


def test_a_number_leads_to_the_story_of_its_order(brand: Brand) -> None:
    made = order(brand)
    run = brand.run(causes=["webhook"], started_at=NOW, finished_at=NOW)
    brand.event(run=run, duplicates=1)
    RecordChange.objects.create(
        run=run, channel=brand.shop, type=run.type, external_id="1001", outcome="created", at=NOW
    )
    for text in ("#1001", "1001"):
        page = " ".join(brand.viewer.text("/trace/", q=text).split())
        assert f"Order {made} of Shop: arrived 1 h after it was placed by webhook" in page
        assert "1 more delivery of it dropped as duplicates" in page
        assert f'href="/runs/{run.pk}/"' in page
        assert "13:00:00" in page
    assert "Times in Europe/Berlin" in page


def test_a_sku_leads_to_its_stock_and_waiting_orders(brand: Brand) -> None:
    made = order(brand)
    page = " ".join(brand.viewer.text("/trace/", q=" mug ").split())
    assert "5 on hand, 1 allocated, 4 available" in page
    assert f'href="/trace/?order={made.pk}"' in page


def test_a_sku_is_called_nothing_by_a_channel_that_is_gone(brand: Brand) -> None:
    product = order(brand).lines.get().product
    SkuMapping.objects.create(channel=brand.shop, product=product, external_sku="CUP-1")
    assert "calls it <code>CUP-1</code>" in " ".join(brand.viewer.text("/trace/", q="mug").split())
    brand.shop.deleted_at = NOW
    brand.shop.save()
    assert "CUP-1" not in brand.viewer.text("/trace/", product=product.pk)


def test_several_matches_are_offered(brand: Brand) -> None:
    made = order(brand)
    product = builders.product(brand.account, "1001")
    page = brand.viewer.text("/trace/", q="1001")
    assert "Several things go by this name" in page
    assert f"q=1001&amp;order={made.pk}" in page
    assert f"q=1001&amp;product={product.pk}" in page


def test_what_nothing_goes_by_says_where_else_to_look(brand: Brand) -> None:
    page = brand.viewer.text("/trace/", q="<nothing>")
    assert "Nothing goes by this name" in page
    assert "&lt;nothing&gt;" in page
    assert "Nothing asked yet" in brand.viewer.text("/trace/")


def test_another_accounts_things_do_not_exist(brand: Brand) -> None:
    made = order(brand)
    product = builders.product(brand.account, "CUP")
    for query in (
        {"order": made.pk},
        {"product": product.pk},
        {"shipment": made.shipments.get().pk},
        {"channel": brand.shop.pk, "id": "1001"},
    ):
        assert brand.viewer.get("/trace/", **query).status_code == 200
        assert brand.stranger.get("/trace/", **query).status_code == 404
    assert "Nothing goes by this name" in brand.stranger.text("/trace/", q="1001")


def test_pages_of_records_lead_to_their_trace(brand: Brand) -> None:
    made = order(brand)
    shipment = made.shipments.get()
    assert f'href="/trace/?order={made.pk}"' in brand.viewer.text(f"/records/orders/{made.pk}/")
    read = brand.parked(7)
    assert f"/trace/?channel={brand.shop.pk}&amp;id=7" in brand.viewer.text(
        f"/records/parked/{read.pk}/"
    )
    sent = brand.parked(8, type="send_shipments", channel=brand.depot, external_id=str(shipment.pk))
    assert f"/trace/?shipment={shipment.pk}" in brand.viewer.text(f"/records/parked/{sent.pk}/")


def test_a_record_that_became_nothing_tells_what_came(brand: Brand) -> None:
    brand.event(1, entities=["555"], status="failed", reason="run 3 failed")
    page = brand.viewer.text("/trace/", q="555")
    assert "one webhook came, the newest is failed, and no order was made of it" in page
    assert "failed: run 3 failed" in page.lower()


def test_the_menu_has_the_search(brand: Brand) -> None:
    page = brand.viewer.text("/runs/")
    assert 'action="/trace/"' in page
    assert 'data-shortcut="/"' in page
