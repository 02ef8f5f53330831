"""Every page, with something on it: accessible, no fault in console or network, no overflow."""

from __future__ import annotations

import pytest
from django.urls import resolve
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from channels.models import Channel
from jobs.pages.urls import urlpatterns as pages_of_jobs
from notifications.pages.urls import urlpatterns as pages_of_notifications
from tests.e2e.accessibility import violations, violations_in
from tests.e2e.day import busy_day, paths_of
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene
from tests.sandbox_server import SandboxServer

pytestmark = pytest.mark.chromium

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenladen mit dem längsten Namen"
NOT_PAGES = {
    "channel_rows",
    "preview_channel",
    "preview_schedule",
    "sync",
    "bulk_edit",
    "test_connection",
    "probe_channel",
    "preview_account",
    "preview_recurring",
    "switch_account",
    "cancel_run",
    "retry_run",
    "replay_event",
    "cancel_event_replay",
    "retry_parked",
    "discard_parked",
    "retry_all_parked",
    "add_sku_mapping",
    "change_sku_mapping",
    "delete_sku_mapping",
    "import_sku_mappings",
    "export_sku_mappings",
    "add_product",
    "set_stock",
    "import_stock",
    "change_member_role",
    "require_second_factor",
    "renew_invitation",
    "withdraw_invitation",
    "revoke_token",
    "end_former_secret",
    "end_former_url",
    "tell_everything",
    "test_destination",
    "delete_destination",
    "preview_rule",
    "switch_rule",
    "delete_rule",
}
"""Names of addresses that answer with a part of a page, or only take a POST."""

OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""
NAMELESS = """() => {
  const controls = document.querySelectorAll("input:not([type=hidden]), select, textarea");
  return [...controls]
    .filter((control) => !control.labels.length && !control.ariaLabel)
    .map((control) => control.name);
}"""


@pytest.fixture
def shop(scene: Scene, sandbox: SandboxServer, live_server: LiveServer) -> Channel:
    return busy_day(scene, sandbox, live_server.url, LONG)


def test_every_page_is_clean_and_fits_a_phone(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    paths = paths_of(shop)
    walked = {resolve(path.partition("?")[0]).url_name for path in paths}
    assert (
        walked
        == {pattern.name for pattern in [*pages_of_jobs, *pages_of_notifications]} - NOT_PAGES
    )
    faults = {"/login/": _faults(operator, "/login/")}
    operator.logged_in(scene.member("admin"))
    faults |= {path: _faults(operator, path) for path in paths}
    told = [f"{path}: {line}" for path, found in faults.items() for line in found]
    assert not told, "\n".join(told)


def _faults(operator: Operator, path: str) -> list[str]:
    page, watch = operator.page, operator.watch
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    answer = page.goto(operator.home + path, wait_until="load")
    assert answer is not None
    policy = answer.headers.get("content-security-policy", "")
    noted = violations_in(page, "light")
    page.set_viewport_size({"width": 390, "height": 844})
    noted += violations_in(page, "dark")
    found = {
        "no strict policy": "default-src 'none'" not in policy or "unsafe" in policy,
        "scrolls sideways": page.evaluate(OVERHANG),
        "ids that occur twice": page.evaluate(TWICE),
        "controls without a label": page.evaluate(NAMELESS),
        "headings of level 1": page.get_by_role("heading", level=1).count() - 1,
    }
    noted += watch.faults
    watch.faults = []
    return noted + [f"{what}: {how}" for what, how in found.items() if how]


def test_the_accessibility_check_sees_what_is_wrong(operator: Operator, scene: Scene) -> None:
    """The check that the other tests rely on."""
    operator.open("/login/")
    assert violations(operator.page) == []
    operator.page.evaluate("document.querySelector('label').remove()")
    assert any(line.startswith("label at ") for line in violations(operator.page))


def test_the_api_reference_is_clean(operator: Operator, scene: Scene) -> None:
    operator.logged_in(scene.member("viewer")).open("/api/v1/docs/")
    expect(operator.page.get_by_role("heading", name="omsauto")).to_be_visible()
    expect(operator.page.get_by_text("/api/v1/channels/", exact=True).first).to_be_visible()


def test_the_policy_stops_what_a_page_must_never_do(operator: Operator, scene: Scene) -> None:
    """And the watch that the other tests rely on sees it."""
    operator.open("/login/")
    operator.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.intruder = true";
          document.body.append(script);
          document.body.append(Object.assign(new Image(), {src: "http://127.0.0.1:9/spy.png"}));
        }"""
    )
    expect(operator.page.get_by_role("heading", name="Log in")).to_be_visible()
    assert operator.page.evaluate("window.intruder") is None
    assert sum("Content Security Policy" in fault for fault in operator.watch.faults) == 2
    operator.watch.faults.clear()
