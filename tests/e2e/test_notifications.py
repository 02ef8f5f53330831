"""An admin sees to it that somebody is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from jobs.models import Heartbeat
from notifications.tell import tell
from oms.models import ParkedRecord
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.notifications.conftest import address_of
from tests.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.chromium


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def test_an_admin_adds_a_destination_tests_it_and_adds_a_rule(
    operator: Operator, scene: Scene, receiver: WebhookReceiver, settings: Settings
) -> None:
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    for name in ("clock", "web", "worker"):
        Heartbeat.objects.create(name=name, at=NOW)
    shop = scene.channel("Tea shop")
    ParkedRecord.objects.create(
        account=scene.account,
        channel=shop,
        type="receive_orders",
        external_id="1001",
        reason="SKU X is not in the catalogue.",
        parked_at=NOW,
    )
    page, hand = operator.page, operator.hand
    operator.logged_in(scene.member("admin")).go("System Settings", "Account")
    operator.tab("Notifications")
    hand.press(page.get_by_role("link", name="Add a destination"))
    hand.write(page.get_by_label("Name", exact=True), "Team chat")
    hand.write(page.get_by_label("Address", exact=True), address_of(receiver))
    operator.press("Save")
    expect(page.get_by_text("JSON, address hidden")).to_be_visible()
    operator.press("Send a test to Team chat")
    expect(page.get_by_text("Team chat took the test message.")).to_be_visible()
    assert len(receiver.received) == 1

    hand.press(page.get_by_role("link", name="Add a rule"))
    hand.write(page.get_by_label("Name", exact=True), "Tell the team")
    preview = page.get_by_role("status").filter(has_text="This rule would tell now")
    expect(preview).to_contain_text("Tea shop: 1 record is parked by Receive Orders.")
    page.get_by_label("Levels").select_option("Only fatal")
    expect(preview).to_contain_text("Nothing: what it covers is in order.")
    page.get_by_label("Levels").select_option("All, warnings too")
    expect(preview).to_contain_text("1 record is parked")
    page.get_by_label("Team chat").check()
    operator.press("Save")
    expect(page.get_by_text("Tells Team chat.")).to_be_visible()
    tell(NOW)
    assert len(receiver.received) == 2
    page.reload()
    expect(page.get_by_text("Brand: Tea shop: Records are parked")).to_be_visible()
    assert "hush-hush" not in page.content()
