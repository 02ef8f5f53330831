"""The tabs of a channel's page beside its settings, the old addresses, what stands where."""

from __future__ import annotations

import re

import pytest

from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.models import EmergencyState, EventStatus
from jobs.pages.channel_tabs import RECENT, TABS
from oms.models import ParkedRecord
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand


def current(page: str) -> str:
    found = re.search(r'aria-current="page">([^<]+)</a>', page.partition('class="tabs"')[2])
    assert found
    return found[1]


def section(page: str, key: str) -> str:
    """From the section with this id to the next one."""
    return page.partition(f'id="{key}"')[2].partition("</section>")[0]


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("", "Settings"),
        ("jobs", "Settings"),
        ("connection", "Settings"),
        ("activity", "Runs"),
        ("nonsense", "Settings"),
        *[(tab.key, tab.label) for tab in TABS],
    ],
)
def test_each_address_leads_to_its_tab_old_ones_too(brand: Brand, asked: str, label: str) -> None:
    assert current(brand.viewer.text(brand.page, tab=asked)) == label


def test_saving_leads_back_to_the_tab_it_came_from(brand: Brand) -> None:
    assert brand.operator.post(brand.page, tab="settings", name="A")["Location"] == brand.page
    answer = brand.operator.post(brand.page, tab="webhooks", name="B")
    assert answer["Location"] == f"{brand.page}?tab=webhooks"


def test_the_settings_stand_in_the_order_of_the_guide(brand: Brand) -> None:
    page = brand.operator.text(brand.page)
    titles = re.findall(r'<h2 id="[a-z]+-title">([^<]+)</h2>', page)
    assert titles == [
        "General",
        "Mode and jobs",
        "Inventory Settings",
        "Other System Settings",
        "Connection",
        "Schedule, next 24 hours",
    ]
    contents = page.partition('class="toc"')[2].partition("</nav>")[0]
    assert re.findall(r'href="#([a-z]+)"', contents) == [
        "general",
        "mode",
        "inventory",
        "other",
        "connection",
        "schedule",
    ]
    assert page.count('<form class="form"') == 1


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("general", ["settings-new_order_status", 'name="enabled"']),
        ("mode", ['name="mode"', 'id="row-receive_orders"', 'id="row-receive_order_updates"']),
        (
            "inventory",
            ["settings-inventory_mode", "settings-duplicate_skus", 'id="row-sync_inventory"'],
        ),
        ("other", ['id="row-refresh_authorization"', 'id="row-send_order_updates"']),
        ("connection", ["settings-url", "secrets-token", "Test connection"]),
    ],
)
def test_each_setting_stands_in_its_section(brand: Brand, key: str, wanted: list[str]) -> None:
    page = brand.operator.text(brand.page)
    found = section(page, key)
    for text in wanted:
        assert text in found
        assert page.count(text) == found.count(text), f"{text} stands elsewhere too"


def test_a_warehouse_receives_inventory_among_its_inventory_settings(brand: Brand) -> None:
    page = brand.operator.text(f"/channels/{brand.depot.pk}/")
    assert 'id="row-receive_shipments"' in section(page, "mode")
    assert 'id="row-receive_inventory"' in section(page, "inventory")
    assert 'id="row-send_shipments"' in section(page, "other")


def test_another_mode_answers_with_the_rows_of_every_section(brand: Brand) -> None:
    rows = brand.operator.part(f"{brand.page}rows/", mode="webhook").content.decode()
    for key, oob in (("mode", False), ("inventory", True), ("other", True)):
        tag = rows.partition(f'id="rows-{key}"')[2].partition(">")[0]
        assert ('hx-swap-oob="true"' in tag) is oob


def test_the_preview_names_the_inventory_mode_and_not_the_connection(brand: Brand) -> None:
    fields = {"settings-inventory_mode": "realtime"}
    page = brand.operator.post(f"{brand.page}preview/", **fields).content.decode()
    assert "Inventory: Real-time: send each change at once (was Do not synchronize)." in page
    assert "connection settings" not in page
    secret = {"secrets-webhook_secret": "another"}
    told = brand.operator.post(f"{brand.page}preview/", **secret).content.decode()
    assert "Deliveries signed with the present webhook secret are rejected." in told


