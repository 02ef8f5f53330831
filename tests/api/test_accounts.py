"""Accounts, their Recurring Jobs and previews of both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account, HistoryEntry, Membership
from channels.models import Channel
from jobs import configure
from jobs.change import Change
from tests import builders
from tests.api.conftest import Brand
from tests.brand import connect
from tests.builders import NOW


def path(brand: Brand, rest: str = "") -> str:
    return f"accounts/{brand.account.pk}/{rest}"


def test_an_account_is_answered_with_its_settings_and_my_role(brand: Brand) -> None:
    assert brand.viewer.get(path(brand)).json() == {
        "id": brand.account.pk,
        "name": "Brand",
        "timezone": "Europe/Berlin",
        "enabled": True,
        "master_product_source": "own",
        "master_product_channel": None,
        "default_fulfillment_channel": brand.depot.pk,
        "automatic_workflow": True,
        "disable_at": None,
        "spread_minutes": None,
        "role": "viewer",
    }


def test_the_list_holds_my_accounts_only(brand: Brand) -> None:
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.viewer.user, role="admin")
    found = brand.viewer.results("accounts/")
    assert [(row["name"], row["role"]) for row in found] == [
        ("Brand", "viewer"),
        ("Second", "admin"),
    ]


def test_patch_writes_engine_settings_and_others_together(brand: Brand) -> None:
    wanted = {"name": "New", "timezone": "Asia/Kolkata", "automatic_workflow": False}
    answer = brand.admin.patch(path(brand), wanted)
    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in wanted} == wanted
    stored = Account.objects.get(pk=brand.account.pk)
    assert (stored.name, stored.timezone) == ("New", "Asia/Kolkata")
    entries = HistoryEntry.objects.filter(account=brand.account, channel=None)
    assert {name for entry in entries for name in entry.new} == set(wanted)


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": ""}, "name", "blank"),
        ({"timezone": "Mars/Base"}, "timezone", "IANA"),
        ({"timezone": 5}, "timezone", "IANA"),
        ({"enabled": "false"}, "enabled", "true or false"),
        ({"automatic_workflow": None}, "automatic_workflow", "null"),
        ({"master_product_source": "shop"}, "master_product_source", "own, sales, fulfillment"),
        ({"master_product_source": "sales"}, "master_product_channel", "Name the sales channel"),
        ({"default_fulfillment_channel": 999_999}, "default_fulfillment_channel", "999999"),
        ({"default_fulfillment_channel": "x"}, "default_fulfillment_channel", "pk"),
        ({"spread_minutes": 3}, "spread_minutes", "None, 1 minute, 2 minutes, 5 minutes"),
        ({"spread_minutes": "5"}, "spread_minutes", "whole number of minutes"),
        ({"spread_minutes": 0}, "spread_minutes", "not offered"),
        ({"owner": 1}, "owner", "timezone"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_nothing_is_saved(
    brand: Brand, change: dict[str, Any], field: str, sentence: str
) -> None:
    response = brand.admin.patch(path(brand), {"automatic_workflow": False, **change})
    assert response.status_code == 400
    assert sentence in response.json()[field][0]
    stored = Account.objects.get(pk=brand.account.pk)
    assert (stored.name, stored.automatic_workflow) == ("Brand", True)


def test_the_default_fulfillment_channel_is_one_of_ours_and_of_its_kind(brand: Brand) -> None:
    foreign = connect(builders.account("Third"), "fulfillment")
    for wrong in (brand.shop.pk, foreign.pk):
        response = brand.admin.patch(path(brand), {"default_fulfillment_channel": wrong})
        assert response.status_code == 400
        assert "default_fulfillment_channel" in response.json()
    answer = brand.admin.patch(path(brand), {"default_fulfillment_channel": None})
    assert answer.json()["default_fulfillment_channel"] is None


@pytest.mark.usefixtures("product_jobs")
def test_the_master_product_source_may_be_a_channel_and_ours_again(brand: Brand) -> None:
    configure.reconcile(brand.account, NOW)
    source = {"master_product_source": "sales", "master_product_channel": brand.shop.pk}
    answer = brand.admin.patch(path(brand), source)
    assert answer.json()["master_product_channel"] == brand.shop.pk
    jobs = brand.viewer.results(f"channels/{brand.shop.pk}/jobs/")
    assert "import_products" in [job["type"] for job in jobs]
    kept = brand.admin.patch(path(brand), {"master_product_source": "own"}).json()
    assert (kept["master_product_source"], kept["master_product_channel"]) == ("own", None)
    jobs = brand.viewer.results(f"channels/{brand.shop.pk}/jobs/")
    assert "import_products" not in [job["type"] for job in jobs]


@pytest.mark.usefixtures("product_jobs")
def test_the_own_catalogue_has_no_channel_and_a_wrong_kind_is_none(brand: Brand) -> None:
    response = brand.admin.patch(path(brand), {"master_product_channel": brand.shop.pk})
    assert "Leave it empty" in response.json()["master_product_channel"][0]
    source = {"master_product_source": "fulfillment", "master_product_channel": brand.shop.pk}
    response = brand.admin.patch(path(brand), source)
    assert response.status_code == 400
    assert "master_product_channel" in response.json()


# Recurring Jobs


def rows(brand: Brand) -> dict[str, Any]:
    return {row["type"]: row for row in brand.viewer.results(path(brand, "recurring-jobs/"))}


def test_without_stable_channels_every_type_with_logic_shows(brand: Brand) -> None:
    found = rows(brand)
    assert set(found) >= {"receive_orders", "send_shipments", "receive_shipments"}
    assert "import_products" not in found
    row = found["receive_orders"]
    assert row == {
        "type": "receive_orders",
        "label": "Receive Orders",
        "enabled": False,
        "period_minutes": None,
        "delay_minutes": None,
        "periods": [5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440],
        "delays": [5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 360],
        "channels": [],
    }
    assert found["send_shipments"]["delays"] == []


def test_rows_follow_what_stable_channels_do_and_allow(brand: Brand, plain_shop: str) -> None:
    plain = connect(brand.account, name="Plain", connector=plain_shop, track="stable")
    found = rows(brand)
    assert [name for name, row in found.items() if row["channels"]] == ["receive_orders"]
    assert found["receive_orders"]["periods"] == [60, 1440]
    assert found["receive_orders"]["delays"] == [5, 10]
    assert found["receive_orders"]["channels"] == [{"id": plain.pk, "name": "Plain", "note": ""}]


def test_a_channel_that_runs_less_often_says_so(brand: Brand, plain_shop: str) -> None:
    body = {"enabled": True, "period_minutes": 30}
    row = path(brand, "recurring-jobs/receive_orders/")
    assert brand.admin.patch(row, body).status_code == 200
    connect(brand.account, name="Plain", connector=plain_shop, track="stable")
    notes = [each["note"] for each in rows(brand)["receive_orders"]["channels"]]
    assert "1 hour" in notes[0]


def test_patch_of_a_row_moves_stable_channels_and_no_beta_channel(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track="stable")
    row = path(brand, "recurring-jobs/receive_orders/")
    answer = brand.admin.patch(row, {"enabled": True, "period_minutes": 480, "delay_minutes": 5})
    assert answer.status_code == 200
    assert "warning" not in answer.json()
    assert [each["name"] for each in answer.json()["channels"]] == ["Stable"]
    shown = brand.viewer.get(f"channels/{stable.pk}/jobs/receive_orders/").json()
    assert (shown["source"], shown["main_period_minutes"], shown["delay_minutes"]) == (
        "account",
        480,
        5,
    )
    # 16:05 in Berlin, where it is winter
    assert shown["next_slot_at"] == "2026-03-02T15:05:00Z"
    beta = brand.viewer.get(f"channels/{brand.shop.pk}/jobs/receive_orders/").json()
    assert (beta["source"], beta["main_period_minutes"]) == ("channel", None)


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"period_minutes": 7}, "period_minutes", "Choose one of"),
        ({"period_minutes": "60"}, "period_minutes", "whole number"),
        ({"period_minutes": True}, "period_minutes", "whole number"),
        ({"delay_minutes": 0}, "delay_minutes", "Choose one of"),
        ({"period_minutes": 5, "delay_minutes": 5}, "delay_minutes", "shorter"),
        ({"enabled": "on"}, "enabled", "true or false"),
        ({"enabled": None}, "enabled", "null"),
        ({"interval": 5}, "interval", "period_minutes"),
    ],
)
def test_a_row_is_refused_by_name(
    brand: Brand, body: dict[str, Any], field: str, sentence: str
) -> None:
    response = brand.admin.patch(path(brand, "recurring-jobs/receive_orders/"), body)
    assert response.status_code == 400
    assert sentence in response.json()[field][0]
    assert rows(brand)["receive_orders"]["period_minutes"] is None


@pytest.mark.usefixtures("product_jobs")
def test_a_row_that_does_not_show_is_stored_with_a_warning(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track="stable")
    row = path(brand, "recurring-jobs/import_products/")
    answer = brand.admin.patch(row, {"enabled": True, "period_minutes": 60})
    assert answer.status_code == 200
    assert "without effect" in answer.json()["warning"]
    assert "import_products" not in rows(brand)
    source = {"master_product_source": "sales", "master_product_channel": stable.pk}
    assert brand.admin.patch(path(brand), source).status_code == 200
    assert rows(brand)["import_products"]["period_minutes"] == 60


def test_an_unknown_row_does_not_exist(brand: Brand) -> None:
    response = brand.admin.patch(path(brand, "recurring-jobs/make_coffee/"), {"enabled": True})
    assert response.status_code == 404


# Preview


def test_preview_says_what_each_channel_would_do_and_changes_nothing(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track="stable")
    body = {"recurring_jobs": {"receive_orders": {"enabled": True, "period_minutes": 60}}}
    answer = brand.admin.post(path(brand, "preview/"), body)
    assert answer.status_code == 200
    changes = answer.json()["changes"]
    assert {change["channel"] for change in changes} == {stable.pk}
    assert {change["what"] for change in changes} == {"main_started", "emergency_on"}
    assert all(change["sentence"].startswith("Receive Orders: ") for change in changes)
    assert rows(brand)["receive_orders"]["enabled"] is False
    assert not HistoryEntry.objects.exists()


def test_preview_of_disabling_the_account_names_every_job_that_stops(brand: Brand) -> None:
    jobs = {(brand.shop.pk, "receive_orders"): {"main_period_minutes": 60}}
    configure.apply(brand.account, Change(jobs=jobs), NOW)
    changes = brand.admin.post(path(brand, "preview/"), {"enabled": False}).json()["changes"]
    assert [(row["channel"], row["type"], row["what"]) for row in changes] == [
        (brand.shop.pk, "receive_orders", "suspended")
    ]
    assert Channel.objects.get(pk=brand.shop.pk).account.enabled is True


def test_preview_of_fields_without_consequences_is_empty(brand: Brand) -> None:
    body = {"name": "New", "default_fulfillment_channel": None}
    assert brand.admin.post(path(brand, "preview/"), body).json() == {"changes": []}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"jobs": {}}, ["jobs"]),
        ({"recurring_jobs": []}, ["recurring_jobs"]),
        ({"recurring_jobs": {"make_coffee": {}}}, ["recurring_jobs", "make_coffee"]),
        (
            {"recurring_jobs": {"receive_orders": {"period": 5}}},
            ["recurring_jobs", "receive_orders", "period"],
        ),
        (
            {"recurring_jobs": {"receive_orders": {"period_minutes": 7}}},
            ["recurring_jobs", "receive_orders", "period_minutes"],
        ),
        ({"timezone": "Mars/Base"}, ["timezone"]),
        ({"master_product_source": "sales"}, ["master_product_channel"]),
    ],
)
def test_preview_refuses_what_patch_refuses(
    brand: Brand, body: dict[str, Any], errors: list[str]
) -> None:
    response = brand.admin.post(path(brand, "preview/"), body)
    assert response.status_code == 400
    found: Any = response.json()
    for name in errors:
        found = found[name]
    assert found


def test_an_account_can_be_disabled_at_a_set_time(brand: Brand) -> None:
    evening = (NOW + timedelta(hours=5)).isoformat().replace("+00:00", "Z")
    assert brand.admin.patch(path(brand), {"disable_at": evening}).json()["disable_at"] == evening
    answer = brand.admin.patch(path(brand), {"enabled": False})
    assert (answer.json()["enabled"], answer.json()["disable_at"]) == (False, None)


def test_a_set_time_that_has_passed_is_refused(brand: Brand) -> None:
    answer = brand.admin.patch(path(brand), {"disable_at": NOW.isoformat()})
    assert answer.status_code == 400
    assert "This time has passed." in answer.json()["disable_at"][0]
