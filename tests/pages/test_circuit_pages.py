"""What operators see of a platform that is left alone, and how they have it asked at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from channels.models import Channel
from jobs import circuits, configure
from jobs.change import Change
from jobs.lease import claim
from jobs.models import Circuit, Heartbeat, RunStatus
from tests.builders import NOW
from tests.http_server import served
from tests.jobs.limited import LimitedShop
from tests.pages.conftest import Brand


@pytest.fixture
def far_shop(brand: Brand) -> Iterator[LimitedShop]:
    """The brand's shop, behind HTTP; its circuit is open."""
    Heartbeat.objects.create(name="clock", at=NOW)
    shop = LimitedShop({"orders": []}, ill=500)
    with served(shop) as address:
        values = {"connector": "http", "settings": {"url": address}}
        Channel.objects.filter(pk=brand.shop.pk).update(**values)
        for _ in range(5):
            circuits.note_failure(brand.shop.pk, "GET /orders answered 500", NOW)
        yield shop


def test_the_channel_says_that_its_platform_is_left_alone_and_until_when(
    brand: Brand, far_shop: LimitedShop
) -> None:
    page = brand.viewer.text(brand.page)
    assert "Circuit open since" in page
    assert "GET /orders answered 500. It is left alone" in page
    assert "It is asked again at" in page
    assert "Probe now" not in page, "viewers cannot ask it"
    assert f'action="{brand.page}probe/"' in brand.operator.text(brand.page)


def test_the_overview_leads_to_the_probe_instead_of_to_a_failed_run(
    brand: Brand, far_shop: LimitedShop
) -> None:
    brand.run(status=RunStatus.FAILED, error="It answered 500.", finished_at=NOW)
    page = brand.operator.text("/")
    assert "Circuit open. The platform did not answer as it should" in page
    assert f'action="{brand.page}probe/"' in page
    assert "Retry the run" not in page
    assert "Circuit open" in brand.viewer.text("/attention/", cause="circuit")


def test_the_list_of_channels_leads_to_the_notice(brand: Brand, far_shop: LimitedShop) -> None:
    page = brand.viewer.text("/channels/sales/")
    assert f'href="{brand.page}#circuit"' in page
    assert brand.shop.name in brand.viewer.text("/channels/sales/", health="circuit")


def test_a_probe_that_fails_says_so_and_one_that_works_closes_it(
    brand: Brand, far_shop: LimitedShop
) -> None:
    answer = brand.operator.post(f"{brand.page}probe/")
    assert answer["Location"] == brand.page
    page = brand.operator.text(brand.page)
    assert "still does not answer as it should" in page
    assert Circuit.objects.get().probes == 1
    far_shop.ill = None
    brand.operator.post(f"{brand.page}probe/")
    page = brand.operator.text(brand.page)
    assert "The platform answers again" in page
    assert "Circuit open since" not in page
    brand.operator.post(f"{brand.page}probe/")
    assert "There is nothing to probe" in brand.operator.text(brand.page)


def test_a_good_connection_test_closes_it_too(brand: Brand, far_shop: LimitedShop) -> None:
    far_shop.ill = None
    brand.operator.post(f"{brand.page}test/")
    assert Circuit.objects.get().is_closed


def test_a_run_by_hand_says_that_it_waits(brand: Brand, far_shop: LimitedShop) -> None:
    answer = brand.operator.post(f"{brand.page}sync/", type="receive_orders")
    run = brand.job().runs.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert "so the run waits" in brand.operator.text(f"/runs/{run.pk}/")
    claim(run.pk, NOW + timedelta(seconds=1))
    page = brand.viewer.text(f"/runs/{run.pk}/")
    assert "It waits for its platform, which uses up no attempt" in page
    assert "Circuit open: GET /orders answered 500" in page
    assert "<small>circuit open</small>" in brand.viewer.text("/runs/")


def test_of_a_disabled_channel_nothing_is_said(brand: Brand, far_shop: LimitedShop) -> None:
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    assert "Circuit open" not in brand.viewer.text(brand.page)
    assert "Circuit open" not in brand.viewer.text("/")


def test_the_emergency_job_says_that_its_timer_stands_still(
    brand: Brand, far_shop: LimitedShop
) -> None:
    configure.apply(brand.account, Change(channels={brand.shop.pk: {"mode": "webhook"}}), NOW)
    said = "its timer stands still while the channel&#x27;s circuit is open"
    assert said in brand.viewer.text(brand.page)
    assert said in brand.viewer.text("/runs/", channel=brand.shop.pk, type="receive_orders")