def test_controls_carry_what_is_stored_so_that_changes_can_be_marked(brand: Brand) -> None:
    name = "receive_orders-main_period_minutes"
    brand.operator.post(brand.page, **{name: "480"})
    rows = brand.operator.part(f"{brand.page}rows/", mode="recurring", **{name: "60"})
    field = rows.content.decode().partition(f'name="{name}"')[2].partition("</select>")[0]
    assert 'data-stored="480"' in field
    assert '<option value="60" selected>' in field


def test_webhooks_show_the_last_deliveries_and_what_was_rejected(brand: Brand) -> None:
    for number in range(12):
        brand.event(number, status=EventStatus.FAILED if number == 11 else EventStatus.DONE)
    Channel.objects.filter(pk=brand.shop.pk).update(rejected_signatures=2)
    page = brand.viewer.text(brand.page, tab="webhooks")
    assert page.count('class="row-link"') == 10
    assert "d-11" in page
    assert ">d-1<" not in page
    assert "2 delivery signatures rejected since the last good one" in page
    assert f"/events/?channel={brand.shop.pk}" in page


def test_a_platform_without_webhooks_says_so(brand: Brand) -> None:
    legacy = connect(brand.account, "fulfillment", name="ERP", connector="tryton", default=False)
    page = brand.operator.text(f"/channels/{legacy.pk}/", tab="webhooks")
    assert "This platform sends no webhooks" in page
    assert legacy.webhook_token not in page


def test_records_show_the_parked_ones_first_and_count_the_others(brand: Brand) -> None:
    builders.product(brand.account)
    ReceiveOrders().apply(builders.context(brand.shop), builders.order_data())
    brand.parked(7)
    brand.parked(8, channel=brand.depot)
    page = brand.operator.text(brand.page, tab="records")
    assert "SKU X of line 1 is not in the catalogue." in page
    assert page.count("/retry/") == 2, "one record, and all"
    shown = re.findall(r'stat-label">([^<]+)</span>\s*<span class="stat-value">(\d+)', page)
    assert ("Orders", "1") in shown
    assert "/records/?tab=orders&amp;channel=" in page
    assert "Shipments" in brand.viewer.text(f"/channels/{brand.depot.pk}/", tab="records")


def test_retrying_all_of_the_tab_asks_for_this_channels_alone(brand: Brand) -> None:
    brand.parked(7)
    brand.parked(8, channel=brand.depot, type="receive_shipments")
    page = brand.operator.text(brand.page, tab="records")
    action = re.search(r'action="(/records/parked/retry/[^"]*)"', page)
    assert action
    brand.operator.post(action[1])
    assert [run.entities for run in brand.shop.runs.all()] == [["7"]]
    assert not brand.depot.runs.exists()
    assert ParkedRecord.objects.count() == 2


def test_history_and_transitions_are_paged_apart(brand: Brand) -> None:
    for number in range(RECENT + 1):
        brand.account.history.create(channel=brand.shop, at=NOW, subject=f"s{number}", new={"x": 1})
        brand.job().transitions.create(
            at=NOW,
            from_state=EmergencyState.OFF,
            to_state=EmergencyState.ARMED,
            cause=f"cause number {number}.",
        )
    first = brand.viewer.text(brand.page, tab="history")
    assert "S0<" not in first
    assert "Cause number 0." not in first
    links = re.findall(r'href="([^"]+)"\s+rel="next"', first)
    assert len(links) == 2
    older, moves = (brand.viewer.text(link.replace("&amp;", "&")) for link in links)
    assert "S0<" in older
    assert "Cause number 0." not in older
    assert "Cause number 0." in moves
    assert f"S{RECENT}<" in moves


def test_runs_lead_to_all_runs_and_tell_the_next_slots(brand: Brand) -> None:
    jobs = {(brand.shop.pk, "receive_orders"): {"main_period_minutes": 480}}
    configure.apply(brand.account, Change(jobs=jobs), NOW)
    brand.run()
    page = brand.viewer.text(brand.page, tab="runs")
    assert f'href="/runs/?channel={brand.shop.pk}"' in page
    assert "Next slots" in page
    assert "16:00" in page


def test_what_can_be_done_at_once_stands_at_the_top(brand: Brand) -> None:
    page = brand.operator.text(brand.page).partition('class="page-actions"')[2]
    actions = page.partition('class="tabs"')[0]
    assert re.findall(r'name="type"\s+value="([a-z_]+)"', actions)[:1] == ["receive_orders"]
    assert f"{brand.page}disable/" in actions
    assert f"{brand.page}delete/" in actions
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    assert f"{brand.page}enable/" in brand.operator.text(brand.page)
