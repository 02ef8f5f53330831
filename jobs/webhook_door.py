"""In front of Django: deliveries that join an open batch are taken together with others.

A function of WSGI that reads the body and asks the group; whatever the group leaves, and every
request that is out of the ordinary, goes the way through Django's view.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from jobs.intake_group import Group

PATH = "/webhooks/"
_UNUSUAL = ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING")


def take_together(application: WSGIApplication, group: Group) -> WSGIApplication:
    """The same application; where the group takes a delivery, it is answered here."""

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token = _token(environ)
        length = _length(environ)
        if token is None or length is None:
            return application(environ, start_response)
        body = _read(environ, length)
        if len(body) == length:
            receipt = group.take(token, _headers(environ), body, timezone.now())
            if receipt is not None:
                return _answer(receipt.http, receipt.event, receipt.status, start_response)
        environ["wsgi.input"] = BytesIO(body)
        return application(environ, start_response)

    return wrapped


def _token(environ: WSGIEnvironment) -> str | None:
    """The channel's token, where the request is a plain delivery."""
    path: str = environ["PATH_INFO"]
    if not path.startswith(PATH) or environ["REQUEST_METHOD"] != "POST":
        return None
    token = path[len(PATH) : -1]
    if not token or not path.endswith("/") or "/" in token:
        return None
    return None if any(name in environ for name in _UNUSUAL) else token


def _length(environ: WSGIEnvironment) -> int | None:
    """Bytes of the body; None where that is not stated, nothing, or over the limit."""
    stated = environ.get("CONTENT_LENGTH") or ""
    if not (stated.isascii() and stated.isdigit() and len(stated) < 12):
        return None
    return int(stated) if 0 < int(stated) <= settings.OMSAUTO_WEBHOOK_MAX_BODY else None


def _read(environ: WSGIEnvironment, length: int) -> bytes:
    """All of it, or what came before the sender was gone."""
    stream = environ["wsgi.input"]
    body: bytes = stream.read(length)
    while len(body) < length and (piece := stream.read(length - len(body))):
        body += piece
    return body


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    found = {
        name: value for key, value in environ.items() if (name := _header_name(key)) is not None
    }
    return {name: value for name, value in found.items() if value}


@lru_cache(1024)
def _header_name(key: str) -> str | None:
    """As requests of Django name it, in lower case; None for what is no header."""
    if key.startswith("HTTP_"):
        return key[5:].replace("_", "-").lower()
    return key.replace("_", "-").lower() if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else None


def _answer(
    http: int, event: int | None, status: str, start_response: StartResponse
) -> Iterable[bytes]:
    body = json.dumps({"event": event, "status": str(status)}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{http} Accepted", headers)
    return [body]
