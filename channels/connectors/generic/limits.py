"""What a platform says of its limit: the RateLimit-* fields of its answers.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/06/
"""

from __future__ import annotations

import httpx

from channels.connectors.base import Limit


def limit_of(response: httpx.Response) -> Limit | None:
    """None where it says nothing of what remains, or nothing that can be read."""
    remaining = _number(response, "ratelimit-remaining")
    if remaining is None:
        return None
    capacity, reset = _number(response, "ratelimit-limit"), _number(response, "ratelimit-reset")
    return Limit(remaining, capacity, reset)


def _number(response: httpx.Response, name: str) -> float | None:
    """The first figure; policies may follow it, after a comma or a semicolon."""
    value = response.headers.get(name, "").partition(",")[0].partition(";")[0].strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
