"""The list of connectors."""

from __future__ import annotations

from typing import Any

from channels.connectors.registry import CONNECTORS
from oms.registry import LOGIC
from tests.api.conftest import Brand


def test_every_connector_is_listed_with_its_settings(brand: Brand) -> None:
    found = {row["id"]: row for row in brand.viewer.results("connectors/")}
    assert set(found) == set(CONNECTORS)
    shop = found["sandbox_shop"]
    assert (shop["label"], shop["kind"]) == ("Sandbox shop", "sales")
    settings = {field["name"]: field for field in shop["settings"]}
    assert settings["url"]["type"] == "url"
    assert (settings["url"]["required"], settings["url"]["secret"]) == (True, False)
    assert settings["token"]["secret"] is True
    assert settings["webhook_secret"]["required"] is False
    assert shop["custom_topics"] is False
    assert shop["modes"] == ["webhook", "recurring", "recurring_by_id"]


def test_any_shop_and_any_warehouse_can_be_connected(brand: Brand) -> None:
    found = {row["id"]: row for row in brand.viewer.results("connectors/")}
    shop, warehouse = found["http"], found["http_warehouse"]
    assert (shop["label"], shop["kind"]) == ("Generic HTTP shop", "sales")
    assert (warehouse["label"], warehouse["kind"]) == ("Generic HTTP warehouse", "fulfillment")
    assert shop["custom_topics"] is warehouse["custom_topics"] is True
    settings = {field["name"]: field for field in shop["settings"]}
    assert [name for name in settings if settings[name]["required"]] == ["url"]
    assert (settings["id_path"]["type"], settings["id_path"]["default"]) == (
        "jsonpath",
        "$.data.id",
    )
    for connector in ("http", "http_warehouse"):
        body: dict[str, Any] = {
            "name": connector,
            "connector": connector,
            "settings": {"url": "https://shop.example.com"},
            "secrets": {"webhook_secret": "whsec_dGVzdA=="},
        }
        assert brand.operator.post("channels/", body).status_code == 201
        wrong = {**body, "settings": {**body["settings"], "id_path": "data.id"}}
        assert "JSONPath" in str(brand.operator.post("channels/", wrong).json()["settings"])


def test_jobs_are_those_whose_logic_exists(brand: Brand) -> None:
    for row in brand.viewer.results("connectors/"):
        capabilities = CONNECTORS[row["id"]].capabilities
        expected = {known.type.value for known in capabilities if known.type in LOGIC}
        assert {job["type"] for job in row["jobs"]} == expected
    warehouse = {row["id"]: row for row in brand.viewer.results("connectors/")}
    jobs = {job["type"]: job for job in warehouse["sandbox_warehouse"]["jobs"]}
    assert jobs["send_shipments"]["delays"] == []
    assert jobs["send_shipments"]["webhook"] is False
    assert jobs["receive_shipments"]["label"] == "Receive Shipments"
    assert jobs["receive_shipments"]["delays"] == [5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 360]


def test_what_a_connector_does_not_allow_is_not_offered(brand: Brand, plain_shop: str) -> None:
    found = {row["id"]: row for row in brand.viewer.results("connectors/")}
    assert found[plain_shop]["modes"] == ["recurring"]
    assert found[plain_shop]["jobs"] == [
        {
            "type": "receive_orders",
            "label": "Receive Orders",
            "webhook": False,
            "by_id": False,
            "periods": [60, 1440],
            "delays": [5, 10],
            "topics": [],
        }
    ]
