"""A channel's Schedule: its tab, and the redrawing of what is typed into the form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils.html import strip_tags

from channels.enums import Track
from jobs import configure
from jobs.change import Change
from jobs.fallback import record_evidence
from jobs.models import StableJob
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand, Person

PERIOD = "receive_orders-main_period_minutes"
SHIFT = "receive_orders-delay_minutes"


def save(brand: Brand, mode: str = "", **jobs: dict[str, Any]) -> None:
    change = Change(
        channels={brand.shop.pk: {"mode": mode}} if mode else {},
        jobs={(brand.shop.pk, job_type): values for job_type, values in jobs.items()},
    )
    configure.apply(brand.account, change, NOW)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(page))


def tab(person: Person, page: str, **query: str) -> str:
    return person.text(page, tab="schedule", **query)


def lane(page: str, job: str) -> str:
    """The lane of a job: its words and its drawing."""
    found = [part for part in page.split('class="timeline-lane"')[1:] if f"<strong>{job}<" in part]
    assert len(found) == 1
    return found[0]


def redraw(brand: Brand, **typed: str) -> str:
    answer = brand.operator.post(f"{brand.page}schedule/", **typed)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_shift_of_a_beta_channel_is_drawn_as_in_the_guide(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480, "delay_minutes": 60})
    found = lane(tab(brand.viewer, brand.page), "Receive Orders")
    assert "Each 8 hours, 1 hour earlier: 07:00, 15:00, 23:00" in words(found)
    assert "The window 08:00 to 16:00 becomes 07:00 to 15:00." in words(found)
    assert re.findall(r'class="timeline-label timeline-ghost-label">(.....)<', found) == [
        "16:00", "00:00", "08:00",
    ]  # fmt: skip
    assert found.count("timeline-arrow-head") == found.count('class="timeline-slot"') == 3
    assert "M4 0l8" in found, "the arrows point to the left"


def test_the_start_delay_of_a_stable_channel_is_drawn_to_the_right(brand: Brand) -> None:
    StableJob.objects.create(
        account=brand.account, type="receive_orders", enabled=True, period_minutes=480,
        delay_minutes=60,
    )  # fmt: skip
    stable = connect(brand.account, name="Stable", track=Track.STABLE)
    found = lane(tab(brand.viewer, f"/channels/{stable.pk}/"), "Receive Orders")
    assert "Each 8 hours, 1 hour later: 01:00, 09:00, 17:00" in words(found)
    assert "M-4 0l-8" in found, "the arrows point to the right"


def test_every_drawing_has_a_name_and_says_in_words_what_it_shows(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    page = tab(brand.viewer, brand.page)
    drawings = re.findall(r'role="img"\s+aria-labelledby="(\S+)"\s+aria-describedby="(\S+)"', page)
    assert drawings
    for title, description in drawings:
        assert page.count(f'id="{title}"') == page.count(f'id="{description}"') == 1
    said = page.partition(f'id="{drawings[0][1]}">')[2].partition("</desc>")[0]
    assert "Each 8 hours: 00:00, 08:00, 16:00." in said
    assert "Slots: Mon 2 Mar 16:00; Tue 3 Mar 00:00, 08:00." in said
    assert "style=" not in page


def test_the_table_says_the_same(brand: Brand) -> None:
    often = {"main_period_minutes": 5}
    save(brand, receive_orders={"main_period_minutes": 480}, sync_inventory=often)
    page = tab(brand.viewer, brand.page)
    table = words(page.partition('id="schedule-table"')[2])
    assert "Next slots, Europe/Berlin" in table
    assert "Mon 2 Mar 16:00; Tue 3 Mar 00:00, 08:00" in table
    assert "3 runs, at least 3 calls" in table
    assert "13:40 and 279 more, the last Tue 12:55" in table


def test_many_slots_are_one_band(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 5})
    found = lane(tab(brand.viewer, brand.page), "Receive Orders")
    assert found.count("timeline-slot-band") == 1
    assert "288 slots" in words(found)
    assert 'class="timeline-slot"' not in found


def test_a_webhook_row_shows_its_deadline_and_what_moves_it(brand: Brand) -> None:
    save(brand, "webhook", receive_orders={"webhook_delay_minutes": 5})
    found = lane(tab(brand.viewer, brand.page), "Receive Orders")
    told = words(found)
    assert "On each webhook, 5 minutes after it" in told
    assert "Armed due" in told
    assert "Each good event moves its emergency job to 1 hour 5 minutes after that event." in told
    assert 'class="timeline-due"' in found


def test_a_degraded_job_has_a_sign_of_its_own_and_the_word(brand: Brand) -> None:
    save(brand, "webhook")
    job = brand.job()
    record_evidence(job, NOW, "three rejected signatures in a row")
    job.save()
    found = lane(tab(brand.viewer, brand.page), "Receive Orders")
    assert "timeline-due-degraded" in found
    assert 'class="timeline-due"' not in found
    assert "Degraded due now" in words(found)
    assert "Webhooks were lost, so events do not move its emergency job" in words(found)


def test_a_change_of_the_clock_is_marked_and_explained(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480, "delay_minutes": 360})
    with time_machine.travel(datetime(2026, 3, 28, 18, tzinfo=UTC), tick=False):
        brand.viewer.client.force_login(brand.viewer.user)
        page = tab(brand.viewer, brand.page)
    told = words(page)
    assert "The clock changes on Sun 29 Mar, 03:00 CEST: 02:00 becomes 03:00." in told
    assert "02:00 does not exist that day and runs at 03:00." in words(lane(page, "Receive Orders"))
    assert "timeline-jump" in lane(page, "Receive Orders")


def test_a_deadline_beyond_the_line_is_told_all_the_same(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 1440})
    brand.shop.jobs.update(proven_until=NOW)
    found = lane(tab(brand.viewer, brand.page), "Receive Orders")
    assert "due Tue 3 Mar, 15:00 CET" in words(found)
    assert 'class="timeline-due"' not in found


def test_seven_days_are_shown_on_demand(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    assert "Schedule, next 24 hours" in tab(brand.viewer, brand.page)
    page = tab(brand.viewer, brand.page, days="7")
    assert "Schedule, next 7 days" in page
    assert lane(page, "Receive Orders").count('class="timeline-slot"') == 21
    assert "Schedule, next 24 hours" in tab(brand.viewer, brand.page, days="9000")


def test_typed_values_are_drawn_beside_the_saved_ones(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    page = redraw(brand, **{PERIOD: "240", SHIFT: "60"})
    changed = page.split("data-changed")
    assert len(changed) == 2, "only what was changed is marked"
    told = words(changed[1])
    assert "Each 4 hours, 1 hour earlier: 03:00" in told
    assert "was each 8 hours: 00:00, 08:00, 16:00" in told
    assert changed[1].count('class="timeline-was"') == 3 + 1, "the saved slots, and the legend"
    assert "6 runs, at least 6 calls was 3 runs, at least 3 calls" in told
    assert brand.job().main_period_minutes == 480


def test_the_redrawing_is_said_to_those_who_do_not_see_it(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    said = words(redraw(brand, **{PERIOD: "60"}).partition('id="schedule-said"')[2])
    assert "Schedule redrawn. Receive Orders: Each hour. Saved: each 8 hours" in said
    assert "Schedule: as saved." in words(redraw(brand, **{PERIOD: "480"}))


def test_a_typed_mode_is_drawn(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    told = words(redraw(brand, mode="webhook"))
    assert "On each webhook, at once" in told
    assert "was each 8 hours: 00:00, 08:00, 16:00" in told


def test_values_that_do_not_fit_leave_what_is_saved(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 480})
    page = redraw(brand, **{PERIOD: "60", SHIFT: "360"})
    assert "shows what is saved, because a value does not fit" in words(page)
    assert "Each 8 hours: 00:00, 08:00, 16:00" in words(page)
    assert "data-changed" not in page


def test_the_form_is_watched_for_those_who_may_change_it(brand: Brand) -> None:
    address = f'hx-post="{brand.page}schedule/"'
    assert address in brand.operator.text(brand.page)
    assert address not in brand.viewer.text(brand.page)
    assert "Schedule, next 24 hours" in brand.viewer.text(brand.page)
    assert address not in tab(brand.operator, brand.page)


def test_the_preview_without_script_draws_what_was_typed(brand: Brand) -> None:
    page = brand.operator.client.post(brand.page, {PERIOD: "480", "preview": "1"})
    assert "Each 8 hours: 00:00, 08:00, 16:00" in words(page.content.decode())


@pytest.mark.parametrize(
    ("connector", "kind", "expected"),
    [
        ("shopify", "sales", "100 points each second"),
        ("shipengine", "fulfillment", "200 requests each minute"),
        ("woocommerce", "sales", "No published limit"),
    ],
)
def test_the_platforms_limit_is_told_with_its_page(
    brand: Brand, connector: str, kind: str, expected: str
) -> None:
    channel = connect(brand.account, kind, name=connector, connector=connector)
    page = tab(brand.viewer, f"/channels/{channel.pk}/")
    assert expected in words(page.partition('id="schedule-calls"')[2])
    assert ("https://" in page.partition('id="schedule-calls"')[2]) == ("each" in expected)


def test_a_disabled_channel_plans_nothing(brand: Brand) -> None:
    save(brand, receive_orders={"main_period_minutes": 60})
    off = Change(channels={brand.shop.pk: {"enabled": False}})
    configure.apply(brand.account, off, NOW + timedelta(minutes=1))
    told = words(tab(brand.viewer, brand.page))
    assert "Suspended: the channel or the account is disabled" in told
    assert "0 runs, at least 0 calls" in told
