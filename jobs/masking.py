"""What of a delivery's headers may be shown: no credential and no signature, on page or API."""

from __future__ import annotations

import re
from collections.abc import Mapping

SECRET = re.compile(
    r"auth|cookie|token|signature|secret|hmac|passw|credential|session|jwt|(api|access|private)-?key"
)
NOT_KEPT = "(not kept)"


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers in the order of their names; of secret ones only the length is told."""
    return {name: _shown(name, value) for name, value in sorted(headers.items())}


def _shown(name: str, value: str) -> str:
    if value == NOT_KEPT or not SECRET.search(name.lower().replace("_", "-")):
        return value
    return f"(hidden, {len(value)} characters)"
