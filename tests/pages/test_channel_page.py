"""A channel's page: the rows of each mode, the preview, Save."""

from __future__ import annotations

import re

import pytest

from accounts.models import HistoryEntry
from channels.enums import Mode, Track
from jobs import configure
from jobs.change import Change
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand

PERIOD = "receive_orders-main_period_minutes"
SHIFT = "receive_orders-delay_minutes"
WAIT = "receive_orders-webhook_delay_minutes"
EMERGENCY = "receive_orders-emergency_period_minutes"


def named(page: str) -> set[str]:
    """Names of the fields a form shows, hidden ones left out."""
    return set(re.findall(r'<(?:select|input type="(?:text|checkbox)")\s+name="([^"]+)"', page))


def set_mode(brand: Brand, mode: str) -> None:
    configure.apply(brand.account, Change(channels={brand.shop.pk: {"mode": mode}}), NOW)


def test_a_recurring_row_asks_for_delay_and_main_period(brand: Brand) -> None:
    page = brand.operator.text(brand.page)
    assert {PERIOD, SHIFT} <= named(page)
    assert not {WAIT, EMERGENCY} & named(page)
    assert "Each 8 hours" in page
    assert "Moves every run earlier by this long." in page


def test_a_webhook_row_asks_for_delay_and_emergency_period(brand: Brand) -> None:
    set_mode(brand, Mode.WEBHOOK)
    page = brand.operator.text(brand.page)
    assert {WAIT, EMERGENCY} <= named(page)
    assert not {PERIOD, SHIFT} & named(page)
    assert "Waits this long after an event" in page


def test_choosing_a_mode_swaps_the_rows_without_saving(brand: Brand) -> None:
    answer = brand.operator.part(f"{brand.page}rows/", mode="webhook")
    assert {WAIT, EMERGENCY} <= named(answer.content.decode())
    brand.shop.refresh_from_db()
    assert brand.shop.mode == Mode.RECURRING


def test_what_was_typed_survives_a_swap_to_another_mode_and_back(brand: Brand) -> None:
    away = brand.operator.part(f"{brand.page}rows/", mode="webhook", **{PERIOD: "480", SHIFT: "60"})
    kept = away.content.decode()
    assert re.search(rf'<input type="hidden"\s+name="{PERIOD}"\s+value="480"', kept)
    back = brand.operator.part(f"{brand.page}rows/", mode="recurring", **{PERIOD: "480"})
    assert '<option value="480" selected>' in back.content.decode()


def test_saving_the_webhook_procedure(brand: Brand) -> None:
    answer = brand.operator.post(brand.page, mode="webhook", **{WAIT: "5", EMERGENCY: "120"})
    assert answer.status_code == 302
    job = brand.job()
    assert (job.row, job.webhook_delay_minutes, job.emergency_minutes) == ("webhook", 5, 120)
    assert job.channel.mode == Mode.WEBHOOK


def test_saving_the_beta_procedure(brand: Brand) -> None:
    brand.operator.post(brand.page, mode="recurring", **{PERIOD: "480", SHIFT: "60"})
    job = brand.job()
    assert (job.main_period_minutes, job.delay_minutes) == (480, 60)
    # The window 08:00 to 16:00 of Berlin becomes 07:00 to 15:00.
    assert job.next_slot_at is not None
    assert job.next_slot_at.isoformat() == "2026-03-02T14:00:00+00:00"
    page = brand.operator.text(brand.page)
    assert all(slot in page for slot in ("15:00", "23:00", "3 Mar, 07:00"))


def test_an_empty_duration_is_none(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "480"})
    brand.operator.post(brand.page, **{PERIOD: ""})
    assert brand.job().main_period_minutes is None


def test_a_field_that_is_not_sent_stays(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "480", SHIFT: "60"})
    brand.operator.post(brand.page, name="New name")
    job = brand.job()
    assert (job.main_period_minutes, job.delay_minutes) == (480, 60)
    assert (job.channel.name, job.channel.enabled) == ("New name", True)


