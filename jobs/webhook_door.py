"""In front of Django: deliveries that join an open batch are taken together with others.

Whatever the group leaves, and every request that is out of the ordinary, goes through the view.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from jobs.intake_group import Group

PATH = "/webhooks/"
Taken = tuple[int, bytes]
"""HTTP status and JSON of an answer."""


def taker(group: Group) -> Callable[[str, str, dict[str, str], bytes], Awaitable[Taken | None]]:
    """What takes a request with its whole body; None where the view has to."""
    longest = settings.OMSAUTO_WEBHOOK_MAX_BODY

    async def take(method: str, path: str, headers: dict[str, str], body: bytes) -> Taken | None:
        token = _token(method, path)
        if token is None or "content-encoding" in headers or not 0 < len(body) <= longest:
            return None
        receipt = await group.take(token, headers, body, timezone.now())
        if receipt is None:
            return None
        said = f'{{"event": {receipt.event}, "status": "{receipt.status}"}}'
        return receipt.http, said.encode()

    return take


def _token(method: str, path: str) -> str | None:
    """The channel's token, where the request is a plain delivery."""
    if method != "POST" or not path.startswith(PATH) or not path.endswith("/"):
        return None
    token = path[len(PATH) : -1]
    return token if token and "/" not in token else None
