"""Secrets at rest: Fernet with rotation; the first key encrypts, every key opens."""

from __future__ import annotations

import json
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """The stored secrets were sealed with a key that is not configured."""


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.OMSAUTO_ENCRYPTION_KEYS))


def seal_secrets(values: dict[str, str]) -> str:
    return _current().encrypt(json.dumps(values).encode()).decode()


def open_secrets(sealed: str) -> dict[str, str]:
    """Raise `Unreadable` where no configured key opens them."""
    if not sealed:
        return {}
    try:
        values = json.loads(_current().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise Unreadable(
            "The channel's secrets cannot be opened with OMSAUTO_ENCRYPTION_KEYS; "
            "restore the key they were sealed with or enter them anew."
        ) from error
    return {str(name): str(value) for name, value in values.items()}
