"""What needs attention: equal faults together, each with the way to mend it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.models import Channel
from jobs.models import Heartbeat, Job, RunStatus
from jobs.pages import attention
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand


@pytest.fixture(autouse=True)
def _ticking(db: None) -> None:
    Heartbeat.objects.create(name="clock", at=NOW)


def shops(brand: Brand, number: int) -> list[Channel]:
    return [connect(brand.account, name=f"Shop {index}") for index in range(1, number + 1)]


def fail(brand: Brand, channel: Channel, error: str = "It answered 500.") -> int:
    run = brand.run(channel=channel, status=RunStatus.FAILED, error=error, finished_at=NOW)
    return int(run.pk)


def refuse(channel: Channel, text: str = "The token was refused.") -> None:
    Channel.objects.filter(pk=channel.pk).update(needs_attention=text)


def test_a_failed_run_is_retried_from_here_by_those_who_may(brand: Brand) -> None:
    run = fail(brand, brand.shop)
    assert f'action="/runs/{run}/retry/"' in brand.operator.text("/")
    page = brand.viewer.text("/")
    assert f'action="/runs/{run}/retry/"' not in page
    assert f'href="/runs/{run}/"' in page


def test_a_refused_connection_is_tested_from_here(brand: Brand) -> None:
    refuse(brand.shop)
    page = brand.operator.text("/")
    assert f'action="{brand.page}test/"' in page
    assert f'href="{brand.page}?tab=connection"' in page


def test_an_authorization_that_ran_out_leads_to_the_row_that_renews_it(brand: Brand) -> None:
    expired = NOW - timedelta(hours=1)
    Channel.objects.filter(pk=brand.shop.pk).update(authorization_expires_at=expired)
    page = brand.operator.text("/")
    assert "The channel&#x27;s authorization expired at" in page
    assert f'href="{brand.page}#row-refresh_authorization"' in page


def test_the_account_gives_stable_channels_their_periods(brand: Brand) -> None:
    stable = connect(brand.account, "sales", connector="shopify", track="stable", name="Old shop")
    expired = NOW - timedelta(hours=1)
    Channel.objects.filter(pk=stable.pk).update(authorization_expires_at=expired)
    item = brand.operator.text("/attention/").split("Old shop:")[1].split("</li>")[0]
    assert 'href="/account/recurring-jobs/"' in item


def test_lost_webhooks_lead_to_the_channels_webhooks_and_emergency_job(brand: Brand) -> None:
    Job.objects.filter(pk=brand.job().pk).update(emergency_state="degraded")
    page = brand.viewer.text("/")
    assert "Webhooks were or may be lost." in page
    assert f'href="{brand.page}?tab=connection#webhooks-title"' in page
    assert f'href="{brand.page}#row-receive_orders"' in page


def test_a_missing_webhook_secret_leads_to_its_field(brand: Brand) -> None:
    shop = connect(brand.account, name="Mute", secrets={"token": "t"}, mode="webhook")
    item = brand.viewer.text("/").split("Mute:")[1].split("</li>")[0]
    assert "no webhook secret" in item
    assert f'href="/channels/{shop.pk}/?tab=connection"' in item


def test_equal_faults_of_many_channels_are_one_item(brand: Brand) -> None:
    made = shops(brand, 5)
    for shop in made:
        fail(brand, shop)
    fail(brand, brand.shop, "It answered 401.")
    page = brand.viewer.text("/")
    assert page.count("It answered 500.") == 1
    assert "<strong>5 channels:</strong> Receive Orders failed. It answered 500." in page
    assert ">Shop 1</a>, " in page
    assert "and 2 more" in page
    assert 'href="/attention/?cause=failed"' in page
    assert "<strong>Shop:</strong> Receive Orders failed. It answered 401." in page


def test_parked_records_of_many_channels_are_summed(brand: Brand) -> None:
    for shop in shops(brand, 4):
        for number in (1, 2):
            brand.parked(number, channel=shop)
    page = brand.viewer.text("/")
    assert "<strong>4 channels:</strong> 8 records are parked" in page
    assert 'href="/records/?tab=parked"' in page


def test_more_items_than_the_page_bears_lead_to_their_list(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "ITEMS", 2)
    for number, shop in enumerate(shops(brand, 5)):
        fail(brand, shop, f"Fault {number}.")
    page = brand.viewer.text("/")
    assert page.count('<li class="notice') == 2
    assert 'href="/attention/">And 3 more' in page


def test_the_list_shows_each_finding_by_its_cause(brand: Brand) -> None:
    for shop in shops(brand, 4):
        fail(brand, shop)
    brand.parked()
    page = brand.viewer.text("/attention/", cause="failed")
    assert page.count('<li class="notice') == 4
    assert "Failed runs (4)" in page
    assert "All (5)" in page
    assert "parked until" not in page


def test_a_long_list_goes_on_to_its_next_page(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "SIZE", 3)
    for shop in shops(brand, 4):
        fail(brand, shop)
    first = brand.viewer.text("/attention/", cause="failed")
    assert first.count('<li class="notice') == 3
    assert 'href="?cause=failed&amp;from=3"' in first
    assert brand.viewer.text("/attention/?cause=failed&from=3").count('<li class="notice') == 1


def test_a_list_without_findings_says_so(brand: Brand) -> None:
    assert "Nothing needs attention" in brand.viewer.text("/attention/", cause="nonsense")


def test_runs_that_no_worker_takes_are_said_first(brand: Brand) -> None:
    brand.run(status=RunStatus.QUEUED, not_before=NOW - timedelta(minutes=2))
    page = brand.viewer.text("/")
    assert "No worker takes the runs that are due." in page
    assert 'href="/runs/?status=queued"' in page
    brand.run(type="receive_order_updates", started_at=NOW)
    assert "No worker takes" not in brand.viewer.text("/")


def test_a_worker_that_fell_silent_is_said_before_anything_waits_for_it(brand: Brand) -> None:
    Heartbeat.objects.create(name="worker", at=NOW - timedelta(minutes=1))
    assert "No worker takes the runs that are due." in brand.viewer.text("/")


def test_a_full_queue_is_said_where_a_worker_lives(brand: Brand) -> None:
    Heartbeat.objects.create(name="worker", at=NOW)
    brand.run(status=RunStatus.QUEUED, not_before=NOW - timedelta(minutes=2))
    page = brand.viewer.text("/")
    assert "The queue is full" in page
    assert "Queue full" in page
    assert "No worker takes" not in page


def test_a_disabled_account_leads_to_its_switch(brand: Brand) -> None:
    brand.account.enabled = False
    brand.account.save(update_fields=["enabled"])
    page = brand.viewer.text("/")
    assert "This account is disabled" in page
    assert 'href="/account/"' in page.split("This account is disabled")[1].split("</li>")[0]


def test_of_another_account_nothing_is_told(brand: Brand) -> None:
    other = builders.account("Third")
    refuse(connect(other, name="Foreign"))
    assert "Foreign" not in brand.viewer.text("/")
    assert "Foreign" not in brand.viewer.text("/attention/")
