"""In front of Django: deliveries that join an open batch are taken together with others.

Whatever the group leaves, and every request that is out of the ordinary, goes through the view.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from jobs.intake_group import Group

PATH = "/webhooks/"
Taken = tuple[int, bytes]
"""HTTP status and JSON of an answer."""


def taker(group: Group) -> Callable[[WSGIEnvironment, bytes], Awaitable[Taken | None]]:
    """What takes a request with its whole body; None where the view has to."""

    async def take(environ: WSGIEnvironment, body: bytes) -> Taken | None:
        token = _token(environ)
        if token is None or not 0 < len(body) <= settings.OMSAUTO_WEBHOOK_MAX_BODY:
            return None
        receipt = await group.take(token, _headers(environ), body, timezone.now())
        if receipt is None:
            return None
        said = {"event": receipt.event, "status": str(receipt.status)}
        return receipt.http, json.dumps(said).encode()

    return take


def _token(environ: WSGIEnvironment) -> str | None:
    """The channel's token, where the request is a plain delivery."""
    path: str = environ["PATH_INFO"]
    plain = path.startswith(PATH) and path.endswith("/") and environ["REQUEST_METHOD"] == "POST"
    if not plain or "HTTP_CONTENT_ENCODING" in environ:
        return None
    token = path[len(PATH) : -1]
    return token if token and "/" not in token else None


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    found = {_header_name(key): value for key, value in environ.items()}
    return {name: value for name, value in found.items() if name and value}


@lru_cache(1024)
def _header_name(key: str) -> str:
    """As requests of Django name it, in lower case; "" for what is no header."""
    if key.startswith("HTTP_"):
        return key[5:].replace("_", "-").lower()
    return key.replace("_", "-").lower() if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else ""