def test_an_unticked_box_that_was_shown_switches_off(brand: Brand) -> None:
    brand.operator.post(brand.page, name="Shop", shown=["enabled"])
    brand.shop.refresh_from_db()
    assert not brand.shop.enabled


def test_a_delay_that_is_not_shorter_is_refused_at_both_fields(brand: Brand) -> None:
    answer = brand.operator.post(brand.page, name="Half", **{PERIOD: "60", SHIFT: "60"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert page.count("The Delay (1 hour) must be shorter than the period (1 hour).") == 3
    assert page.count('aria-invalid="true"') == 2
    brand.shop.refresh_from_db()
    assert brand.shop.name == "Shop"
    assert brand.job().main_period_minutes is None


@pytest.mark.parametrize("value", ["7", "480.0", "none", "-5", "99999999999999999999"])
def test_a_period_that_is_not_offered_is_refused_with_those_that_are(
    brand: Brand, value: str
) -> None:
    answer = brand.operator.post(brand.page, **{PERIOD: value})
    assert answer.status_code == 400
    assert "is not offered here. Choose one of: None, Each 5 minutes" in answer.content.decode()


def test_a_mode_the_channel_does_not_offer_is_refused(brand: Brand) -> None:
    answer = brand.operator.post(brand.page, mode="telepathy")
    assert answer.status_code == 400
    assert "This channel offers the modes Webhook" in answer.content.decode()


def test_the_preview_tells_the_consequences_and_saves_nothing(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "480"})
    answer = brand.operator.post(f"{brand.page}preview/", mode="recurring_by_id")
    page = answer.content.decode()
    assert "Receive Orders: its emergency job will be switched off" in page
    assert "because the mode becomes Recurring Job By ID" in page
    brand.shop.refresh_from_db()
    assert brand.shop.mode == Mode.RECURRING


def test_the_preview_shows_each_row_as_it_would_be(brand: Brand) -> None:
    fields = {PERIOD: "480", "tab": "settings"}
    page = brand.operator.post(f"{brand.page}preview/", **fields).content.decode()
    facts = page[page.index('id="facts-receive_orders"') :]
    assert 'hx-swap-oob="true"' in facts
    assert "Will be on," in facts
    assert "after 1 day (automatic)" in facts
    assert "16:00" in facts


def test_the_preview_button_works_without_a_script(brand: Brand) -> None:
    answer = brand.operator.post(brand.page, mode="webhook", preview="1")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert {WAIT, EMERGENCY} <= named(page)
    assert "Receive Orders: its main job will start" in page
    assert 'data-dirty-watch="dirty"' in page
    brand.shop.refresh_from_db()
    assert brand.shop.mode == Mode.RECURRING


def test_a_preview_of_what_is_refused_says_why(brand: Brand) -> None:
    answer = brand.operator.post(f"{brand.page}preview/", **{PERIOD: "60", SHIFT: "60"})
    assert "must be shorter than the period" in answer.content.decode()


def test_saving_tells_what_follows(brand: Brand) -> None:
    answer = brand.operator.follow(brand.page, **{PERIOD: "480"})
    page = answer
    assert "Saved. Receive Orders: its main job will start, each 8 hours" in page


def test_saving_webhook_mode_without_a_secret_warns(brand: Brand) -> None:
    brand.shop.secrets = {"token": "t"}
    brand.shop.save(update_fields=["secrets_encrypted"])
    answer = brand.operator.follow(brand.page, mode="webhook")
    assert "no webhook secret" in answer


def test_switching_the_last_mapping_off_warns_before_and_after(brand: Brand) -> None:
    set_mode(brand, Mode.WEBHOOK)
    mapping = brand.shop.mappings.get(topic="order.created")
    shown = {"shown": [f"mapping-{mapping.pk}-enabled"]}
    preview = brand.operator.post(f"{brand.page}preview/", **shown).content.decode()
    assert "no webhook mapping is switched on" in preview
    brand.operator.post(brand.page, **shown)
    mapping.refresh_from_db()
    assert not mapping.enabled
    assert "no webhook mapping is switched on" in brand.viewer.text(brand.page)


def test_a_stable_channel_shows_the_accounts_timetable_read_only(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable shop", track=Track.STABLE)
    values = {"enabled": True, "period_minutes": 480, "delay_minutes": 5}
    configure.apply(brand.account, Change(stable={"receive_orders": values}), NOW)
    page = brand.operator.text(f"/channels/{stable.pk}/")
    assert PERIOD not in named(page)
    assert "Each 8 hours" in page
    assert "5 minutes later" in page
    assert 'href="/account/recurring-jobs/"' in page


def test_a_stable_channel_refuses_a_period_of_its_own(brand: Brand) -> None:
    stable = connect(brand.account, name="Stable shop", track=Track.STABLE)
    answer = brand.operator.post(f"/channels/{stable.pk}/", **{PERIOD: "480"})
    assert answer.status_code == 400
    assert brand.job(channel=stable).main_period_minutes is None


def test_secrets_are_kept_when_left_empty_and_never_shown(brand: Brand) -> None:
    fields = {"settings-url": "https://new.example.com", "secrets-token": "fresh-token"}
    brand.operator.post(brand.page, tab="settings", **fields, **{"secrets-webhook_secret": ""})
    brand.shop.refresh_from_db()
    assert brand.shop.settings["url"] == "https://new.example.com"
    assert brand.shop.secrets == {"token": "fresh-token", "webhook_secret": "whsec_dGVzdA=="}
    page = brand.admin.text(brand.page, tab="settings")
    assert "fresh-token" not in page
    assert "whsec_dGVzdA" not in page
    assert page.count("Set, changed ") == 2
    assert "Set, changed 13:00 CET. Leave empty to keep it." in page
    assert "fresh-token" not in str(list(HistoryEntry.objects.values_list("new", "old")))


def test_a_bad_address_is_refused_and_nothing_else_is_saved(brand: Brand) -> None:
    fields = {"settings-url": "ftp://x", "mode": "webhook", "tab": "settings"}
    answer = brand.operator.post(brand.page, **fields)
    assert answer.status_code == 400
    assert "starts with http:// or https://" in answer.content.decode()
    brand.shop.refresh_from_db()
    assert brand.shop.mode == Mode.RECURRING


def test_the_webhook_url_is_for_those_who_may_edit(brand: Brand) -> None:
    assert brand.shop.webhook_token in brand.operator.text(brand.page, tab="webhooks")
    assert brand.shop.webhook_token not in brand.viewer.text(brand.page, tab="webhooks")


def test_history_names_the_field_and_both_values(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "480"})
    page = brand.viewer.text(brand.page, tab="history")
    assert "Receive Orders, Main Job Period: 8 hours (was None)" in page
    assert brand.operator.user.email in page


def test_slots_that_did_not_run_are_told_with_their_reason(brand: Brand) -> None:
    job = brand.job()
    job.stretches.create(
        first_slot_at=NOW, last_slot_at=NOW, count=1, outcome="coalesced", reason="was busy"
    )
    job.stretches.update(first_slot_at="2026-03-02T10:00Z", last_slot_at="2026-03-02T11:00Z")
    page = brand.viewer.text(brand.page, tab="runs")
    assert "Was busy" in page
    assert "11:00" in page


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("none", "Only by hand: Inventory is set to Do not synchronize."),
        ("realtime", "Whenever stock changes."),
        ("fulfillment", "Whenever a warehouse was synchronized."),
    ],
)
def test_the_inventory_row_says_what_sends_stock(brand: Brand, mode: str, said: str) -> None:
    brand.shop.settings = {**brand.shop.settings, "inventory_mode": mode}
    brand.shop.save(update_fields=["settings"])
    page = brand.viewer.text(brand.page)
    facts = page[page.index('id="facts-sync_inventory"') :].partition("</dl>")[0]

    assert said in facts
    assert "None:" not in facts
