"""The demo follows the sandbox it began with, and leaves alone what operators made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import saving
from jobs.management import demo
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _state(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR = tmp_path
    monkeypatch.setenv("SANDBOX_PORT", "8001")


def addresses() -> dict[str, str]:
    return {channel.name: channel.settings["url"] for channel in Channel.objects.all()}


def test_the_addresses_follow_the_port_of_this_start(monkeypatch: pytest.MonkeyPatch) -> None:
    demo.create(NOW)
    assert addresses() == {
        "Sandbox shop": "http://127.0.0.1:8001/shops/demo",
        "Sandbox warehouse": "http://127.0.0.1:8001/warehouses/demo",
    }
    account = Account.objects.get()
    for name, url in (
        ("Second", "http://127.0.0.1:8001/shops/second"),
        ("Elsewhere", "https://sandbox.example.com/shops/demo"),
    ):
        create_channel(account, "sandbox_shop", name, NOW, settings={"url": url})

    monkeypatch.setenv("SANDBOX_PORT", "9001")
    demo.create(NOW)

    assert addresses() == {
        "Sandbox shop": "http://127.0.0.1:9001/shops/demo",
        "Sandbox warehouse": "http://127.0.0.1:9001/warehouses/demo",
        "Second": "http://127.0.0.1:9001/shops/second",
        "Elsewhere": "https://sandbox.example.com/shops/demo",
    }


def test_a_demo_without_its_shop_is_left_alone() -> None:
    user = demo.create(NOW)
    saving.delete_channel(Channel.objects.get(name="Sandbox shop"), NOW, user)
    assert "was deleted: the sandbox is left alone" in demo.connect()
