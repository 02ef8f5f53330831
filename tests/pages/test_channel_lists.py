"""The lists of channels: what they say of each, and how they are searched, sorted and paged."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.models import Job, Rescue, RunStatus
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand

SALES = "/channels/sales/"


def names(page: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', page)


def row(page: str, name: str) -> str:
    return next(part for part in page.split("<tr ")[1:] if f">{name}</a>" in part)


@pytest.fixture
def market(brand: Brand) -> Channel:
    """A second channel, unlike the shop in every respect."""
    return connect(
        brand.account, name="Market", connector="woocommerce", mode="webhook", track="stable"
    )


@pytest.mark.parametrize(
    "query",
    [
        {"q": "mark"},
        {"q": "woo"},
        {"mode": "webhook"},
        {"track": "stable"},
        {"connector": "woocommerce"},
        {"health": "healthy"},
    ],
)
def test_a_list_is_narrowed_by_words_and_filters(
    brand: Brand, market: Channel, query: dict[str, str]
) -> None:
    assert names(brand.viewer.text(SALES)) == ["Market", "Shop"]
    assert names(brand.viewer.text(SALES, **query)) == ["Market"]


def test_disabled_channels_are_found(brand: Brand, market: Channel) -> None:
    Channel.objects.filter(pk=market.pk).update(enabled=False)
    assert names(brand.viewer.text(SALES, enabled="no")) == ["Market"]
    assert names(brand.viewer.text(SALES, enabled="yes")) == ["Shop"]
    assert names(brand.viewer.text(SALES, health="disabled")) == ["Market"]


def test_a_filter_that_means_nothing_is_left_out(brand: Brand, market: Channel) -> None:
    page = brand.viewer.text(SALES, mode="nonsense", sort="-nonsense", page="0")
    assert names(page) == ["Market", "Shop"]


def test_no_match_says_so_and_leads_back_to_all(brand: Brand) -> None:
    page = brand.viewer.text(SALES, q="nothing like it")
    assert "No channel fits these filters" in page
    assert f'href="{SALES}"' in page


def test_a_column_orders_the_list_both_ways(brand: Brand, market: Channel) -> None:
    brand.parked()
    page = brand.viewer.text(SALES, sort="-parked")
    assert names(page) == ["Shop", "Market"]
    assert '<th scope="col" class="num" aria-sort="descending">' in " ".join(page.split())
    assert names(brand.viewer.text(SALES, sort="parked")) == ["Market", "Shop"]
    assert page.count("aria-sort") == 1


def test_a_click_on_a_head_keeps_the_filters(brand: Brand, market: Channel) -> None:
    page = brand.viewer.text(SALES, mode="webhook", sort="-last")
    assert 'href="?mode=webhook&amp;sort=last"' in page
    assert 'href="?mode=webhook&amp;sort=-parked"' in page


def test_channels_without_a_last_run_come_last_either_way(brand: Brand, market: Channel) -> None:
    brand.run(started_at=NOW - timedelta(hours=1))
    for sort in ("last", "-last"):
        assert names(brand.viewer.text(SALES, sort=sort)) == ["Shop", "Market"]


def test_a_row_says_what_ran_and_what_comes(brand: Brand) -> None:
    change = Change(jobs={(brand.shop.pk, "receive_orders"): {"main_period_minutes": 60}})
    configure.apply(brand.account, change, NOW)
    run = brand.run(started_at=NOW - timedelta(minutes=10))
    brand.run(status=RunStatus.QUEUED)
    Rescue.objects.create(job=brand.job(), run=run, external_id="1", rescued_at=NOW, changed_at=NOW)
    shown = row(brand.viewer.text(SALES), "Shop")
    assert f'href="/runs/{run.pk}/"' in shown
    assert ">12:50</time>" in shown
    assert ">14:00</time>" in shown
    assert "Healthy" in shown
    assert re.search(r'data-label="Rescued, 24 h">1<', shown)


def test_the_gravest_that_holds_is_the_health(brand: Brand) -> None:
    shop = Channel.objects.filter(pk=brand.shop.pk)

    def health() -> str:
        shown = row(brand.viewer.text(SALES), "Shop")
        found = re.search(r"</svg>([^<]+)</span>", shown)
        assert found
        return found[1]

    assert health() == "No job is on"
    Job.objects.filter(channel=brand.shop).update(emergency_state="degraded")
    assert health() == "Degraded"
    failed = brand.run(status=RunStatus.FAILED, finished_at=NOW)
    assert health() == "Failing"
    assert f'href="/runs/{failed.pk}/"' in row(brand.viewer.text(SALES), "Shop")
    shop.update(needs_attention="The token was refused.")
    assert health() == "Needs attention"
    shop.update(enabled=False)
    assert health() == "Disabled"


def test_a_failure_is_over_once_its_job_succeeded(brand: Brand) -> None:
    brand.run(status=RunStatus.FAILED, finished_at=NOW - timedelta(hours=1))
    assert names(brand.viewer.text(SALES, health="failing")) == ["Shop"]
    Job.objects.filter(pk=brand.job().pk).update(last_success_at=NOW)
    assert names(brand.viewer.text(SALES, health="failing")) == []


def test_long_lists_are_paged(brand: Brand) -> None:
    Channel.objects.bulk_create(
        Channel(
            account=brand.account,
            name=f"Z {number:02}",
            kind="sales",
            connector="sandbox_shop",
            webhook_token=f"token-{number}",
        )
        for number in range(60)
    )
    first = brand.viewer.text(SALES, sort="-name")
    assert len(names(first)) == 50
    assert "1 to 50 of 61 channels" in first
    assert 'href="?sort=-name&amp;page=2"' in first
    second = brand.viewer.text(SALES, sort="-name", page=2)
    assert names(second)[-1] == "Shop"
    assert "51 to 61 of 61 channels" in second
    assert names(brand.viewer.text(SALES, page=99)) == names(brand.viewer.text(SALES, page=2))


def test_a_part_of_the_page_is_answered_to_htmx(brand: Brand) -> None:
    part = brand.viewer.part(SALES, q="shop").content.decode()
    assert "<html" not in part
    assert names(part) == ["Shop"]
    assert "1 channel fits." in part


def test_an_empty_list_says_what_to_do(brand: Brand) -> None:
    Channel.objects.filter(pk=brand.shop.pk).update(deleted_at=NOW)
    assert "/channels/new/?kind=sales" in brand.operator.text(SALES)
    assert "An operator of this account connects" in brand.viewer.text(SALES)
