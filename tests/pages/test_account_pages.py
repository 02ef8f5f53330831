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
    assert "its main job will run each day (Asia/Tokyo) instead of each day (Europe/Berlin)" in (
        preview
    )
    assert "Tue 3 Mar, 00:00 JST" in preview
    assert "Tue 3 Mar, 00:00 CET" in preview
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


def test_what_happens_to_many_channels_is_said_once(brand: Brand) -> None:
    for number in range(6):
        connect(brand.account, name=f"Stable {number}", track=Track.STABLE)
    fields = {ENABLED: "on", PERIOD: "480"}
    preview = brand.admin.post("/account/recurring-jobs/preview/", **fields).content.decode()
    assert preview.count("its main job will start") == 1
    assert "On Stable 0, Stable 1, Stable 2, 3 other channels." in preview


def test_the_account_can_be_disabled_at_a_set_time(brand: Brand) -> None:
    """In the account's zone, where it is 13:00."""
    evening = {"disable_at": "2026-03-02T18:00"}
    preview = brand.admin.post("/account/preview/", **evening).content.decode()
    assert "On Mon 2 Mar, 18:00 CET the account will be disabled" in preview
    brand.admin.post("/account/", **evening)
    brand.account.refresh_from_db()
    assert brand.account.disable_at is not None
    assert brand.account.disable_at.isoformat() == "2026-03-02T17:00:00+00:00"
    assert "will be disabled" in brand.viewer.text("/account/")
    brand.admin.post("/account/", disable_at="")
    brand.account.refresh_from_db()
    assert brand.account.disable_at is None


def test_a_time_that_has_passed_is_refused(brand: Brand) -> None:
    answer = brand.admin.post("/account/", disable_at="2026-03-02T12:59")
    assert answer.status_code == 400
    assert "This time has passed." in answer.content.decode()


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
def test_a_time_at_the_end_of_the_calendar_is_refused(brand: Brand, zone: str) -> None:
    brand.account.timezone = zone
    brand.account.save()
    answer = brand.admin.post("/account/", disable_at="9999-12-31T23:59")
    assert answer.status_code == 400
    assert "Name a time from 1970 on and before 2200." in answer.content.decode()


def test_a_time_in_another_year_is_told_with_it(brand: Brand) -> None:
    preview = brand.admin.post("/account/preview/", disable_at="2028-03-02T18:00").content.decode()
    assert "On Thu 2 Mar 2028, 18:00 CET the account will be disabled" in preview


def test_disabling_now_takes_a_set_time_away(brand: Brand) -> None:
    brand.admin.post("/account/", disable_at="2026-03-02T18:00")
    brand.admin.post("/account/", shown=["enabled"], disable_at="2026-03-02T18:00")
    brand.account.refresh_from_db()
    assert (brand.account.enabled, brand.account.disable_at) == (False, None)


def test_rows_show_their_next_slots_and_where_they_act(brand: Brand) -> None:
    for number in range(5):
        connect(brand.account, name=f"Stable {number}", track=Track.STABLE)
    brand.admin.post("/account/recurring-jobs/", **{ENABLED: "on", PERIOD: "480", DELAY: "5"})
    page = brand.viewer.text("/account/recurring-jobs/")
    assert "Acts on 5 stable channels" in page
    assert "16:05" in page
    assert "3 Mar, 00:05" in page


def test_a_product_row_that_the_source_rules_out_says_so(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track=Track.STABLE)
    fields = {"export_products-enabled": "on", "export_products-period_minutes": "1440"}
    brand.admin.post("/account/recurring-jobs/", **fields)
    assert "acts on no channel" not in brand.viewer.text("/account/recurring-jobs/")
    source = {"master_product_source": "sales", "master_product_channel": str(stable.pk)}
    brand.admin.post("/account/", **source)
    page = brand.viewer.text("/account/recurring-jobs/")
    assert "Export Products is switched on and acts on no channel" in page


def test_a_product_row_names_the_channels_it_leaves_out(brand: Brand) -> None:
    source = connect(brand.account, name="Source", track=Track.STABLE)
    connect(brand.account, name="Other", track=Track.STABLE)
    fields = {"master_product_source": "sales", "master_product_channel": str(source.pk)}
    brand.admin.post("/account/", **fields)
    page = brand.viewer.text("/account/recurring-jobs/")
    assert "Source: it is the Master Product Source" in page
    assert "Other: the Master Product Source is Source" in page


def test_cloning_leads_into_the_new_account(brand: Brand) -> None:
    page = brand.admin.follow("/account/clone/", name="Coffee", with_members="on")
    assert "Coffee is a clone of Tea &amp; Co." in page
    assert "Coffee" in brand.operator.text("/account/")
    assert brand.operator.client.get("/account/clone/").status_code == 403


def test_a_clone_needs_a_name(brand: Brand) -> None:
    answer = brand.admin.post("/account/clone/", name=" ")
    assert answer.status_code == 400
    assert "This field is required." in answer.content.decode()


def test_rows_whose_channels_are_all_disabled_are_suspended(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable", track=Track.STABLE)
    brand.admin.post("/account/recurring-jobs/", **{ENABLED: "on", PERIOD: "480"})
    assert ">suspended<" not in brand.viewer.text("/account/recurring-jobs/")
    brand.operator.post(f"/channels/{stable.pk}/disable/")
    page = brand.viewer.text("/account/recurring-jobs/")
    assert page.count(">suspended<") == 1
    assert ">no slots<" in page
