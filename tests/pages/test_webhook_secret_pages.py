"""The webhook secret on the pages: its state, its rotation, the end of the former one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.connectors.registry import CONNECTORS
from jobs.saving import save_channel
from tests.brand import connect
from tests.builders import NOW
from tests.hooks import HookedSandboxShop, Hooks
from tests.pages.conftest import Brand

NEW = "whsec_bmV3LXNlY3JldC1vZi10aGUtc2hvcA=="
OLD = "whsec_dGVzdA=="


@pytest.fixture
def path(brand: Brand) -> str:
    return f"{brand.page}webhook-secret/"


def rotate(brand: Brand, **fields: Any) -> str:
    values = {"webhook_secret": NEW, "grace_minutes": 60, **fields}
    return brand.operator.follow(f"{brand.page}webhook-secret/", **values)


@pytest.mark.parametrize(
    ("minutes", "until"), [(60, "14:00"), (1440, "3 Mar, 13:00"), (10080, "9 Mar, 13:00")]
)
def test_the_page_says_until_when_both_secrets_hold(brand: Brand, minutes: int, until: str) -> None:
    page = rotate(brand, grace_minutes=minutes)
    state = page.partition("Two secrets hold until")[2].partition("</strong>")[0]
    assert f">{until}</time> (Europe/Berlin)" in state
    assert "No delivery has been signed with the former one" in page
    brand.shop.refresh_from_db()
    assert brand.shop.former_secret_until == NOW + timedelta(minutes=minutes)
    assert brand.shop.secrets["webhook_secret"] == NEW


def test_at_once_leaves_no_former_secret(brand: Brand) -> None:
    page = rotate(brand, grace_minutes=0)
    assert "Two secrets hold" not in page
    brand.shop.refresh_from_db()
    assert brand.shop.former_webhook_secret == ""


def test_the_former_secret_is_ended_early(brand: Brand) -> None:
    assert "End the former one now" in rotate(brand)
    page = brand.operator.follow(f"{brand.page}webhook-secret/end/")
    assert "The former webhook secret is no longer accepted." in page
    assert "Two secrets hold" not in page
    again = brand.operator.follow(f"{brand.page}webhook-secret/end/")
    assert "had ended already" in again


def test_a_generated_secret_is_shown_once_and_not_saved_by_that(brand: Brand, path: str) -> None:
    answer = brand.operator.post(path, generate="1")
    page = answer.content.decode()
    proposed = page.partition('name="webhook_secret"')[2].partition('value="')[2].split('"')[0]
    assert proposed.startswith("whsec_")
    assert "no-store" in answer["Cache-Control"]
    assert brand.shop.secrets["webhook_secret"] == OLD
    told = rotate(brand, webhook_secret=proposed)
    assert proposed not in told
    brand.shop.refresh_from_db()
    assert brand.shop.secrets["webhook_secret"] == proposed
    for tab in ("settings", "webhooks", "history"):
        assert proposed not in brand.admin.text(brand.page, tab=tab)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"webhook_secret": " "}, "Enter the new secret, or generate one."),
        ({"webhook_secret": OLD}, "The channel has this secret already."),
        ({"webhook_secret": "x" * 2001}, "at most 2000 characters"),
        ({"grace_minutes": 61}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_a_rotation_is_refused_at_its_field(
    brand: Brand, path: str, fields: dict[str, Any], said: str
) -> None:
    answer = brand.operator.post(path, **{"webhook_secret": NEW, "grace_minutes": 60, **fields})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert said in page
    assert 'aria-invalid="true"' in page
    assert f'value="{fields.get("webhook_secret", NEW)}"' not in page
    brand.shop.refresh_from_db()
    assert brand.shop.secrets["webhook_secret"] == OLD


def test_a_channel_without_a_secret_is_asked_for_no_grace(brand: Brand, path: str) -> None:
    save_channel(brand.shop, {"secrets": {"webhook_secret": None}}, NOW, brand.admin.user)
    assert "Every delivery is rejected" in brand.operator.text(brand.page, tab="webhooks")
    page = brand.operator.text(path)
    assert "Set a webhook secret" in page
    assert "grace_minutes" not in page
    assert "Two secrets hold" not in brand.operator.follow(path, webhook_secret=NEW)
    brand.shop.refresh_from_db()
    assert brand.shop.secrets["webhook_secret"] == NEW


def test_a_platform_without_signatures_has_nothing_to_rotate(brand: Brand) -> None:
    legacy = connect(brand.account, "fulfillment", name="ERP", connector="tryton", default=False)
    page = brand.operator.text(f"/channels/{legacy.pk}/webhook-secret/")
    assert "no webhook secret that could be rotated" in page
    brand.operator.post(f"/channels/{legacy.pk}/webhook-secret/", webhook_secret=NEW)
    legacy.refresh_from_db()
    assert legacy.secrets["webhook_secret"] == OLD, "as it was sent when it was made"


def test_registered_webhooks_must_be_registered_again(
    brand: Brand, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", HookedSandboxShop)
    monkeypatch.setattr(HookedSandboxShop, "platform", Hooks(), raising=False)
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    page = rotate(brand)
    assert "must be registered again" in page
    assert "Register webhooks again" in page
    brand.operator.client.post(f"{brand.page}subscriptions/")
    assert set(HookedSandboxShop.platform.secrets.values()) == {NEW}


def test_where_webhooks_are_registered_by_hand_the_secret_is_entered_there(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CONNECTORS["sandbox_shop"], "registers_webhooks", False)
    page = rotate(brand)
    assert "Enter the present one at the platform before that." in page
    assert "Register webhooks again" not in page


def test_a_viewer_sees_the_state_and_cannot_end_it(brand: Brand) -> None:
    rotate(brand)
    page = brand.viewer.text(brand.page, tab="webhooks")
    assert "Two secrets hold until" in page
    assert "End the former one now" not in page
    assert "Rotate the secret" not in page
