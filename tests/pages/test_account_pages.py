"""System Settings: the account, Recurring Jobs, history."""

from __future__ import annotations

import pytest

from channels.enums import Track
from jobs.models import StableJob
from tests.brand import connect
from tests.pages.conftest import Brand

PERIOD, DELAY = "receive_orders-period_minutes", "receive_orders-delay_minutes"
ENABLED = "receive_orders-enabled"


def test_saving_the_stable_procedure(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track=Track.STABLE)
    answer = brand.admin.post(
        "/account/recurring-jobs/", **{ENABLED: "on", PERIOD: "480", DELAY: "5"}
    )
    assert answer.status_code == 302
    job = brand.job(channel=stable)
    # 16:05 in Berlin: one of 00:05, 08:05, 16:05.
    assert job.next_slot_at is not None
    assert job.next_slot_at.isoformat() == "2026-03-02T15:05:00+00:00"
    assert brand.job().next_slot_at is None


def test_rows_show_what_the_guide_names(brand: Brand) -> None:
    connect(brand.account, name="Stable", track=Track.STABLE)
    page = brand.viewer.text("/account/recurring-jobs/")
    assert "Minimal 5 minutes" in page
    assert "Each 8 hours" in page
    assert all(name in page for name in (ENABLED, PERIOD, DELAY))
    assert ">Stable</a>" in page


def test_an_unticked_row_is_off_and_keeps_its_values(brand: Brand) -> None:
    connect(brand.account, name="Stable", track=Track.STABLE)
    brand.admin.post("/account/recurring-jobs/", **{ENABLED: "on", PERIOD: "480"})
    brand.admin.post("/account/recurring-jobs/", shown=[ENABLED], **{PERIOD: "480"})
    row = StableJob.objects.get(type="receive_orders")
    assert (row.enabled, row.period_minutes) == (False, 480)


def test_a_delay_that_is_not_shorter_is_refused(brand: Brand) -> None:
    answer = brand.admin.post("/account/recurring-jobs/", **{PERIOD: "60", DELAY: "60"})
    assert answer.status_code == 400
    assert "must be shorter than the period" in answer.content.decode()
    assert not StableJob.objects.exists()


def test_the_preview_of_the_timetable_saves_nothing(brand: Brand) -> None:
    connect(brand.account, name="Stable", track=Track.STABLE)
    fields = {ENABLED: "on", PERIOD: "480"}
    for path, more in (("preview/", {}), ("", {"preview": "1"})):
        answer = brand.admin.post(f"/account/recurring-jobs/{path}", **fields, **more)
        assert "Receive Orders: its main job will start, each 8 hours" in answer.content.decode()
    assert not StableJob.objects.exists()


def test_a_new_zone_moves_the_timetable_and_says_so_first(brand: Brand) -> None:
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "1440"})
    preview = brand.admin.post("/account/preview/", timezone="Asia/Tokyo").content.decode()
    assert "Receive Orders: its main job will run each day (Asia/Tokyo)" in preview or (
        "Asia/Tokyo" in preview
    )
    brand.admin.post("/account/", timezone="Asia/Tokyo")
    slot = brand.job().next_slot_at
    assert slot is not None
    assert slot.isoformat() == "2026-03-02T15:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"timezone": "Mars/Base"}, "Select a valid choice."),
        ({"master_product_source": "sales"}, "The source is a sales channel that can import"),
        ({"default_fulfillment_channel": "0"}, "Select a valid choice."),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_field(
    brand: Brand, fields: dict[str, str], sentence: str
) -> None:
    answer = brand.admin.post("/account/", automatic_workflow="false", **fields)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    brand.account.refresh_from_db()
    assert brand.account.automatic_workflow


def test_settings_of_the_account_are_saved_together(brand: Brand) -> None:
    fields = {"name": "Renamed", "default_fulfillment_channel": "", "shown": ["automatic_workflow"]}
    brand.admin.post("/account/", **fields)
    brand.account.refresh_from_db()
    assert brand.account.name == "Renamed"
    assert brand.account.default_fulfillment_channel is None
    assert not brand.account.automatic_workflow
    assert brand.account.enabled
    assert "Renamed" in brand.viewer.text("/account/history/")


def test_disabling_the_account_tells_what_stops(brand: Brand) -> None:
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "60"})
    answer = brand.admin.post("/account/preview/", shown=["enabled"])
    assert "Receive Orders: it will be suspended" in answer.content.decode()
    brand.admin.post("/account/", shown=["enabled"])
    assert "This account is disabled" in brand.viewer.text("/")


def test_others_read_the_account(brand: Brand) -> None:
    page = brand.operator.text("/account/")
    assert "Only an admin of the account changes these settings." in page
    assert "disabled" in page[page.index('name="timezone"') :][:200]
