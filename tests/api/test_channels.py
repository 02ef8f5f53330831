"""Channels over the API: create, read, change, delete."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import HistoryEntry, Membership
from channels.connectors.registry import CONNECTORS
from channels.models import Channel
from jobs.models import Job, Run, RunStatus
from oms.models import StockLevel
from tests import builders
from tests.api.conftest import Brand
from tests.brand import SECRETS, URL, connect
from tests.builders import NOW

BODY: dict[str, Any] = {
    "name": "New shop",
    "connector": "sandbox_shop",
    "settings": {"url": URL},
    "secrets": SECRETS,
}


def body(**fields: Any) -> dict[str, Any]:
    return {**BODY, **fields}


def test_new_channel_has_the_defaults_of_section_3(brand: Brand) -> None:
    response = brand.operator.post("channels/", BODY)
    assert response.status_code == 201
    made = response.json()
    assert made["account"] == brand.account.pk
    assert made["kind"] == "sales"
    assert (made["track"], made["enabled"], made["mode"]) == ("beta", True, "recurring")
    assert made["settings"] == {"url": URL}
    assert made["needs_attention"] is None
    assert made["sync_from"] == "2026-03-02T12:00:00Z"
    jobs = brand.operator.results(f"channels/{made['id']}/jobs/")
    assert {job["type"] for job in jobs} >= {"receive_orders", "receive_order_updates"}
    for job in jobs:
        assert job["main_period_minutes"] is None
        assert job["emergency_period_minutes"] == 60
        assert job["emergency"]["state"] == "off"


def test_new_channel_in_mode_webhook_is_listening_and_armed(brand: Brand) -> None:
    made = brand.operator.post("channels/", body(mode="webhook")).json()
    job = Job.objects.get(channel=made["id"], type="receive_orders")
    assert made["mode"] == "webhook"
    assert job.row == "webhook"
    assert job.emergency_state == "armed"


def test_new_channel_may_start_disabled(brand: Brand) -> None:
    made = brand.operator.post("channels/", body(enabled=False)).json()
    assert made["enabled"] is False
    assert Job.objects.filter(channel=made["id"], suspended=False).count() == 0


def test_new_warehouse_gets_stock_levels_of_every_product(brand: Brand) -> None:
    builders.product(brand.account, "CUP")
    made = brand.operator.post("channels/", body(connector="sandbox_warehouse")).json()
    assert made["kind"] == "fulfillment"
    assert StockLevel.objects.filter(channel=made["id"], product__sku="CUP").exists()


def test_secrets_are_written_and_never_answered(brand: Brand) -> None:
    response = brand.admin.post("channels/", body(secrets={"token": "very-secret"}))
    pk = response.json()["id"]
    assert response.json()["secrets_set"] == ["token"]
    for answer in (
        response,
        brand.admin.get("channels/"),
        brand.admin.get(f"channels/{pk}/"),
        brand.admin.patch(f"channels/{pk}/", {"secrets": {"webhook_secret": "also-secret"}}),
    ):
        assert "very-secret" not in answer.content.decode()
        assert "also-secret" not in answer.content.decode()
        assert "secrets" not in answer.json()
    stored = Channel.objects.get(pk=pk)
    assert stored.secrets == {"token": "very-secret", "webhook_secret": "also-secret"}
    assert "very-secret" not in stored.secrets_encrypted
    said = str(list(HistoryEntry.objects.values_list("old", "new", "subject")))
    assert "secret" not in said.replace("webhook_secret", "").replace("secrets.", "")


def test_webhook_url_is_for_those_who_operate(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    assert brand.operator.get(path).json()["webhook_url"] == brand.shop.webhook_path
    assert brand.admin.get(path).json()["webhook_url"] == brand.shop.webhook_path
    assert brand.viewer.get(path).json()["webhook_url"] is None
    assert brand.shop.webhook_token not in brand.viewer.get("channels/").content.decode()


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 121}, "name", "120"),
        ({"connector": "fax"}, "connector", "sandbox_shop"),
        ({"kind": "fulfillment"}, "kind", "sales channel"),
        ({"kind": "shop"}, "kind", "sales, fulfillment"),
        ({"track": "alpha"}, "track", "stable, beta"),
        ({"mode": "push"}, "mode", "webhook, recurring, recurring_by_id"),
        ({"enabled": "yes"}, "enabled", "true or false"),
        ({"enabled": 1}, "enabled", "true or false"),
        ({"settings": []}, "settings", "object"),
        ({"secrets": "t"}, "secrets", "object"),
        ({"sync_from": "yesterday"}, "sync_from", "format"),
        ({"sync_from": "2026-03-02T12:00:01Z"}, "sync_from", "future"),
        ({"account": 999_999}, "account", "999999"),
        ({"colour": "red"}, "colour", "name"),
        ({"settings": {"url": "ftp://shop"}}, "settings.url", "http"),
        ({"settings": {}}, "settings.url", "required"),
        ({"settings": {"url": URL, "port": 1}}, "settings.port", "url"),
        ({"secrets": {}}, "secrets.token", "required"),
        ({"secrets": {"token": 5}}, "secrets.token", "text"),
        ({"secrets": {"token": "t", "key": "k"}}, "secrets.key", "webhook_secret"),
    ],
)
def test_new_channel_is_refused_field_by_field(
    brand: Brand, change: dict[str, Any], field: str, sentence: str
) -> None:
    before = Channel.objects.count()
    response = brand.operator.post("channels/", body(**change))
    assert response.status_code == 400
    errors: Any = response.json()
    for name in field.split("."):
        errors = errors[name]
    assert sentence in errors[0]
    assert Channel.objects.count() == before


def test_errors_of_settings_and_secrets_come_together(brand: Brand) -> None:
    errors = brand.operator.post("channels/", body(settings={}, secrets={})).json()
    assert set(errors) == {"settings", "secrets"}


def test_a_mode_the_connector_lacks_leaves_no_channel_behind(brand: Brand, plain_shop: str) -> None:
    before = Channel.objects.count()
    assert plain_shop in CONNECTORS
    response = brand.operator.post("channels/", body(connector=plain_shop, mode="webhook"))
    assert response.status_code == 400
    assert response.json() == {"mode": ["This channel offers the modes Recurring Job."]}
    assert Channel.objects.count() == before
    made = brand.operator.post("channels/", body(connector=plain_shop)).json()
    assert made["modes"] == ["recurring"]
    path = f"channels/{made['id']}/"
    assert "mode" in brand.operator.patch(path, {"mode": "recurring_by_id"}).json()


def test_account_must_be_named_by_a_member_of_several(brand: Brand) -> None:
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.operator.user, role="operator")
    assert "several" in brand.operator.post("channels/", BODY).json()["account"][0]
    made = brand.operator.post("channels/", body(account=second.pk))
    assert made.status_code == 201
    assert made.json()["account"] == second.pk


def test_account_of_others_cannot_be_named(brand: Brand) -> None:
    response = brand.stranger.post("channels/", body(account=brand.account.pk))
    assert response.status_code == 400
    assert "account" in response.json()


def test_viewer_of_one_account_and_operator_of_another_creates_only_there(brand: Brand) -> None:
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.viewer.user, role="operator")
    assert brand.viewer.post("channels/", body(account=brand.account.pk)).status_code == 403
    assert brand.viewer.post("channels/", body(account=second.pk)).status_code == 201


def test_channels_are_listed_by_name_and_by_account(brand: Brand) -> None:
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.admin.user)
    connect(second, name="Aaa")
    names = [row["name"] for row in brand.admin.results("channels/")]
    assert names == ["Aaa", "Shop", "Warehouse"]
    only = brand.admin.results("channels/", account=brand.account.pk)
    assert [row["name"] for row in only] == ["Shop", "Warehouse"]


def test_patch_writes_only_the_names_it_gives(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    response = brand.operator.patch(path, {"name": "Renamed"})
    assert response.status_code == 200
    assert response.json()["name"] == "Renamed"
    stored = Channel.objects.get(pk=brand.shop.pk)
    assert stored.settings == {"url": URL}
    assert stored.secrets == SECRETS
    assert stored.mode == "recurring"


def test_patch_merges_documents_and_null_removes(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    brand.operator.patch(path, {"secrets": {"token": "new"}})
    assert Channel.objects.get(pk=brand.shop.pk).secrets == {**SECRETS, "token": "new"}
    answer = brand.operator.patch(path, {"secrets": {"webhook_secret": None}}).json()
    assert answer["secrets_set"] == ["token"]
    refused = brand.operator.patch(path, {"secrets": {"token": None}})
    assert refused.status_code == 400
    assert "required" in refused.json()["secrets"]["token"][0]


def test_patch_saves_everything_or_nothing(brand: Brand) -> None:
    path = f"channels/{brand.depot.pk}/"
    bodies: list[dict[str, Any]] = [
        {"name": "Half", "mode": "webhook", "settings": {"url": "no"}},
        {"name": "Half", "mode": "fax", "secrets": {"token": "half"}},
        {"name": "Half", "mode": "webhook", "secrets": {"nope": "half"}},
        {"name": "", "mode": "webhook"},
    ]
    for wanted in bodies:
        assert brand.operator.patch(path, wanted).status_code == 400
        stored = Channel.objects.get(pk=brand.depot.pk)
        assert (stored.name, stored.mode) == ("Warehouse", "recurring")
        assert stored.secrets == SECRETS
    assert not HistoryEntry.objects.filter(channel=brand.depot).exists()


def test_patch_of_mode_moves_the_rows_and_keeps_their_values(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    job = f"{path}jobs/receive_orders/"
    brand.operator.patch(job, {"main_period_minutes": 60, "emergency_period_minutes": 30})
    assert brand.operator.patch(path, {"mode": "webhook"}).json()["mode"] == "webhook"
    shown = brand.operator.get(job).json()
    assert (shown["row"], shown["main_period_minutes"]) == ("webhook", 60)
    assert shown["next_slot_at"] is None
    assert shown["emergency"]["period_minutes"] == 30
    brand.operator.patch(path, {"mode": "recurring"})
    assert brand.operator.get(job).json()["next_slot_at"] == "2026-03-02T13:00:00Z"


def test_patch_of_several_things_is_one_save_with_its_history(brand: Brand) -> None:
    wanted = {"mode": "webhook", "name": "Both", "secrets": {"token": "n"}, "track": "stable"}
    assert brand.operator.patch(f"channels/{brand.shop.pk}/", wanted).status_code == 200
    stored = Channel.objects.get(pk=brand.shop.pk)
    assert (stored.mode, stored.name, stored.track) == ("webhook", "Both", "stable")
    entries = HistoryEntry.objects.filter(channel=brand.shop)
    new = {name: value for entry in entries for name, value in entry.new.items()}
    assert new == {
        "mode": "webhook",
        "track": "stable",
        "name": "Both",
        "secrets.token": "changed",
    }
    assert {entry.actor for entry in entries} == {brand.operator.user}
    assert any(entry.consequences for entry in entries)


@pytest.mark.parametrize(
    "change", [{"kind": "fulfillment"}, {"connector": "woocommerce"}, {"account": 1_000_000}]
)
def test_what_a_channel_is_never_changes(brand: Brand, change: dict[str, Any]) -> None:
    response = brand.admin.patch(f"channels/{brand.shop.pk}/", change)
    assert response.status_code == 400
    assert response.json() == {name: ["This cannot be changed."] for name in change}


def test_an_answer_can_be_sent_back_as_it_came(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    answer = brand.operator.get(path).json()
    response = brand.operator.patch(path, {**answer, "name": "Again"})
    assert response.status_code == 200
    assert response.json() == {**answer, "name": "Again"}


def test_sync_from_may_move_but_not_into_the_future(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    later = (NOW - timedelta(days=1)).isoformat()
    assert brand.operator.patch(path, {"sync_from": later}).json()["sync_from"] == (
        "2026-03-01T12:00:00Z"
    )
    assert brand.operator.patch(path, {"sync_from": "2027-01-01T00:00:00Z"}).status_code == 400


def test_private_addresses_are_refused_where_they_are_not_allowed(
    brand: Brand, settings: Any
) -> None:
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = False
    path = f"channels/{brand.shop.pk}/"
    for url in ("http://127.0.0.1:9000", "http://10.1.2.3/", "http://localhost/", "http://[::1]/"):
        response = brand.operator.patch(path, {"settings": {"url": url}})
        assert response.status_code == 400
        assert "private address" in response.json()["settings"]["url"][0]
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    response = brand.operator.patch(path, {"settings": {"url": "http://127.0.0.1:9000"}})
    assert response.status_code == 200


def test_warnings_say_why_webhooks_will_not_arrive(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/"
    assert brand.operator.patch(path, {"mode": "webhook"}).json()["warnings"] == []
    answer = brand.operator.patch(path, {"secrets": {"webhook_secret": None}}).json()
    assert "no webhook secret" in answer["warnings"][0]
    for mapping in brand.operator.results(f"{path}mappings/"):
        brand.operator.patch(f"{path}mappings/{mapping['id']}/", {"enabled": False})
    said = brand.operator.get(path).json()["warnings"]
    assert any("Receive Orders: no webhook mapping" in text for text in said)
    assert brand.operator.patch(path, {"mode": "recurring"}).json()["warnings"] == []


def test_deleting_cancels_the_work_and_hides_the_channel(brand: Brand) -> None:
    run = brand.run(status=RunStatus.QUEUED)
    path = f"channels/{brand.shop.pk}/"
    response = brand.operator.delete(path)
    assert response.status_code == 204
    assert brand.operator.get(path).status_code == 404
    assert brand.operator.delete(path).status_code == 404
    assert [row["name"] for row in brand.operator.results("channels/")] == ["Warehouse"]
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert Run.objects.filter(channel=brand.shop).exists()


def test_a_deleted_warehouse_is_no_longer_the_default_one(brand: Brand) -> None:
    assert brand.operator.delete(f"channels/{brand.depot.pk}/").status_code == 204
    account = brand.admin.get(f"accounts/{brand.account.pk}/").json()
    assert account["default_fulfillment_channel"] is None


@pytest.mark.usefixtures("product_jobs")
def test_the_master_product_channel_cannot_be_deleted(brand: Brand) -> None:
    source = {"master_product_source": "sales", "master_product_channel": brand.shop.pk}
    response = brand.admin.patch(f"accounts/{brand.account.pk}/", source)
    assert response.status_code == 200, response.json()
    response = brand.operator.delete(f"channels/{brand.shop.pk}/")
    assert response.status_code == 400
    assert "Master Product Source" in response.json()["channel"][0]


def test_mappings_are_listed_and_switched(brand: Brand) -> None:
    path = f"channels/{brand.shop.pk}/mappings/"
    found = brand.viewer.results(path)
    assert {"topic": "order.created", "type": "receive_orders", "enabled": True} in [
        {key: row[key] for key in ("topic", "type", "enabled")} for row in found
    ]
    first = f"{path}{found[0]['id']}/"
    answer = brand.operator.patch(first, {"enabled": False})
    assert answer.json() == {**found[0], "enabled": False}
    assert brand.viewer.results(path)[0]["enabled"] is False
    assert brand.operator.patch(first, {"topic": "order.deleted"}).status_code == 400
    assert brand.operator.patch(first, {"enabled": "no"}).status_code == 400
    other = connect(brand.account, name="Second")
    assert (
        brand.operator.patch(
            f"channels/{other.pk}/mappings/{found[0]['id']}/", {"enabled": True}
        ).status_code
        == 404
    )


def test_new_credentials_take_the_call_for_attention_away(brand: Brand) -> None:
    brand.shop.needs_attention = "the token was refused"
    brand.shop.save(update_fields=["needs_attention"])
    url = f"channels/{brand.shop.pk}/"
    assert brand.operator.patch(url, {"name": "Renamed"}).json()["needs_attention"]
    assert (
        brand.operator.patch(url, {"secrets": {"token": "new"}}).json()["needs_attention"] is None
    )
