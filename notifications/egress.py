"""Keeps what others' code sends from private addresses and endless answers, as `channels`' own
guard does for connectors.

The library that sends makes its own connections, in threads of its own too. What they have in
common is that a name is looked up before: there every address is checked, so that neither a
redirect nor a name that resolves otherwise the second time leads inside. Where the environment
names a proxy, the proxy's address is what is checked. A thread that is given up goes on for as
long as the other side drips: so its connections are cut when the guard ends.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from typing import Any

import requests
import urllib3.util.connection

from channels.public_addresses import is_public

MOST_ANSWER_BYTES = 1024 * 1024
MOST_ADDRESSES = 4
"""Of one name; each may cost a time-out."""

_lookup = socket.getaddrinfo
_send = requests.adapters.HTTPAdapter.send


class PrivateAddress(OSError):
    """A connection to a private address was refused."""


class TooLong(requests.RequestException):
    """An answer that goes on and on."""


@dataclass
class Watch:
    """What is sent within one guard: the hosts that were refused, the connections that are open."""

    allow_private: bool
    refused: list[str] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)
    _over: bool = False
    _lock: Lock = field(default_factory=Lock)

    def note(self, connection: socket.socket) -> None:
        """A second handle on a connection, which is cut whatever became of the first one."""
        with self._lock:
            if self._over:
                connection.close()
                raise TimeoutError("the time for this message is over")
            self._open.append(connection.dup())

    def end(self) -> None:
        with self._lock:
            self._over = True
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
"""None where nothing is guarded."""


@contextmanager
def guarded(*, allow_private: bool) -> Iterator[list[str]]:
    """Within it, and in threads that copy its context, only public addresses are connected to.

    Answers with the hosts that were refused, filled as they are. Connections that are still open
    at its end are cut.
    """
    watch = Watch(allow_private)
    token = _watch.set(watch)
    try:
        yield watch.refused
    finally:
        _watch.reset(token)
        watch.end()


def install() -> None:
    """Put the checks in front of what connects; nothing changes outside `guarded`."""
    socket.getaddrinfo = _checked
    socket.create_connection = _noted(socket.create_connection)
    urllib3.util.connection.create_connection = _noted(urllib3.util.connection.create_connection)
    requests.adapters.HTTPAdapter.send = _bounded  # type: ignore[method-assign, assignment]


def _checked(host: Any, *args: Any, **kwargs: Any) -> Any:
    found = _lookup(host, *args, **kwargs)
    watch = _watch.get()
    if watch is None:
        return found
    if not watch.allow_private and not all(_is_public(str(entry[4][0])) for entry in found):
        watch.refused.append(str(host))
        raise PrivateAddress("a private address is not called")
    return found[:MOST_ADDRESSES]


def _is_public(text: str) -> bool:
    return is_public(ipaddress.ip_address(text.partition("%")[0]))


def _noted(connect: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    @wraps(connect)
    def connecting(*args: Any, **kwargs: Any) -> socket.socket:
        made = connect(*args, **kwargs)
        if (watch := _watch.get()) is not None:
            watch.note(made)
        return made

    return connecting


def _bounded(adapter: Any, request: Any, stream: bool = False, *args: Any, **kwargs: Any) -> Any:
    """What the library reads of an answer it reads whole; here no more of it than is bearable."""
    response = _send(adapter, request, stream, *args, **kwargs)
    if _watch.get() is not None and not stream:
        response._content = _read(response)
        response._content_consumed = True
    return response


def _read(response: Any) -> bytes:
    content = bytearray()
    for piece in response.iter_content(8192):
        content += piece
        if len(content) > MOST_ANSWER_BYTES:
            response.close()
            raise TooLong(f"the answer has more than {MOST_ANSWER_BYTES} bytes")
    return bytes(content)
