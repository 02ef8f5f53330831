"""A channel's own SKUs: inward in orders and reports, outward in what is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from channels.models import Channel
from oms.models import Product, SkuMapping
from oms.send_shipments import SendShipments
from oms.sku_mapping import channel_skus, find_products
from oms.work import Park
from tests import builders
from tests.builders import NOW
from tests.oms.conftest import Brand


def product(sku: str = "MUG") -> Product:
    return Product.objects.get(sku=sku)


def mapped(channel: Channel, external_sku: str, sku: str = "MUG") -> SkuMapping:
    return SkuMapping.objects.create(
        channel=channel, external_sku=external_sku, product=product(sku)
    )


def found(channel: Channel, *skus: str) -> dict[str, str]:
    return {key: one.sku for key, one in find_products(channel, skus).items()}


def told(channel: Channel) -> str:
    """What the channel calls the product."""
    return channel_skus(channel, [product().pk])[product().pk]


def test_a_mapped_sku_is_trimmed_and_compared_without_case(brand: Brand) -> None:
    mapped(brand.shop, " Cup ")
    assert SkuMapping.objects.get().external_sku == "Cup"
    assert found(brand.shop, "CUP  ", "nothing") == {"cup": "MUG"}


def test_a_mapping_wins_over_the_product_with_that_very_sku(brand: Brand) -> None:
    mapped(brand.shop, "tee", "MUG")
    assert found(brand.shop, "TEE", "MUG") == {"tee": "MUG", "mug": "MUG"}


def test_a_mapping_is_that_of_its_channel(brand: Brand) -> None:
    mapped(brand.depot, "CUP")
    assert found(brand.shop, "CUP") == {}


def test_products_of_another_account_are_not_found(brand: Brand) -> None:
    builders.product(builders.account("Other"), "HAT")
    assert found(brand.shop, "HAT", "H\x00T") == {}


def test_the_oldest_mapping_is_what_the_channel_is_told(brand: Brand) -> None:
    assert told(brand.depot) == "MUG"
    mapped(brand.depot, "Z-9")
    mapped(brand.depot, "A-1")
    assert told(brand.depot) == "Z-9"
    assert told(brand.shop) == "MUG"


def test_a_sku_that_means_another_product_there_is_told_for_none(brand: Brand) -> None:
    """Else the stock of the one would go to the listing of the other."""
    mapped(brand.depot, "TEE", "MUG")
    ids = [product().pk, product("TEE").pk]
    assert channel_skus(brand.depot, ids) == {ids[0]: "TEE"}
    mapped(brand.depot, "SHIRT", "TEE")
    assert channel_skus(brand.depot, ids) == {ids[0]: "TEE", ids[1]: "SHIRT"}


def test_a_shipment_that_the_warehouse_would_misread_is_set_aside(brand: Brand) -> None:
    mapped(brand.depot, "TEE", "MUG")
    brand.receive(builders.order_data("1001", builders.line("TEE", 1)))
    with pytest.raises(Park, match="SKU TEE means another product at Warehouse"):
        brand.send()
    assert brand.platform.requests == []
    assert SendShipments().describe(brand.shipment().pk)["lines"] == [{"sku": "TEE", "quantity": 1}]
    mapped(brand.depot, "SHIRT", "TEE")
    brand.send()
    assert brand.platform.requests[0].lines[0].sku == "SHIRT"


def test_many_skus_are_two_queries(brand: Brand) -> None:
    mapped(brand.depot, "CUP")
    ids = [product().pk, product("TEE").pk]
    with CaptureQueriesContext(connection) as asked:
        assert channel_skus(brand.depot, ids) == {ids[0]: "CUP", ids[1]: "TEE"}
    assert len(asked) == 2


def test_a_channel_has_each_of_its_skus_once(brand: Brand) -> None:
    mapped(brand.shop, "CUP")
    with pytest.raises(IntegrityError), transaction.atomic():
        mapped(brand.shop, "cup", "TEE")
    with pytest.raises(IntegrityError), transaction.atomic():
        mapped(brand.shop, "  ")
    mapped(brand.shop, "BEAKER")
    mapped(brand.depot, "CUP")


def test_an_order_line_is_taken_over_as_the_product_it_is_mapped_to(brand: Brand) -> None:
    mapped(brand.shop, "CUP")
    brand.receive(builders.order_data("1001", builders.line("cup", 2)))
    line = brand.order().lines.get()
    assert (line.sku, line.product.sku) == ("cup", "MUG")
    assert brand.stock() == (10, 2)


def test_an_unknown_sku_says_that_it_may_be_mapped(brand: Brand) -> None:
    with pytest.raises(Park, match="map the SKU on the channel's page"):
        brand.receive(builders.order_data("1001", builders.line("CUP")))


def test_a_changed_mapping_changes_the_lines_of_an_unsent_order(brand: Brand) -> None:
    mapping = mapped(brand.shop, "CUP")
    record = builders.order_data("1001", builders.line("CUP", 2))
    brand.receive(record)
    mapping.product = product("TEE")
    mapping.save()
    brand.update(record)
    assert brand.order().lines.get().product.sku == "TEE"
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 0), (10, 2))


def sent_order(brand: Brand, sku: str = "CUP") -> None:
    brand.receive(builders.order_data("1001", builders.line(sku, 2)))
    brand.send()


@pytest.mark.parametrize(
    ("sku", "quantity", "warned"),
    [("CUP", 2, False), ("mug", 2, False), ("TEE", 2, True), ("CUP", 3, True)],
)
def test_after_sending_another_product_or_quantity_is_told_and_another_name_is_not(
    brand: Brand, sku: str, quantity: int, warned: bool
) -> None:
    mapped(brand.shop, "CUP")
    sent_order(brand)
    record = builders.order_data("1001", builders.line(sku, quantity), changed_at=NOW)
    brand.update(record)
    assert any("the lines changed" in text for text in brand.log.of("warning")) is warned


def test_after_sending_a_changed_mapping_is_no_change_of_the_order(brand: Brand) -> None:
    mapping = mapped(brand.shop, "CUP")
    sent_order(brand)
    mapping.product = product("TEE")
    mapping.save()
    brand.update(builders.order_data("1001", builders.line("CUP", 2), changed_at=NOW))
    assert brand.log.of("warning") == []


def test_after_sending_a_line_more_is_told(brand: Brand) -> None:
    sent_order(brand, "MUG")
    lines = (builders.line("MUG", 2), builders.line("MUG", 1, "2"))
    brand.update(builders.order_data("1001", *lines, changed_at=NOW))
    assert "the lines changed" in brand.log.of("warning")[0]


def test_a_shipment_is_sent_with_the_warehouses_skus(brand: Brand) -> None:
    mapped(brand.shop, "CUP")
    mapped(brand.depot, "W-0815")
    sent_order(brand)
    assert [line.sku for line in brand.platform.requests[0].lines] == ["W-0815"]


def test_without_a_mapping_the_warehouse_gets_our_sku_not_the_shops(brand: Brand) -> None:
    mapped(brand.shop, "CUP")
    sent_order(brand)
    assert [line.sku for line in brand.platform.requests[0].lines] == ["MUG"]


def test_what_waits_to_be_sent_is_shown_with_the_warehouses_skus(brand: Brand) -> None:
    mapped(brand.depot, "W-0815")
    brand.receive(builders.order_data())
    shown = SendShipments().describe(brand.shipment().pk)
    assert shown["lines"] == [{"sku": "W-0815", "quantity": 1}]


@pytest.mark.parametrize("reported", ["W-0815", "w-4711", "MUG"])
def test_a_report_is_read_with_each_of_the_warehouses_skus(brand: Brand, reported: str) -> None:
    mapped(brand.shop, "CUP")
    mapped(brand.depot, "W-0815")
    mapped(brand.depot, "W-4711")
    sent_order(brand)
    key = brand.shipment().key
    brand.report(builders.shipment_data("W-1", key, (reported, 2), done=True))
    assert brand.states() == ("shipped", "shipped")
    assert brand.stock() == (8, 0)


def test_a_report_under_the_old_name_of_a_renamed_product_is_read(brand: Brand) -> None:
    sent_order(brand, "MUG")
    renamed = product()
    renamed.sku = "MUG-2"
    renamed.save()
    key = brand.shipment().key
    brand.report(builders.shipment_data("W-1", key, ("mug", 2), done=True))
    assert brand.states() == ("shipped", "shipped")


def test_a_mapping_wins_over_what_the_shop_calls_the_line(brand: Brand) -> None:
    mapped(brand.shop, "A1", "MUG")
    mapped(brand.depot, "A1", "TEE")
    sent_order(brand, "A1")
    with pytest.raises(Park, match="shipped 2 x A1, but the item was not ordered"):
        brand.report(builders.shipment_data("W-1", brand.shipment().key, ("A1", 2)))


def test_quantities_under_two_names_of_one_product_count_together(brand: Brand) -> None:
    mapped(brand.depot, "W-0815")
    sent_order(brand, "MUG")
    key = brand.shipment().key
    brand.report(builders.shipment_data("W-1", key, ("W-0815", 1), ("MUG", 1), done=True))
    assert brand.states() == ("shipped", "shipped")


def test_more_than_ordered_names_both_skus(brand: Brand) -> None:
    mapped(brand.depot, "W-0815")
    sent_order(brand, "MUG")
    record = builders.shipment_data("W-1", brand.shipment().key, ("W-0815", 3))
    with pytest.raises(Park, match=r"shipped 3 x W-0815 \(MUG\), but only 2 were ordered"):
        brand.report(record)
    other = replace(record, lines=builders.shipment_data("W-1", "", ("CUP", 1)).lines)
    with pytest.raises(Park, match="shipped 1 x CUP, but the item was not ordered"):
        brand.report(other)
