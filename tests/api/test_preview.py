"""What a change of a channel would do, told before it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.models import Event, EventStatus, Job
from tests.api.conftest import Brand
from tests.builders import NOW


def path(brand: Brand, rest: str = "") -> str:
    return f"channels/{brand.shop.pk}/{rest}"


def preview(brand: Brand, body: Any) -> list[dict[str, Any]]:
    response = brand.operator.post(path(brand, "preview/"), body)
    assert response.status_code == 200, response.json()
    changes: list[dict[str, Any]] = response.json()["changes"]
    return changes


def test_preview_says_what_will_start_stop_and_move(brand: Brand) -> None:
    jobs = {(brand.shop.pk, "receive_orders"): {"main_period_minutes": 60}}
    configure.apply(brand.account, Change(jobs=jobs), NOW)
    before = list(Job.objects.order_by("pk").values())
    changes = preview(
        brand,
        {
            "mode": "recurring_by_id",
            "jobs": {"receive_order_updates": {"main_period_minutes": 30}},
        },
    )
    said = {(change["type"], change["what"]): change["sentence"] for change in changes}
    assert said["receive_orders", "emergency_off"] == (
        "Receive Orders: its emergency job will be switched off, because the mode becomes "
        "Recurring Job By ID."
    )
    assert ("receive_orders", "main_moved") in said
    assert ("receive_order_updates", "main_started") in said
    assert list(Job.objects.order_by("pk").values()) == before
    assert Channel.objects.get(pk=brand.shop.pk).mode == "recurring"


def test_preview_of_nothing_is_empty(brand: Brand) -> None:
    assert preview(brand, {}) == []
    assert preview(brand, {"mode": "recurring", "jobs": {"receive_orders": {}}}) == []


def test_preview_counts_held_events(brand: Brand) -> None:
    brand.event(status=EventStatus.HELD)
    changes = preview(brand, {"mode": "webhook"})
    held = [change for change in changes if change["what"] == "held_replayed"]
    assert [change["type"] for change in held] == ["receive_orders"]
    assert Event.objects.get().status == EventStatus.HELD


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], ["non_field_errors"]),
        ({"name": "x"}, ["name"]),
        ({"mode": "push"}, ["mode"]),
        ({"enabled": 0}, ["enabled"]),
        ({"jobs": []}, ["jobs"]),
        ({"jobs": {"make_coffee": {}}}, ["jobs", "make_coffee"]),
        ({"jobs": {"send_shipments": {}}}, ["jobs", "send_shipments", "type"]),
        ({"jobs": {"receive_orders": 5}}, ["jobs", "receive_orders"]),
        ({"jobs": {"receive_orders": {"delay": 5}}}, ["jobs", "receive_orders", "delay"]),
        (
            {"jobs": {"receive_orders": {"delay_minutes": "5"}}},
            ["jobs", "receive_orders", "delay_minutes"],
        ),
        (
            {"jobs": {"receive_orders": {"main_period_minutes": 7}}},
            ["jobs", "receive_orders", "main_period_minutes"],
        ),
        (
            {"track": "stable", "jobs": {"receive_orders": {"main_period_minutes": 60}}},
            ["jobs", "receive_orders", "main_period_minutes"],
        ),
    ],
)
def test_preview_refuses_what_a_save_would_refuse(
    brand: Brand, body: Any, errors: list[str]
) -> None:
    response = brand.operator.post(path(brand, "preview/"), body)
    assert response.status_code == 400
    found: Any = response.json()
    for name in errors:
        found = found[name]
    assert found


def test_preview_names_every_job_that_is_refused(brand: Brand) -> None:
    wrong = {"main_period_minutes": 7}
    body = {"jobs": {"receive_orders": wrong, "receive_order_updates": wrong}}
    response = brand.operator.post(path(brand, "preview/"), body)
    assert set(response.json()["jobs"]) == {"receive_orders", "receive_order_updates"}
