"""Runs and events over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.models import Event, EventStatus, Rescue, Run, RunLog, RunStatus
from tests.api.conftest import Brand
from tests.builders import NOW


def test_a_run_is_answered_with_every_name_of_the_contract(brand: Brand) -> None:
    run = brand.run(
        causes=["schedule", "manual"],
        reason="why",
        slot_at=NOW - timedelta(hours=1),
        spread_seconds=40,
        started_at=NOW - timedelta(minutes=59),
        finished_at=NOW - timedelta(minutes=58),
        attempt=2,
        window_from=NOW - timedelta(hours=2),
        window_until=NOW - timedelta(hours=1),
        read=6,
        created=1,
        updated=2,
        unchanged=2,
        parked=1,
        rescued=1,
        error="",
    )
    RunLog.objects.create(run=run, at=NOW, level="warning", message="careful")
    Rescue.objects.create(
        run=run, job=run.job, external_id="7", label="#7", changed_at=NOW, rescued_at=NOW
    )
    row = brand.viewer.results("runs/")[0]
    single = brand.viewer.get(f"runs/{run.pk}/").json()
    expected = {
        "id": run.pk,
        "channel": brand.shop.pk,
        "type": "receive_orders",
        "trigger": "schedule",
        "causes": ["schedule", "manual"],
        "status": "succeeded",
        "reason": "why",
        "slot_at": "2026-03-02T11:00:00Z",
        "planned_at": "2026-03-02T11:00:40Z",
        "not_before": "2026-03-02T11:00:00Z",
        "started_at": "2026-03-02T11:01:00Z",
        "finished_at": "2026-03-02T11:02:00Z",
        "attempt": 2,
        "window_from": "2026-03-02T10:00:00Z",
        "window_until": "2026-03-02T11:00:00Z",
        "read": 6,
        "created": 1,
        "updated": 2,
        "unchanged": 2,
        "parked": 1,
        "rescued": 1,
        "error": "",
    }
    assert expected.items() <= row.items()
    assert row.items() <= single.items()
    assert "log" not in row
    assert single["log"] == [
        {"at": "2026-03-02T12:00:00Z", "level": "warning", "message": "careful"}
    ]
    assert single["rescues"] == [
        {
            "external_id": "7",
            "label": "#7",
            "changed_at": "2026-03-02T12:00:00Z",
            "rescued_at": "2026-03-02T12:00:00Z",
            "late_at": None,
        }
    ]


def ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


def test_filters_of_runs(brand: Brand) -> None:
    first = brand.run(causes=["schedule", "emergency"])
    second = brand.run("receive_order_updates", status=RunStatus.FAILED, causes=["manual"])
    third = brand.run("send_shipments", channel=brand.depot, status=RunStatus.QUEUED)
    get = brand.viewer.results
    assert ids(get("runs/")) == [third.pk, second.pk, first.pk]
    assert ids(get("runs/", channel=brand.depot.pk)) == [third.pk]
    assert ids(get("runs/", type="receive_orders")) == [first.pk]
    assert ids(get("runs/", trigger="emergency")) == [first.pk]
    assert ids(get("runs/", trigger="schedule")) == [third.pk, first.pk]
    assert ids(get("runs/", status="failed")) == [second.pk]
    assert get("runs/", status="failed", type="receive_orders") == []
    assert ids(get("runs/", account=brand.account.pk, limit=1)) == [third.pk]
    assert get("runs/", channel=999_999) == []


@pytest.mark.parametrize(
    ("path", "name", "value", "sentence"),
    [
        ("runs/", "type", "make_coffee", "receive_orders"),
        ("runs/", "trigger", "whim", "webhook, schedule, emergency, manual, retry, change"),
        ("runs/", "status", "done", "queued, running, succeeded"),
        ("runs/", "channel", "shop", "number"),
        ("runs/", "channel", "-1", "greater"),
        ("runs/", "channel", "9" * 30, "less"),
        ("events/", "status", "new", "waiting, held, ignored, done, failed"),
        ("events/", "channel", "x", "number"),
        ("orders/", "status", "paid", "draft, approved"),
        ("orders/", "external_id", "a\x00b", "ull"),
        ("shipments/", "status", "paid", "backordered"),
        ("parked/", "status", "paid", "parked, resolved, discarded"),
        ("products/", "sku", "a\x00b", "ull"),
        ("stock-levels/", "channel", "x", "number"),
    ],
)
def test_an_unknown_filter_value_is_refused_with_what_is_known(
    brand: Brand, path: str, name: str, value: str, sentence: str
) -> None:
    response = brand.viewer.get(path, **{name: value})
    assert response.status_code == 400
    assert sentence in response.json()[name][0]


def test_pages_follow_each_other_and_stay_put_when_rows_appear(brand: Brand) -> None:
    made = [brand.run(slot_at=NOW + timedelta(minutes=n)).pk for n in range(7)]
    first = brand.viewer.get("runs/", limit=3).json()
    assert ids(first["results"]) == made[:3:-1]
    assert first["next"].startswith("http://testserver/api/v1/runs/?")
    brand.run(slot_at=NOW + timedelta(minutes=99))
    seen = ids(first["results"])
    address = first["next"]
    while address:
        page = brand.viewer.client.get(address).json()
        assert set(page) == {"results", "next"}
        seen += ids(page["results"])
        address = page["next"]
    assert seen == made[::-1]


def test_a_page_holds_50_rows_and_200_at_most(brand: Brand) -> None:
    Run.objects.bulk_create(
        Run(
            job=brand.job("receive_orders"),
            channel=brand.shop,
            account=brand.account,
            type="receive_orders",
            sort="full",
            trigger="manual",
            status="succeeded",
            not_before=NOW,
            wake_at=NOW,
        )
        for _ in range(201)
    )
    assert len(brand.viewer.results("runs/")) == 50
    assert len(brand.viewer.results("runs/", limit=1000)) == 200
    assert brand.viewer.get("runs/", cursor="garbage").status_code == 404


def test_a_run_tells_its_progress_and_its_attempts(brand: Brand) -> None:
    """An attempt under way is not among the attempts yet."""
    run = brand.run(status=RunStatus.RUNNING, attempt=2, progress_done=3, progress_unit="items")
    Run.objects.filter(pk=run.pk).update(progress_total=9)
    run.attempts.create(
        number=1, started_at=NOW, ended_at=NOW, outcome="lost", error="gone", next_at=NOW
    )
    single = brand.viewer.get(f"runs/{run.pk}/").json()
    assert single["progress"] == {"done": 3, "total": 9, "unit": "items"}
    assert single["attempts"] == [
        {
            "number": 1,
            "started_at": "2026-03-02T12:00:00Z",
            "ended_at": "2026-03-02T12:00:00Z",
            "outcome": "lost",
            "error": "gone",
            "next_at": "2026-03-02T12:00:00Z",
        }
    ]
    listed = brand.viewer.results("runs/")[0]
    assert listed["progress"] == single["progress"]
    assert "attempts" not in listed


def test_a_run_that_has_not_begun_has_no_unit_and_no_total(brand: Brand) -> None:
    brand.run(status=RunStatus.QUEUED)
    nothing = {"done": 0, "total": None, "unit": None}
    assert brand.viewer.results("runs/")[0]["progress"] == nothing


def test_cancelling_a_waiting_run_says_who_did_it(brand: Brand) -> None:
    run = brand.run(status=RunStatus.QUEUED)
    answer = brand.operator.post(f"runs/{run.pk}/cancel/")
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert brand.operator.user.email in answer.json()["reason"]
    again = brand.operator.post(f"runs/{run.pk}/cancel/")
    assert again.status_code == 409
    assert again.json()["detail"] == f"Run {run.pk} is over already: its status is cancelled."


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_retry_makes_a_new_run_of_the_same_window_start(brand: Brand, status: str) -> None:
    run = brand.run(status=status, window_from=NOW - timedelta(hours=3))
    answer = brand.operator.post(f"runs/{run.pk}/retry/")
    assert answer.status_code == 201
    new = answer.json()
    assert new["id"] != run.pk
    assert (new["trigger"], new["status"]) == ("retry", "queued")
    assert new["window_from"] == "2026-03-02T09:00:00Z"


def test_retry_keeps_the_entities(brand: Brand) -> None:
    run = brand.run(status=RunStatus.FAILED, sort="entity", entities=["1", "2"])
    event = brand.event(run=run, status=EventStatus.FAILED)
    new = brand.operator.post(f"runs/{run.pk}/retry/").json()
    assert new["entities"] == ["1", "2"]
    event.refresh_from_db()
    assert (event.status, event.run_id) == (EventStatus.WAITING, new["id"])


@pytest.mark.parametrize(
    "status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.SKIPPED]
)
def test_retry_of_another_state_is_a_conflict(brand: Brand, status: str) -> None:
    run = brand.run(status=status)
    response = brand.operator.post(f"runs/{run.pk}/retry/")
    assert response.status_code == 409
    assert response.json()["detail"]
    assert Run.objects.count() == 1


# Events


def test_an_event_is_answered_with_every_name_of_the_contract(brand: Brand) -> None:
    run = brand.run(sort="entity", causes=["webhook"])
    event = brand.event(run=run, reason="read")
    single = brand.viewer.get(f"events/{event.pk}/").json()
    assert single == {
        "id": event.pk,
        "channel": brand.shop.pk,
        "type": "receive_orders",
        "topic": "order.created",
        "delivery_id": "d-1",
        "received_at": "2026-03-02T12:00:00Z",
        "status": "done",
        "reason": "read",
        "run": run.pk,
        "entities": ["1001"],
        "duplicates": 0,
        "headers": {"webhook-id": "d-1"},
        "body": '{"type": "order.created"}',
        "body_encoding": "utf-8",
    }
    assert brand.viewer.results("events/") == [single]


def test_a_body_that_is_no_text_comes_in_base64(brand: Brand) -> None:
    event = brand.event(body=b"\xff\x00", job=None, status=EventStatus.IGNORED)
    single = brand.viewer.get(f"events/{event.pk}/").json()
    assert (single["body"], single["body_encoding"]) == ("/wA=", "base64")
    assert (single["type"], single["run"]) == (None, None)


def test_an_empty_body_is_an_empty_text(brand: Brand) -> None:
    event = brand.event(body=b"")
    single = brand.viewer.get(f"events/{event.pk}/").json()
    assert (single["body"], single["body_encoding"]) == ("", "utf-8")


def test_signatures_and_credentials_of_an_event_are_hidden(brand: Brand) -> None:
    event = brand.event(headers={"webhook-signature": "v1,s3cret", "webhook-id": "d-1"})
    shown = brand.viewer.get(f"events/{event.pk}/").json()["headers"]
    assert shown == {"webhook-id": "d-1", "webhook-signature": "(hidden, 9 characters)"}


def test_filters_of_events(brand: Brand) -> None:
    done = brand.event(1)
    held = brand.event(2, status=EventStatus.HELD)
    foreign = brand.event(3, channel=brand.depot, job=None, status=EventStatus.IGNORED)
    get = brand.viewer.results
    assert ids(get("events/")) == [foreign.pk, held.pk, done.pk]
    assert ids(get("events/", status="held")) == [held.pk]
    assert ids(get("events/", channel=brand.depot.pk)) == [foreign.pk]
    assert ids(get("events/", type="receive_orders")) == [held.pk, done.pk]


def test_replay_sets_an_event_waiting_in_a_new_batch(brand: Brand) -> None:
    brand.operator.patch(f"channels/{brand.shop.pk}/", {"mode": "webhook"})
    event = brand.event(status=EventStatus.FAILED)
    answer = brand.operator.post(f"events/{event.pk}/replay/")
    assert answer.status_code == 202
    assert answer.json()["status"] == "waiting"
    run = Run.objects.get(pk=answer.json()["run"])
    assert (run.trigger, run.sort) == ("webhook", "entity")


def test_replay_is_a_conflict_while_the_job_is_not_listening(brand: Brand) -> None:
    for event in (brand.event(1), brand.event(2, job=None, status=EventStatus.IGNORED)):
        response = brand.operator.post(f"events/{event.pk}/replay/")
        assert response.status_code == 409
        assert "not listening" in response.json()["detail"]
    assert not Event.objects.filter(status=EventStatus.WAITING).exists()
