"""Keys for secrets at rest are exchanged while the installation runs."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts import rotation
from accounts.models import Account
from accounts.sealing import SealedField, Unreadable, seal, unseal
from channels.models import Channel
from notifications.models import Destination
from tests import builders

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
SECRET_NAMES = ("sealed", "secret", "encrypted")
NOT_SECRET = {"channels.Channel.secrets_changed_at", "channels.Channel.former_secret_until",
              "channels.Channel.former_secret_used_at"}  # fmt: skip


def rotate() -> str:
    output = StringIO()
    call_command("rotate_keys", stdout=output)
    return output.getvalue()


@pytest.fixture
def account(db: None, settings: Settings) -> Account:
    settings.OMSAUTO_ENCRYPTION_KEYS = [OLD]
    return builders.account()


def channel_of(account: Account, number: int = 1) -> Channel:
    made = builders.sales_channel(account, f"Shop {number}", secrets={"token": f"t-{number}"})
    made.former_webhook_secret = seal('{"webhook_secret": "w"}')
    made.save(update_fields=["former_webhook_secret"])
    return made


def test_afterwards_the_new_key_alone_opens_everything(
    account: Account, settings: Settings
) -> None:
    shop = channel_of(account)
    told = Destination(account=account, name="Chat")
    told.address = "ntfy://host/topic"
    told.save()
    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW, OLD]
    assert "former ones can be removed" in rotate()

    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW]
    shop.refresh_from_db()
    told.refresh_from_db()
    assert shop.secrets == {"token": "t-1"}
    assert unseal(shop.former_webhook_secret) == '{"webhook_secret": "w"}'
    assert told.address == "ntfy://host/topic"


def test_it_works_in_batches_and_writes_only_what_has_another_key(
    account: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    for number in range(5):
        channel_of(account, number)
    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW, OLD]
    newest = channel_of(account, 6)
    before = newest.secrets_encrypted
    assert "channels.Channel.secrets_encrypted: 5 sealed anew" in rotate()
    newest.refresh_from_db()
    assert newest.secrets_encrypted == before
    assert "channels.Channel.secrets_encrypted: 0 sealed anew" in rotate()


def test_a_save_meanwhile_wins_and_is_sealed_anew_by_the_next_pass(
    account: Account, settings: Settings
) -> None:
    shop = channel_of(account)
    by_old_process = _sealed_with(OLD, '{"token": "newer"}')
    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW, OLD]
    interrupted: list[str] = []

    def save_before_the_write(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE") and not interrupted:
            interrupted.append(sql)
            Channel.objects.filter(pk=shop.pk).update(secrets_encrypted=by_old_process)
        return execute(sql, *arguments)

    with connection.execute_wrapper(save_before_the_write):
        tally = rotation.rotate(rotation.Column(Channel, "secrets_encrypted"))
    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW]
    shop.refresh_from_db()
    assert shop.secrets == {"token": "newer"}
    assert (tally.resealed, tally.overtaken) == (1, 0)


def test_what_no_key_opens_stays_and_is_named(account: Account, settings: Settings) -> None:
    shop = channel_of(account)
    lost = _sealed_with(LOST, '{"token": "t"}')
    Channel.objects.filter(pk=shop.pk).update(secrets_encrypted=lost)
    settings.OMSAUTO_ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError) as raised:
        rotate()
    assert "secrets_encrypted: 1 cannot be opened with any key" in str(raised.value)
    assert "Keep the former keys" in str(raised.value)
    shop.refresh_from_db()
    assert shop.secrets_encrypted == lost
    with pytest.raises(Unreadable):
        _ = shop.secrets


def test_a_new_key_is_one_that_seals(db: None, settings: Settings) -> None:
    output = StringIO()
    call_command("rotate_keys", "--new-key", stdout=output)
    settings.OMSAUTO_ENCRYPTION_KEYS = [output.getvalue().strip()]
    assert unseal(seal("x")) == "x"


def test_no_column_of_secrets_is_forgotten() -> None:
    """By their names; knox and Django keep hashes, which need no key."""
    found: list[Any] = []
    for model in apps.get_models():
        if model.__module__.partition(".")[0] in ("accounts", "channels", "oms", "jobs",
                                                  "notifications"):  # fmt: skip
            found += [
                f"{model._meta.label}.{field.name}"
                for field in model._meta.concrete_fields
                if any(word in field.name for word in SECRET_NAMES)
                and not isinstance(field, SealedField)
            ]
    assert set(found) <= NOT_SECRET
    assert {str(column) for column in rotation.columns()} >= {
        "channels.Channel.secrets_encrypted",
        "channels.Channel.former_webhook_secret",
        "notifications.Destination.sealed",
    }


def _sealed_with(key: str, text: str) -> str:
    return Fernet(key).encrypt(text.encode()).decode()
