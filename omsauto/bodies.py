"""Whole request bodies at the server's edge, whatever the program makes of them.

A body that is left unread makes the server close the connection after the answer, without a word
about it: the sender's next request on that connection then fails. And Django takes a body of
unstated length (Transfer-Encoding: chunked) for an empty one.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

CHUNK = 64 * 1024
READ_TO_END = 8 * 1024 * 1024
"""Bytes; whoever sends more than this unasked loses the connection."""


def whole_bodies(application: WSGIApplication) -> WSGIApplication:
    """The same application; its requests' bodies have a length and are read to their end."""

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stream: InputStream = environ["wsgi.input"]
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            _measure(environ, stream)
        try:
            return application(environ, start_response)
        finally:
            _read_to_end(environ, stream)

    return wrapped


def _measure(environ: WSGIEnvironment, stream: InputStream) -> None:
    """Give a chunked body a length; of one over the limit just enough is read to show that."""
    body = _read(stream, settings.OMSAUTO_WEBHOOK_MAX_BODY + 1)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def _read_to_end(environ: WSGIEnvironment, stream: InputStream) -> None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and 0 < int(length) <= READ_TO_END:
        # A sender that is gone needs no connection kept for it.
        with suppress(OSError):
            _read(stream, READ_TO_END)


def _read(stream: InputStream, most: int) -> bytes:
    body = bytearray()
    while len(body) < most and (piece := stream.read(min(CHUNK, most - len(body)))):
        body += piece
    return bytes(body)
