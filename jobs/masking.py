"""What may be shown on page or API: no credential and no signature."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

SECRET = re.compile(
    r"auth|cookie|token|signature|secret|hmac|passw|credential|session|jwt|(api|access|private)-?key"
)
NOT_KEPT = "(not kept)"


SHORTEST = 6
"""Shorter values are parts of ordinary words, too."""


def without_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """What a platform said, or a library, without the secrets that it may quote.

    As they are, as they stand in an address, and as HTTP Basic sends them.
    """
    values = [value for value in secrets.values() if len(value) >= SHORTEST]
    pairs = [b64encode(f"{a}:{b}".encode()).decode() for a in values for b in values]
    forms = {form for value in values for form in (value, quote(value, safe=""), quote_plus(value))}
    for form in sorted(forms | set(pairs), key=len, reverse=True):
        text = text.replace(form, "(hidden)")
    return text


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers in the order of their names; of secret ones only the length is told."""
    return {name: _shown(name, value) for name, value in sorted(headers.items())}


def _shown(name: str, value: str) -> str:
    if value == NOT_KEPT or not SECRET.search(name.lower().replace("_", "-")):
        return value
    return f"(hidden, {len(value)} characters)"
