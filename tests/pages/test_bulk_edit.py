"""Editing many channels together: choose, look, apply."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import HistoryEntry
from channels.models import Channel
from jobs.models import Job
from tests.brand import connect
from tests.pages.conftest import Brand

BULK = "/channels/bulk/"
EACH_HOUR = {"type": "receive_orders", "main_period_minutes": "60"}


@pytest.fixture
def market(brand: Brand) -> Channel:
    return connect(brand.account, name="Market", track="stable")


def send(brand: Brand, *channels: Channel, **fields: Any) -> HttpResponse:
    ids = ",".join(str(channel.pk) for channel in channels)
    return brand.operator.post(BULK, kind="sales", channels=ids, **fields)


def mark(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def test_ticked_channels_are_named_before_anything_is_chosen(brand: Brand, market: Channel) -> None:
    page = brand.operator.client.post(
        BULK, {"kind": "sales", "channel": [brand.shop.pk, market.pk], "ticked": "1"}
    ).content.decode()
    assert "Edit 2 channels" in page
    assert f'value="{brand.shop.pk},{market.pk}"' in page


def test_all_that_match_the_filter_are_taken(brand: Brand, market: Channel) -> None:
    page = brand.operator.post(BULK, kind="sales", all="1", track="stable").content.decode()
    assert "Edit 1 channel" in page
    assert f'value="{market.pk}"' in page


def test_nothing_ticked_leads_back_with_a_word(brand: Brand) -> None:
    page = brand.operator.follow(BULK, kind="sales", ticked="1")
    assert "Tick the channels to edit first." in page


def test_a_channel_of_another_account_does_not_exist(brand: Brand) -> None:
    answer = brand.stranger.post(BULK, kind="sales", channels=str(brand.shop.pk))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Choose at least one setting to change."),
        ({"main_period_minutes": "60"}, "Choose the job type that these durations are for."),
        ({"type": "receive_orders"}, "Choose what to set for this job"),
    ],
)
def test_a_choice_that_lacks_something_is_refused(
    brand: Brand, fields: dict[str, str], says: str
) -> None:
    answer = send(brand, brand.shop, step="preview", **fields)
    assert answer.status_code == 400
    assert says in answer.content.decode()


def test_the_preview_tells_all_consequences_and_changes_nothing(
    brand: Brand, market: Channel
) -> None:
    page = send(brand, brand.shop, market, step="preview", **EACH_HOUR).content.decode()
    assert "Receive Orders: its main job will start, each hour (Europe/Berlin)." in page
    assert "This channel is stable: set its period and delay" in page
    assert 'href="/account/recurring-jobs/">Recurring Jobs</a>' in page
    assert "Apply to 1 channel<" in page
    assert not Job.objects.filter(main_period_minutes=60).exists()


def test_apply_does_what_was_shown(brand: Brand, market: Channel) -> None:
    seen = mark(send(brand, brand.shop, market, step="preview", **EACH_HOUR).content.decode())
    fields = {"kind": "sales", "channels": f"{brand.shop.pk},{market.pk}", "seen": seen}
    page = brand.operator.follow(BULK, step="apply", **fields, **EACH_HOUR)
    assert "Saved: 1 channel changed, 1 did not support all of it." in page
    assert Job.objects.get(main_period_minutes=60).channel == brand.shop
    entry = HistoryEntry.objects.get(channel=brand.shop)
    assert (entry.actor, entry.new) == (
        brand.operator.user,
        {"receive_orders.main_period_minutes": 60},
    )


def test_what_changed_meanwhile_is_shown_again_instead_of_applied(
    brand: Brand, market: Channel
) -> None:
    both = (brand.shop, market)
    seen = mark(send(brand, *both, step="preview", mode="webhook").content.decode())
    brand.operator.post(brand.page, mode="webhook")
    page = send(brand, *both, step="apply", seen=seen, mode="webhook").content.decode()
    assert "Since you looked, something changed." in page
    market.refresh_from_db()
    assert market.mode == "recurring"
    assert send(brand, *both, step="apply", seen=mark(page), mode="webhook").status_code == 302
    market.refresh_from_db()
    assert market.mode == "webhook"


def test_the_choice_can_be_made_anew_with_what_was_chosen(brand: Brand) -> None:
    page = send(brand, brand.shop, step="choose", **EACH_HOUR).content.decode()
    assert '<option value="60" selected>Each hour</option>' in page


def test_too_many_channels_are_refused(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(brand.account, name="Market")
    monkeypatch.setattr("jobs.bulk.MOST", 1)
    page = brand.operator.follow(BULK, kind="sales", all="1")
    assert "At most 1 channels are edited together" in page
