"""The server's edge: a request is taken whole, within bounds, before a thread works on it.

A thread that waits for a body is lost to everybody else for as long as its sender likes; here
only a coroutine waits, and not for ever. A body that is left unread makes the server close the
connection without a word, and Django takes a body of unstated length (Transfer-Encoding: chunked)
for an empty one: so each body is read to its end and has a length.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Take = Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[int, bytes] | None]]
"""Answers a delivery with HTTP status and JSON where it takes it without a thread, else None.

It is given the method, the path, the headers by name in lower case, and the body.
"""

MOST_BODY = 8 * 1024 * 1024
"""Bytes; whoever sends more than this loses the connection."""
MOST_HEADERS = 32 * 1024
"""Bytes of all headers, names included; the server itself allows a hundred of them."""
MOST_HELD = 128 * 1024 * 1024
"""Bytes of all bodies that one process holds at a time."""
BODY_SECONDS = 60.0
"""For a whole body, however steadily it drips."""
PIECE_SECONDS = 10.0
"""Between two pieces of it."""
WEBHOOKS, API = "/webhooks/", "/api/"
LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
"""What is said of the body's length; we say it ourselves, once it is known."""


class Gone(Exception):
    """The sender hung up before its body was here."""


@dataclass
class Answer(Exception):
    """What a request is answered; raised where it is refused at the edge."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


class Front:
    """An ASGI application around a WSGI one, which works in `threads` threads.

    `longest_delivery`: bytes of the largest webhook body; of a larger one just enough is kept to
    show that it is. `take` is asked first for each delivery.
    """

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        longest_delivery: int,
        take: Take | None = None,
    ) -> None:
        self._application, self._longest_delivery = application, longest_delivery
        self._take = take
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._held = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        delivery = scope["path"].startswith(WEBHOOKS)
        body = Body(_declared(scope), self._longest_delivery + 1 if delivery else MOST_BODY)
        try:
            answer = await self._answer(scope, body, receive)
        except Gone:
            return
        except Answer as early:
            answer = early
        finally:
            self._held -= len(body.content)
            body.content.clear()
        await _send(send, answer)

    async def _answer(self, scope: Message, body: Body, receive: Receive) -> Answer:
        _refuse_head(scope)
        try:
            await self._read(scope, body, receive)
        except TimeoutError:
            raise _refusal(scope, 408, "The body did not arrive in time. Send it again.") from None
        if body.too_large and not scope["path"].startswith(WEBHOOKS):
            raise _refusal(scope, 413, f"A body may have at most {MOST_BODY} bytes.")
        if self._take is not None and scope["path"].startswith(WEBHOOKS):
            content, headers = bytes(body.content), headers_of(scope, body)
            taken = await self._take(scope["method"], scope["path"], headers, content)
            if taken is not None:
                return _json(*taken)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._work, environ_of(scope, body))

    async def _read(self, scope: Message, body: Body, receive: Receive) -> None:
        """To its end, unless it is too large."""
        more, clock = not body.too_large, asyncio.get_running_loop().time
        end = clock() + BODY_SECONDS
        while more:
            async with asyncio.timeout_at(min(end, clock() + PIECE_SECONDS)):
                message = await receive()
            if message["type"] != "http.request":
                raise Gone
            self._held += body.take(message.get("body") or b"")
            if self._held > MOST_HELD:
                raise _refusal(scope, 503, "Too much is being sent at once. Send it again later.")
            more = message.get("more_body", False) and not body.too_large

    def _work(self, environ: WSGIEnvironment) -> Answer:
        """In a thread: the program's whole answer; its pages and files are small."""
        started: list[Any] = [500, []]

        def start_response(status: str, headers: Iterable[tuple[str, str]], *_: Any) -> Any:
            started[:] = [int(status.partition(" ")[0]), list(headers)]

        pieces = self._application(environ, start_response)
        try:
            content = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        status, headers = started
        return Answer(status, headers, content)


class Body:
    """What is kept of a body: the first `keep` bytes; the rest is read and let go."""

    def __init__(self, declared: int | None, keep: int) -> None:
        self.content = bytearray()
        self._length, self._keep = 0, keep
        self.declared = declared

    @property
    def length(self) -> int:
        """What the sender declared, else what came."""
        return self._length if self.declared is None else self.declared

    @property
    def too_large(self) -> bool:
        return max(self._length, self.declared or 0) > MOST_BODY

    def take(self, piece: bytes) -> int:
        """How many bytes of the piece are kept."""
        self._length += len(piece)
        part = piece[: max(self._keep - len(self.content), 0)]
        self.content += part
        return len(part)


def environ_of(scope: Message, body: Body) -> WSGIEnvironment:
    """The request as WSGI says it (PEP 3333), with a body that has a length."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(bytes(body.content)),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    _put_headers(environ, scope["headers"])
    environ["CONTENT_LENGTH"] = str(body.length)
    return environ


def _put_headers(environ: WSGIEnvironment, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """A name with an underscore would pass for that with a hyphen, which a proxy sets: left out."""
    for raw_name, raw_value in headers:
        if b"_" in raw_name or raw_name in LENGTHS:
            continue
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        separator = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value


def headers_of(scope: Message, body: Body) -> dict[str, str]:
    """By name in lower case, as requests of Django have them; without those that are empty."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name or raw_name in LENGTHS:
            continue
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in found:
            found[name] += f"{'; ' if name == 'cookie' else ','}{value}"
        elif value:
            found[name] = value
    found["content-length"] = str(body.length)
    return found


def _header(scope: Message, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return ""


def _declared(scope: Message) -> int | None:
    length = _header(scope, b"content-length").strip()
    if length.isascii() and length.isdigit():
        return int(length[:20])
    return None if _header(scope, b"transfer-encoding") else 0


def _refuse_head(scope: Message) -> None:
    """Packed bodies are not unpacked; the webhooks' view says so after its look at the token."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
        raise _refusal(scope, 431, f"The headers may have at most {MOST_HEADERS} bytes in all.")
    coding = _header(scope, b"content-encoding").strip().lower()
    if coding not in ("", "identity") and not scope["path"].startswith(WEBHOOKS):
        raise _refusal(scope, 415, "Send the body as it is, without Content-Encoding.")


def _refusal(scope: Message, status: int, sentence: str) -> Answer:
    """In the words of the door it knocked at."""
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if status == 503:
        headers["Retry-After"] = "30"
    if scope["path"].startswith(WEBHOOKS):
        content = json.dumps({"event": None, "status": "rejected"})
    elif scope["path"].startswith(API):
        content = json.dumps({"detail": sentence})
    else:
        headers["Content-Type"], content = "text/plain; charset=utf-8", f"{sentence}\n"
    headers["Content-Length"] = str(len(content))
    return Answer(status, list(headers.items()), content.encode())


def _json(status: int, content: bytes) -> Answer:
    length = ("Content-Length", str(len(content)))
    return Answer(status, [("Content-Type", "application/json"), length], content)


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
