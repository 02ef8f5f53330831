"""The way from an empty account to the first run that succeeded, read from what is stored."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import HistoryEntry
from channels.connectors.base import Misconfigured
from channels.connectors.sandbox_shop import SandboxShop
from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.models import Run, RunStatus
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand, Person


class Platform:
    """What the shop answers to a test of its connection."""

    error: Exception | None = None

    def answer(self) -> str:
        if self.error:
            raise self.error
        return "The shop answers."


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    made = Platform()
    monkeypatch.setattr(SandboxShop, "test_connection", lambda _self: made.answer())
    return made


@pytest.fixture
def way(brand: Brand) -> str:
    return f"{brand.page}first-run/"


def try_connection(brand: Brand) -> HttpResponse:
    return brand.operator.post(f"{brand.page}test/", next="first_run")


def now(page: str) -> str:
    """The title of the step to do now; "" where none is left."""
    found = re.search(r'data-state="next".*?<strong>([^<]+)</strong>', page, re.DOTALL)
    return found[1] if found else ""


def give_period(brand: Brand) -> None:
    change = Change(jobs={(brand.shop.pk, "receive_orders"): {"main_period_minutes": 60}})
    configure.apply(brand.account, change, NOW)


def test_an_account_without_a_channel_begins_with_the_first_step(db: None, settings: Any) -> None:
    person = Person(builders.user(of=builders.account()))
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = False
    page = person.text("/")
    assert now(page) == "Connect a channel"
    assert 'href="/channels/new/?kind=sales"' in page
    assert "sandbox" not in page
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    assert "connector=sandbox_shop" in person.text("/")


def test_a_viewer_is_told_who_does_it(db: None) -> None:
    person = Person(builders.user(of=builders.account(), role="viewer"))
    page = person.text("/")
    assert "An operator of this account does this." in page
    assert "/channels/new/" not in page


def test_each_step_follows_from_what_is_stored(brand: Brand, platform: Platform, way: str) -> None:
    operator = brand.operator
    assert now(operator.text(way)) == "Test the connection"
    answer = try_connection(brand)
    assert answer["Location"] == way
    assert now(operator.text(way)) == "Choose when its jobs run"
    give_period(brand)
    page = operator.text(way)
    assert now(page) == "See the first run"
    assert "Run Receive Orders now" in page
    answer = operator.post(f"{brand.page}sync/", type="receive_orders", next="first_run")
    assert answer["Location"] == way
    page = operator.text(way)
    assert "It waits for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    Run.objects.update(status=RunStatus.SUCCEEDED, finished_at=NOW)
    page = operator.text(way)
    assert now(page) == ""
    assert "The first run has succeeded" in page
    assert "Fill the catalogue" in page
    assert "every 2s" not in page


def test_a_failed_test_says_why_until_it_works(brand: Brand, platform: Platform, way: str) -> None:
    platform.error = Misconfigured("the token was refused")
    try_connection(brand)
    page = brand.operator.text(way)
    assert now(page) == "Test the connection"
    assert "The connection does not work: the token was refused" in page
    platform.error = None
    try_connection(brand)
    assert now(brand.operator.text(way)) == "Choose when its jobs run"


def test_changed_settings_must_be_tested_again(brand: Brand, platform: Platform, way: str) -> None:
    try_connection(brand)
    brand.operator.post(brand.page, **{"settings-url": "https://other.example.com"})
    assert now(brand.operator.text(way)) == "Test the connection"


def test_the_same_answer_is_kept_once(brand: Brand, platform: Platform) -> None:
    for _ in range(3):
        try_connection(brand)
    entry = HistoryEntry.objects.get(channel=brand.shop)
    assert (entry.subject, entry.actor) == ("connection tested", brand.operator.user)


def test_a_failed_run_says_why_and_can_be_run_again(
    brand: Brand, platform: Platform, way: str
) -> None:
    try_connection(brand)
    give_period(brand)
    brand.run(status=RunStatus.FAILED, error="The shop answered 500.")
    page = brand.operator.text(way)
    assert "The shop answered 500." in page
    assert "Run Receive Orders now" in page


def test_a_disabled_channel_is_to_be_enabled_first(
    brand: Brand, platform: Platform, way: str
) -> None:
    try_connection(brand)
    give_period(brand)
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    page = brand.operator.text(way)
    assert f'href="{brand.page}enable/"' in page
    assert "Run Receive Orders now" not in page


def test_the_channels_page_leads_back_to_its_way_until_a_run_succeeded(
    brand: Brand, way: str
) -> None:
    assert way in brand.viewer.text(brand.page)
    brand.run()
    assert way not in brand.viewer.text(brand.page)


def test_the_overview_follows_the_newest_channel_and_then_says_what_is_lacking(
    brand: Brand,
) -> None:
    connect(brand.account, name="Market")
    page = brand.operator.text("/")
    assert "First steps: Market" in page
    assert now(page) == "Test the connection"
    brand.run()
    page = brand.operator.text("/")
    assert "First steps" not in page
    assert "Fill the catalogue" in page
    builders.product(brand.account)
    assert "What is still to do" not in brand.operator.text("/")
