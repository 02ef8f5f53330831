"""Webhook mappings over the API, where topics are the operator's own and where they are not."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import HistoryEntry
from channels.models import Channel
from tests.api.conftest import Brand
from tests.brand import connect

NEW = {"topic": "invoice.paid", "type": "receive_orders"}


@pytest.fixture
def own(brand: Brand) -> Channel:
    return connect(brand.account, name="Own shop", connector="http", mode="webhook")


def path_of(channel: Channel, mapping: Any = None) -> str:
    return f"channels/{channel.pk}/mappings/" + (f"{mapping}/" if mapping else "")


def test_a_topic_is_mapped_changed_and_removed(brand: Brand, own: Channel) -> None:
    response = brand.operator.post(path_of(own), {**NEW, "id_path": "$.order_no"})
    assert response.status_code == 201
    made = response.json()
    assert made == {**NEW, "id": made["id"], "id_path": "$.order_no", "enabled": True}
    assert made in brand.viewer.results(path_of(own))
    answer = brand.operator.patch(path_of(own, made["id"]), {"id_path": "", "enabled": False})
    assert answer.json() == {**made, "id_path": "", "enabled": False}
    assert brand.operator.delete(path_of(own, made["id"])).status_code == 204
    assert not own.mappings.filter(topic="invoice.paid").exists()
    assert brand.operator.delete(path_of(own, made["id"])).status_code == 404
    written = HistoryEntry.objects.filter(channel=own, actor=brand.operator.user)
    assert written.count() == 3


def test_a_topic_may_start_switched_off(brand: Brand, own: Channel) -> None:
    made = brand.operator.post(path_of(own), {**NEW, "enabled": False}).json()
    assert made["enabled"] is False
    assert made["id_path"] == ""


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"topic": "order.created"}, "topic", "mapped already"),
        ({"topic": " order.created "}, "topic", "mapped already"),
        ({"topic": ""}, "topic", "blank"),
        ({"topic": "x" * 101}, "topic", "100"),
        ({"type": "send_order_updates"}, "type", "Choose one of: Receive Orders"),
        ({"type": "fax"}, "type", "receive_orders"),
        ({"id_path": "order_no"}, "id_path", "JSONPath"),
        ({"id_path": "$" + ".a" * 200}, "id_path", "200"),
        ({"enabled": 1}, "enabled", "true or false"),
        ({"colour": "red"}, "colour", "topic, type, id_path, enabled"),
    ],
)
def test_a_mapping_is_refused_field_by_field(
    brand: Brand, own: Channel, change: dict[str, Any], field: str, sentence: str
) -> None:
    before = own.mappings.count()
    response = brand.operator.post(path_of(own), {**NEW, **change})
    assert response.status_code == 400
    assert sentence in response.json()[field][0]
    assert own.mappings.count() == before


def test_a_path_that_is_none_is_refused_on_change(brand: Brand, own: Channel) -> None:
    mapping = own.mappings.get(topic="order.created")
    response = brand.operator.patch(path_of(own, mapping.pk), {"id_path": "$..id"})
    assert response.status_code == 400
    assert "Filters" in response.json()["id_path"][0]
    assert brand.operator.patch(path_of(own, mapping.pk), {"type": "fax"}).status_code == 400


def test_fixed_topics_are_neither_added_nor_removed(brand: Brand) -> None:
    mapping = brand.shop.mappings.get(topic="order.created")
    response = brand.operator.post(path_of(brand.shop), NEW)
    assert response.status_code == 400
    assert response.json() == {"topic": ["The topics of Sandbox shop are fixed."]}
    response = brand.operator.delete(path_of(brand.shop, mapping.pk))
    assert response.status_code == 400
    assert "Switch it off instead" in response.json()["mapping"][0]
    response = brand.operator.patch(path_of(brand.shop, mapping.pk), {"id_path": "$.id"})
    assert response.json() == {"id_path": ["The topics of Sandbox shop are fixed."]}
    assert brand.shop.mappings.filter(topic="order.created").exists()


def test_an_unsigned_channel_is_not_warned_of_a_missing_secret(brand: Brand, own: Channel) -> None:
    path = f"channels/{own.pk}/"
    own.secrets = {}
    own.save(update_fields=["secrets_encrypted"])
    assert any("no webhook secret" in text for text in brand.viewer.get(path).json()["warnings"])
    answer = brand.operator.patch(path, {"settings": {"signature": "none"}}).json()
    assert not any("no webhook secret" in text for text in answer["warnings"])
