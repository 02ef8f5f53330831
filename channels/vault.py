"""A channel's secrets at rest: named values, sealed together."""

from __future__ import annotations

import json

from accounts.sealing import Unreadable, seal, unseal

__all__ = ["Unreadable", "open_secrets", "seal_secrets"]


def seal_secrets(values: dict[str, str]) -> str:
    return seal(json.dumps(values))


def open_secrets(sealed: str) -> dict[str, str]:
    """Raise `Unreadable` where no configured key opens them."""
    values = json.loads(unseal(sealed)) if sealed else {}
    return {str(name): str(value) for name, value in values.items()}
