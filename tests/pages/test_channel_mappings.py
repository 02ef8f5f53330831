"""Webhook mappings on a channel's page: switches, and id paths where topics are own."""

from __future__ import annotations

import pytest

from channels.models import Channel
from tests.brand import connect
from tests.pages.conftest import Brand
from tests.pages.test_channel_page import named

NEW = {
    "new_mapping-topic": "invoice.paid",
    "new_mapping-type": "receive_orders",
    "new_mapping-id_path": "$.order_no",
}


@pytest.fixture
def own(brand: Brand) -> Channel:
    return connect(brand.account, name="Own shop", connector="http", mode="webhook")


def page_of(channel: Channel) -> str:
    return f"/channels/{channel.pk}/"


def test_fixed_topics_have_a_switch_and_nothing_else(brand: Brand) -> None:
    page = brand.operator.text(brand.page, tab="webhooks")
    mapping = brand.shop.mappings.get(topic="order.created")
    fields = {name for name in named(page) if "mapping" in name}
    assert f"mapping-{mapping.pk}-enabled" in fields
    assert not any(name.endswith(("id_path", "removed", "topic")) for name in fields)
    assert "Add a topic" not in page


def test_own_topics_show_their_id_path_and_a_form_for_one_more(brand: Brand, own: Channel) -> None:
    mapping = own.mappings.get(topic="order.created")
    page = brand.operator.text(page_of(own), tab="webhooks")
    names = {f"mapping-{mapping.pk}-{name}" for name in ("enabled", "id_path", "removed")}
    assert {*names, *NEW} <= named(page)
    offered = page[page.index("Add a topic") :]
    assert "Import Products" in offered
    assert "Export Products" not in offered
    seen = brand.viewer.text(page_of(own), tab="webhooks")
    assert "order.created" in seen
    assert "Add a topic" not in seen
    assert f"mapping-{mapping.pk}-removed" not in seen


def test_the_preview_tells_what_becomes_of_topics(brand: Brand, own: Channel) -> None:
    gone = {
        f"mapping-{row.pk}-removed": "on" for row in own.mappings.filter(type__endswith="updates")
    }
    answer = brand.operator.post(f"{page_of(own)}preview/", tab="webhooks", **NEW, **gone)
    page = answer.content.decode()
    assert "The topic invoice.paid is added: it starts Receive Orders." in page
    assert "The topic order.cancelled is removed: its events are stored and ignored." in page
    assert "Receive Order Updates: its emergency job will be switched off" in page
    assert "no webhook mapping is switched on" in page
    assert own.mappings.count() == 5


def test_saving_adds_removes_and_changes_in_one(brand: Brand, own: Channel) -> None:
    created, cancelled = (
        own.mappings.get(topic=topic).pk for topic in ("order.created", "order.cancelled")
    )
    fields = {f"mapping-{created}-id_path": " $.id ", f"mapping-{cancelled}-removed": "on"}
    brand.operator.post(page_of(own), tab="webhooks", **NEW, **fields)
    orders = own.mappings.exclude(type="import_products")
    found = list(orders.values_list("topic", "type", "id_path", "enabled"))
    assert found == [
        ("order.created", "receive_orders", "$.id", True),
        ("order.updated", "receive_order_updates", "", True),
        ("invoice.paid", "receive_orders", "$.order_no", True),
    ]


def test_a_save_of_other_fields_leaves_mappings_alone(brand: Brand, own: Channel) -> None:
    before = list(own.mappings.values())
    brand.operator.post(page_of(own), name="Renamed")
    brand.operator.post(page_of(own), **{"new_mapping-type": "receive_orders"})
    assert list(own.mappings.values()) == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"new_mapping-topic": "order.created"}, "mapped already"),
        ({"new_mapping-topic": ""}, "1 to 100"),
        ({"new_mapping-id_path": "order_no"}, "not a JSONPath"),
        ({"new_mapping-type": "send_shipments"}, "send_shipments"),
    ],
)
def test_what_does_not_fit_stands_at_its_field(
    brand: Brand, own: Channel, fields: dict[str, str], sentence: str
) -> None:
    answer = brand.operator.post(page_of(own), tab="webhooks", **{**NEW, **fields})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert sentence in page[page.index("Add a topic") :]
    assert own.mappings.count() == 5


def test_an_id_path_that_is_none_stands_at_its_mapping(brand: Brand, own: Channel) -> None:
    mapping = own.mappings.get(topic="order.created")
    answer = brand.operator.post(
        page_of(own), tab="webhooks", **{f"mapping-{mapping.pk}-id_path": "$..id"}
    )
    assert answer.status_code == 400
    assert "Filters (?) and .. are not taken" in answer.content.decode()


def test_a_topic_in_use_may_be_replaced_in_one_save(brand: Brand, own: Channel) -> None:
    old = own.mappings.get(topic="order.updated")
    fields = {
        f"mapping-{old.pk}-removed": "on",
        "new_mapping-topic": "order.updated",
        "new_mapping-type": "receive_orders",
    }
    brand.operator.post(page_of(own), tab="webhooks", **fields)
    assert own.mappings.get(topic="order.updated").type == "receive_orders"


def test_a_choice_with_a_default_offers_no_second_none(brand: Brand, own: Channel) -> None:
    page = brand.operator.text(page_of(own), tab="settings")
    menu = page[page.index('name="settings-authentication"') :].partition("</select>")[0]
    assert menu.count("<option") == 5
    assert '<option value="none" selected>' in menu


def test_an_unsigned_channel_says_that_its_address_is_the_proof(brand: Brand, own: Channel) -> None:
    page = brand.operator.text(page_of(own), tab="webhooks")
    assert "Whoever knows it and the webhook secret" in page
    brand.operator.post(page_of(own), tab="settings", **{"settings-signature": "none"})
    page = brand.operator.text(page_of(own), tab="webhooks")
    assert "Deliveries carry no signature" in page
