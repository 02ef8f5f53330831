"""Keeps what others' code sends from private addresses, as `GuardedTransport` does for connectors.

The library that sends makes its own connections, in threads of its own too. What they have in
common is that a name is looked up before: there every address is checked, so that neither a
redirect nor a name that resolves otherwise the second time leads inside. Where the environment
names a proxy, the proxy's address is what is checked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)
"""The hosts refused so far; None where nothing is guarded."""
_lookup = socket.getaddrinfo


class PrivateAddress(OSError):
    """A connection to a private address was refused."""


@contextmanager
def guarded(*, allow_private: bool) -> Iterator[list[str]]:
    """Within it, and in threads that copy its context, only public addresses are connected to.

    Answers with the hosts that were refused, filled as they are.
    """
    refused: list[str] = []
    token = _refused.set(None if allow_private else refused)
    try:
        yield refused
    finally:
        _refused.reset(token)


def install() -> None:
    """Put the check in front of the lookup of names; nothing changes outside `guarded`."""
    socket.getaddrinfo = _checked


def _checked(host: Any, *args: Any, **kwargs: Any) -> Any:
    found = _lookup(host, *args, **kwargs)
    refused = _refused.get()
    if refused is not None and not all(_is_public(str(entry[4][0])) for entry in found):
        refused.append(str(host))
        raise PrivateAddress("a private address is not called")
    return found


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return address.is_global and not address.is_multicast
