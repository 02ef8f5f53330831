"""A channel's jobs: their settings, their slots, and running one now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import HistoryEntry
from jobs.models import Run, RunStatus, SlotOutcome, SlotStretch
from tests.api.conftest import Brand
from tests.brand import connect
from tests.builders import NOW

MINUTES = (
    "webhook_delay_minutes",
    "emergency_period_minutes",
    "main_period_minutes",
    "delay_minutes",
)


def path(brand: Brand, rest: str = "") -> str:
    return f"channels/{brand.shop.pk}/{rest}"


def orders(brand: Brand) -> str:
    return path(brand, "jobs/receive_orders/")


def test_a_job_is_answered_with_every_name_of_the_contract(brand: Brand) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 480, "delay_minutes": 60})
    found = {job["type"]: job for job in brand.viewer.results(path(brand, "jobs/"))}
    job = found["receive_orders"]
    assert job == brand.viewer.get(orders(brand)).json()
    assert job == {
        "type": "receive_orders",
        "label": "Receive Orders",
        "row": "recurring",
        "source": "channel",
        "webhook_delay_minutes": None,
        "emergency_period_minutes": 60,
        "main_period_minutes": 480,
        "delay_minutes": 60,
        "next_slot_at": "2026-03-02T14:00:00Z",  # 15:00 in Berlin, an hour before 16:00
        "next_start_at": "2026-03-02T14:00:00Z",
        "proven_until": "2026-01-31T12:00:00Z",
        "heard_at": None,
        "proof_at": "2026-01-31T12:00:00Z",
        "last_success_at": None,
        "note": "",
        "emergency": {
            "state": "armed",
            "period_minutes": 1440,
            "automatic": True,
            "due_at": job["emergency"]["due_at"],
            "reason": job["emergency"]["reason"],
        },
    }
    assert job["emergency"]["due_at"].endswith("Z")
    assert "automatic" in job["emergency"]["reason"]


def test_an_emergency_run_under_way_shows_as_running(brand: Brand) -> None:
    brand.operator.patch(path(brand), {"mode": "webhook"})
    brand.run(status=RunStatus.RUNNING, causes=["schedule", "emergency"], attempt=1)
    assert brand.viewer.get(orders(brand)).json()["emergency"]["state"] == "running"
    states = {
        job["type"]: job["emergency"]["state"] for job in brand.viewer.results(path(brand, "jobs/"))
    }
    assert states["receive_orders"] == "running"
    assert states["receive_order_updates"] == "armed"


def test_a_suspended_job_has_no_next_slot_and_keeps_its_settings(brand: Brand) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 60})
    brand.operator.patch(path(brand), {"enabled": False})
    job = brand.viewer.get(orders(brand)).json()
    assert job["next_slot_at"] is None
    assert job["main_period_minutes"] == 60
    assert job["emergency"]["state"] == "suspended"
    assert job["emergency"]["due_at"] is None


@pytest.mark.parametrize("name", MINUTES)
def test_a_duration_that_is_not_offered_is_refused_by_name(brand: Brand, name: str) -> None:
    wrong: list[Any] = [True, False, "60", "", 60.0, 1.5, [], {}, 7, 0, -5, 10**30, 2**31]
    for value in wrong:
        response = brand.operator.patch(orders(brand), {name: value})
        assert response.status_code == 400, value
        sentence = response.json()[name][0]
        assert "Choose one of: None" in sentence or "whole number of minutes" in sentence
    assert not HistoryEntry.objects.exists()


def test_durations_may_be_none_again(brand: Brand) -> None:
    wanted = {
        "webhook_delay_minutes": 5,
        "emergency_period_minutes": 30,
        "main_period_minutes": 60,
        "delay_minutes": 10,
    }
    assert brand.operator.patch(orders(brand), wanted).status_code == 200
    nothing = dict.fromkeys(wanted)
    answer = brand.operator.patch(orders(brand), nothing).json()
    assert {name: answer[name] for name in nothing} == nothing


def test_a_delay_is_shorter_than_its_period(brand: Brand) -> None:
    response = brand.operator.patch(orders(brand), {"main_period_minutes": 30, "delay_minutes": 30})
    assert response.status_code == 400
    assert set(response.json()) == {"main_period_minutes", "delay_minutes"}
    brand.operator.patch(orders(brand), {"main_period_minutes": 120, "delay_minutes": 60})
    assert brand.operator.patch(orders(brand), {"main_period_minutes": 60}).status_code == 400
    both = {"main_period_minutes": 60, "delay_minutes": None}
    assert brand.operator.patch(orders(brand), both).status_code == 200


def test_a_connector_may_allow_fewer_periods(brand: Brand, plain_shop: str) -> None:
    plain = connect(brand.account, connector=plain_shop)
    job = f"channels/{plain.pk}/jobs/receive_orders/"
    refused = brand.operator.patch(job, {"main_period_minutes": 30})
    assert "Choose one of: None, 1 hour, 1 day" in refused.json()["main_period_minutes"][0]
    assert brand.operator.patch(job, {"main_period_minutes": 60}).status_code == 200


def test_hidden_values_are_stored_and_take_effect_when_their_row_shows(brand: Brand) -> None:
    answer = brand.operator.patch(orders(brand), {"webhook_delay_minutes": 10}).json()
    assert (answer["row"], answer["webhook_delay_minutes"]) == ("recurring", 10)
    brand.operator.patch(path(brand), {"mode": "webhook"})
    assert brand.job("receive_orders").webhook_delay_minutes == 10
    answer = brand.viewer.get(orders(brand)).json()
    assert (answer["row"], answer["webhook_delay_minutes"]) == ("webhook", 10)


@pytest.mark.parametrize("mode", ["recurring", "webhook"])
@pytest.mark.parametrize("name", ["main_period_minutes", "delay_minutes"])
def test_on_a_stable_channel_the_account_sets_the_grid(brand: Brand, mode: str, name: str) -> None:
    stable = connect(brand.account, name="Stable", track="stable")
    brand.operator.patch(f"channels/{stable.pk}/", {"mode": mode})
    job = f"channels/{stable.pk}/jobs/receive_orders/"
    response = brand.operator.patch(job, {name: 60})
    assert response.status_code == 400
    assert "Recurring Jobs" in response.json()[name][0]
    own = {"webhook_delay_minutes": 5, "emergency_period_minutes": 15}
    assert brand.operator.patch(job, own).status_code == 200


def test_the_other_track_keeps_its_values(brand: Brand) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 60})
    row = f"accounts/{brand.account.pk}/recurring-jobs/receive_orders/"
    brand.admin.patch(row, {"enabled": True, "period_minutes": 240})
    brand.operator.patch(path(brand), {"track": "stable"})
    shown = brand.viewer.get(orders(brand)).json()
    assert (shown["source"], shown["main_period_minutes"]) == ("account", 240)
    brand.operator.patch(path(brand), {"track": "beta"})
    shown = brand.viewer.get(orders(brand)).json()
    assert (shown["source"], shown["main_period_minutes"]) == ("channel", 60)


@pytest.mark.parametrize("type", ["send_shipments", "make_coffee", "receive_shipments"])
def test_a_job_the_channel_does_not_have_does_not_exist(brand: Brand, type: str) -> None:
    job = path(brand, f"jobs/{type}/")
    assert brand.operator.get(job).status_code == 404
    assert brand.operator.patch(job, {"main_period_minutes": 60}).status_code == 404
    assert brand.operator.post(f"{job}run/").status_code == 404


def test_unknown_names_are_refused(brand: Brand) -> None:
    response = brand.operator.patch(orders(brand), {"period_minutes": 60})
    assert response.status_code == 400
    assert "main_period_minutes" in response.json()["period_minutes"][0]


@pytest.mark.usefixtures("product_jobs")
def test_a_product_job_that_is_not_offered_is_stored_and_not_shown(brand: Brand) -> None:
    shop = connect(brand.account, name="Second")
    job = f"channels/{shop.pk}/jobs/import_products/"
    answer = brand.operator.patch(job, {"main_period_minutes": 60})
    assert answer.status_code == 200
    assert answer.json()["row"] is None
    types = [each["type"] for each in brand.viewer.results(f"channels/{shop.pk}/jobs/")]
    assert "import_products" not in types
    source = {"master_product_source": "sales", "master_product_channel": shop.pk}
    brand.admin.patch(f"accounts/{brand.account.pk}/", source)
    shown = brand.viewer.get(job).json()
    assert (shown["row"], shown["main_period_minutes"]) == ("recurring", 60)


# Run now


def test_run_now_opens_a_run_and_then_joins_it(brand: Brand) -> None:
    run = path(brand, "jobs/receive_orders/run/")
    first = brand.operator.post(run)
    assert first.status_code == 201
    assert first.json()["trigger"] == "manual"
    assert (first.json()["channel"], first.json()["type"]) == (brand.shop.pk, "receive_orders")
    second = brand.operator.post(run)
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    assert Run.objects.count() == 1


def test_run_now_joins_what_waits_and_leaves_the_grid_alone(brand: Brand) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 60})
    waiting = brand.run(status=RunStatus.QUEUED, slot_at=NOW)
    before = brand.job("receive_orders").next_slot_at
    answer = brand.operator.post(path(brand, "jobs/receive_orders/run/"))
    assert answer.status_code == 200
    assert answer.json()["id"] == waiting.pk
    assert answer.json()["causes"] == ["schedule", "manual"]
    assert brand.job("receive_orders").next_slot_at == before


@pytest.mark.parametrize("what", ["channel", "account"])
def test_run_now_is_a_conflict_on_what_is_disabled(brand: Brand, what: str) -> None:
    address = path(brand) if what == "channel" else f"accounts/{brand.account.pk}/"
    assert brand.admin.patch(address, {"enabled": False}).status_code == 200
    response = brand.operator.post(path(brand, "jobs/receive_orders/run/"))
    assert response.status_code == 409
    assert f"{what} is disabled" in response.json()["detail"]
    assert not Run.objects.exists()


# Slots


def test_upcoming_slots_are_those_of_all_jobs_in_order_with_local_times(brand: Brand) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 480})
    brand.operator.patch(path(brand, "jobs/receive_order_updates/"), {"main_period_minutes": 720})
    found = brand.viewer.results(
        path(brand, "upcoming/"), **{"from": "2026-03-28T23:00:00Z", "until": "2026-03-29T14:00Z"}
    )
    # The night in which Berlin's clocks go forward.
    assert [(row["type"], row["slot_at"], row["local"]) for row in found] == [
        ("receive_order_updates", "2026-03-28T23:00:00Z", "2026-03-29T00:00:00+01:00"),
        ("receive_orders", "2026-03-28T23:00:00Z", "2026-03-29T00:00:00+01:00"),
        ("receive_orders", "2026-03-29T06:00:00Z", "2026-03-29T08:00:00+02:00"),
        ("receive_order_updates", "2026-03-29T10:00:00Z", "2026-03-29T12:00:00+02:00"),
    ]


@pytest.mark.parametrize("call", ["upcoming", "slots"])
@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "from"),
        ({"from": "2026-03-01T00:00:00Z"}, "until"),
        ({"until": "2026-03-01T00:00:00Z"}, "from"),
        ({"from": "today", "until": "2026-03-01T00:00:00Z"}, "from"),
        ({"from": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z"}, "until"),
        ({"from": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "until"),
        ({"from": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:01Z"}, "until"),
        ({"from": "0001-01-01T00:00:00+14:00", "until": "0001-01-02T00:00:00Z"}, "from"),
        ({"from": "0001-01-01T00:00:00Z", "until": "0001-01-01T12:00:00Z"}, "from"),
        ({"from": "9999-12-31T23:00:00Z", "until": "9999-12-31T23:30:00Z"}, "until"),
    ],
)
def test_a_stretch_of_time_is_two_instants_in_order_at_most_31_days_apart(
    brand: Brand, call: str, params: dict[str, str], field: str
) -> None:
    brand.operator.patch(orders(brand), {"main_period_minutes": 1440})
    response = brand.viewer.get(path(brand, f"{call}/"), **params)
    assert response.status_code == 400
    assert response.json()[field]


def test_31_days_are_allowed_and_offsets_too(brand: Brand) -> None:
    stretch = {"from": "2026-03-01T00:00:00+01:00", "until": "2026-04-01T00:00:00+01:00"}
    assert brand.viewer.get(path(brand, "upcoming/"), **stretch).status_code == 200
    unescaped = "?from=2026-03-01T00:00:00+01:00&until=2026-04-01T00:00:00+01:00"
    response = brand.viewer.client.get(f"/api/v1/{path(brand, 'upcoming/')}{unescaped}")
    assert response.status_code == 200


def test_past_slots_say_what_became_of_each(brand: Brand) -> None:
    run = brand.run(slot_at=NOW - timedelta(hours=1))
    SlotStretch.objects.create(
        job=brand.job("receive_orders"),
        first_slot_at=NOW - timedelta(hours=3),
        last_slot_at=NOW - timedelta(hours=2),
        count=2,
        outcome=SlotOutcome.COALESCED,
        reason="late",
        run=run,
    )
    found = brand.viewer.results(
        path(brand, "slots/"), **{"from": "2026-03-02T00:00:00Z", "until": "2026-03-02T12:00:00Z"}
    )
    assert found == [
        {
            "type": "receive_orders",
            "first_slot_at": "2026-03-02T09:00:00Z",
            "last_slot_at": "2026-03-02T10:00:00Z",
            "count": 2,
            "outcome": "coalesced",
            "reason": "late",
            "run": run.pk,
        },
        {
            "type": "receive_orders",
            "first_slot_at": "2026-03-02T11:00:00Z",
            "last_slot_at": "2026-03-02T11:00:00Z",
            "count": 1,
            "outcome": "ran",
            "reason": "",
            "run": run.pk,
        },
    ]


# Preview
