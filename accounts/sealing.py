"""Text encrypted at rest: Fernet with rotation. The first key seals, every key opens."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Unreadable(Exception):
    """What is stored was sealed with a key that is not configured."""


class SealedField(models.TextField[str, str]):
    """A column of sealed text, "" where there is none. `rotation` finds columns by this class."""

    def deconstruct(self) -> Any:
        """For migrations it is the text column that it is in the database."""
        name, _path, arguments, options = super().deconstruct()
        return name, "django.db.models.TextField", arguments, options


@cache
def _fernets(keys: tuple[str, ...]) -> list[Fernet]:
    return [Fernet(key) for key in keys]


def _current() -> list[Fernet]:
    return _fernets(tuple(settings.OMSAUTO_ENCRYPTION_KEYS))


def seal(text: str) -> str:
    return _current()[0].encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raise `Unreadable` where no configured key opens it."""
    try:
        return MultiFernet(_current()).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(
            "The stored secrets cannot be opened with OMSAUTO_ENCRYPTION_KEYS; "
            "restore the key they were sealed with or enter them anew."
        ) from error


def is_current(sealed: str) -> bool:
    """Was it sealed with the first key?"""
    try:
        _current()[0].decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True
