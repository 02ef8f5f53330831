"""Secrets at rest: sealed with the first key, opened by every key, unreadable without."""

from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from channels import vault
from channels.models import Channel

SECRETS = {"token": "t0p", "webhook_secret": "wörd"}


def keys(settings: Settings, *chosen: str) -> None:
    settings.OMSAUTO_ENCRYPTION_KEYS = list(chosen)


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_sealed_opens_again_and_shows_nothing(settings: Settings) -> None:
    keys(settings, new_key())
    sealed = vault.seal_secrets(SECRETS)
    assert vault.open_secrets(sealed) == SECRETS
    assert "t0p" not in sealed
    assert vault.seal_secrets(SECRETS) != sealed


def test_nothing_sealed_is_no_secrets() -> None:
    assert vault.open_secrets("") == {}


def test_rotation_opens_the_old_and_seals_with_the_new(settings: Settings) -> None:
    old, new = new_key(), new_key()
    keys(settings, old)
    before = vault.seal_secrets(SECRETS)
    keys(settings, new, old)
    assert vault.open_secrets(before) == SECRETS
    after = vault.seal_secrets(SECRETS)

    keys(settings, new)
    assert vault.open_secrets(after) == SECRETS
    assert json.loads(Fernet(new).decrypt(after.encode())) == SECRETS
    with pytest.raises(vault.Unreadable) as raised:
        vault.open_secrets(before)
    assert "OMSAUTO_ENCRYPTION_KEYS" in str(raised.value)


@pytest.mark.parametrize("change", [lambda s: s[:-4] + "AAA=", lambda s: s[:20], lambda s: "x"])
def test_what_was_tampered_with_does_not_open(settings: Settings, change: object) -> None:
    keys(settings, new_key())
    assert callable(change)
    sealed = change(vault.seal_secrets(SECRETS))
    with pytest.raises(vault.Unreadable) as raised:
        vault.open_secrets(sealed)
    assert "t0p" not in str(raised.value)


def test_a_channel_keeps_its_secrets_sealed(settings: Settings) -> None:
    keys(settings, new_key())
    channel = Channel(name="Shop", connector="sandbox_shop")
    channel.secrets = SECRETS
    assert "t0p" not in channel.secrets_encrypted
    assert channel.secrets == SECRETS
    keys(settings, new_key())
    with pytest.raises(vault.Unreadable):
        _ = channel.secrets
