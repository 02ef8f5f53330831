"""The spread of starts as the API shows it and takes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import HistoryEntry
from tests import builders
from tests.api.conftest import Brand

SLOT = datetime.fromisoformat("2026-03-02T14:00:00Z")


def account(brand: Brand, rest: str = "") -> str:
    return f"accounts/{brand.account.pk}/{rest}"


def shop(brand: Brand, rest: str = "") -> str:
    return f"channels/{brand.shop.pk}/{rest}"


def spread(brand: Brand) -> timedelta:
    """Orders each 8 hours, an hour earlier, put off by this much."""
    put_off = builders.put_off(brand.job(), 30, 480)
    settings = {"main_period_minutes": 480, "delay_minutes": 60}
    brand.operator.patch(shop(brand, "jobs/receive_orders/"), settings)
    assert brand.admin.patch(account(brand), {"spread_minutes": 30}).status_code == 200
    return put_off


def test_it_is_foretold_saved_and_kept_in_the_history(brand: Brand) -> None:
    brand.operator.patch(shop(brand, "jobs/receive_orders/"), {"main_period_minutes": 480})
    answer = brand.admin.post(account(brand, "preview/"), {"spread_minutes": 5}).json()
    sentence = "Receive Orders: its runs will start up to 5 minutes after their slots."
    assert answer["changes"] == [
        {
            "channel": brand.shop.pk,
            "type": "receive_orders",
            "what": "main_moved",
            "sentence": sentence,
        }
    ]
    assert brand.viewer.get(account(brand)).json()["spread_minutes"] is None
    assert brand.admin.patch(account(brand), {"spread_minutes": 5}).json()["spread_minutes"] == 5
    entry = HistoryEntry.objects.get(subject="spread_minutes")
    assert (entry.old, entry.new) == ({"spread_minutes": None}, {"spread_minutes": 5})
    assert entry.consequences == [sentence]
    assert brand.admin.patch(account(brand), {"spread_minutes": None}).status_code == 200
    assert brand.viewer.get(account(brand)).json()["spread_minutes"] is None


def test_only_an_admin_sets_it(brand: Brand) -> None:
    assert brand.operator.patch(account(brand), {"spread_minutes": 5}).status_code == 403


def test_a_job_says_slot_and_start(brand: Brand) -> None:
    put_off = spread(brand)
    job = brand.viewer.get(shop(brand, "jobs/receive_orders/")).json()
    assert datetime.fromisoformat(job["next_slot_at"]) == SLOT
    assert datetime.fromisoformat(job["next_start_at"]) == SLOT + put_off


def test_a_job_without_slots_has_no_start(brand: Brand) -> None:
    brand.admin.patch(account(brand), {"spread_minutes": 30})
    job = brand.viewer.get(shop(brand, "jobs/receive_orders/")).json()
    assert (job["next_slot_at"], job["next_start_at"]) == (None, None)


def test_upcoming_slots_say_when_they_start(brand: Brand) -> None:
    put_off = spread(brand)
    stretch = {"from": "2026-03-02T12:00:00Z", "until": "2026-03-03T12:00:00Z"}
    found = brand.viewer.results(shop(brand, "upcoming/"), **stretch)
    assert [row["slot_at"] for row in found] == [
        "2026-03-02T14:00:00Z",
        "2026-03-02T22:00:00Z",
        "2026-03-03T06:00:00Z",
    ]
    starts = [
        datetime.fromisoformat(row["start_at"]) - datetime.fromisoformat(row["slot_at"])
        for row in found
    ]
    assert starts == [put_off] * 3
