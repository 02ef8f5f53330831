"""The way out: public addresses only, and no answer that is endless in time or size.

A platform's address is entered by its operator and answered by whoever stands there. What comes
back may drip for ever, or be a few bytes that unpack to gigabytes; here it ends.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from math import inf
from typing import Any, cast

import httpcore
import httpx

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.public_addresses import Address, is_public

ENCODINGS = "gzip, deflate"
"""What we ask for, and all that is unpacked."""
_UNPACK_AT_ONCE = 256 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


@cache
def _tls() -> ssl.SSLContext:
    """One for the whole process: to read the certificates takes longer than most calls."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.HTTPTransport):
    """Calls public addresses only, unless `allow_private`, and bounds every answer.

    `longest`: seconds for one request from its first look-up to the last byte of its answer,
    however steadily that drips. `most`: bytes of an answer, packed or unpacked. One client serves
    one thread.
    """

    def __init__(self, *, allow_private: bool, longest: float, most: int) -> None:
        super().__init__(verify=_tls())
        self._longest, self._most = longest, most
        self._network = Network(allow_private=allow_private)
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=self._network)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise httpx.UnsupportedProtocol("an address begins with http:// or https://")
        self._network.ends_in(self._longest)
        response = super().handle_request(request)
        try:
            unpack = _unpacker(response.headers.get("content-encoding", ""))
        except BaseException:
            response.close()
            raise
        headers = [pair for pair in response.headers.raw if pair[0].lower() not in _UNPACKED]
        whole = Bounded(cast(httpx.SyncByteStream, response.stream), unpack, self._most)
        return httpx.Response(
            response.status_code, headers=headers, stream=whole, extensions=response.extensions
        )


_UNPACKED = (b"content-encoding", b"content-length")
"""Headers of the packed body, untrue of what is handed on."""


class Network(httpcore.NetworkBackend):
    """Looks a name up once and connects to the addresses that were checked.

    A name that resolves otherwise the second time gains nothing. Host header and certificate are
    still those of the name.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = httpcore.SyncBackend()
        self._end = inf

    def ends_in(self, seconds: float) -> None:
        """The request that begins now has so long."""
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """The shorter of a time-out and of what the request has left; raises where none is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(f"it took more than {self._seconds:g} seconds in all")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._checked(host)
        for address in others:
            try:
                return self._connected(address, port, timeout, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # as where the first is an IPv6 address and there is no route for it
        return self._connected(last, port, timeout, socket_options)

    def _checked(self, host: str) -> list[str]:
        """Every address of a name, all of them fit to be called."""
        addresses = _addresses(host)
        if not self._allow_private:
            for address in addresses:
                _check_public(host, address)
        return [str(address) for address in addresses]

    def _connected(
        self, address: str, port: int, timeout: float | None, options: Any
    ) -> httpcore.NetworkStream:
        left = self.left(timeout)
        stream = self._plain.connect_tcp(address, port, left, socket_options=options)
        return Timed(stream, self.left)

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


class Timed(httpcore.NetworkStream):
    """A connection each of whose waits ends with the request at the latest."""

    def __init__(
        self, stream: httpcore.NetworkStream, left: Callable[[float | None], float]
    ) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return Timed(inner, self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Bounded(httpx.SyncByteStream):
    """A body, unpacked piece by piece; over the limit it raises `Permanent`."""

    def __init__(
        self,
        stream: httpx.SyncByteStream,
        unpack: Callable[[bytes], Iterator[bytes]],
        most: int,
    ) -> None:
        self._stream, self._unpack, self._most = stream, unpack, most

    def __iter__(self) -> Iterator[bytes]:
        packed = unpacked = 0
        for piece in self._stream:
            packed += len(piece)
            for part in self._unpack(piece):
                unpacked += len(part)
                if max(packed, unpacked) > self._most:
                    raise Permanent(f"the platform answered more than {self._most} bytes")
                yield part

    def close(self) -> None:
        self._stream.close()


def _unpacker(codings: str) -> Callable[[bytes], Iterator[bytes]]:
    """What unpacks the body; `Transient` for what was not asked for: a proxy may be at fault."""
    names = [name.strip().lower() for name in codings.split(",")]
    match [name for name in names if name not in ("", "identity")]:
        case []:
            return lambda piece: iter((piece,))
        case ["gzip" | "x-gzip"]:
            return Unpacking(_GZIP)
        case ["deflate"]:
            return Unpacking(_ZLIB, _RAW)
    raise Transient(f"the platform answered in the encoding {codings[:60]!r}, not asked for")


class Unpacking:
    """zlib in small steps: of the forms given, the first that fits the first bytes."""

    def __init__(self, form: int, *others: int) -> None:
        self._zlib = zlib.decompressobj(form)
        self._others = others

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        while not self._zlib.eof:
            part = self._step(piece)
            yield part
            piece = self._zlib.unconsumed_tail
            if not piece and len(part) < _UNPACK_AT_ONCE:
                return

    def _step(self, piece: bytes) -> bytes:
        """What comes out, at most 256 KiB at once."""
        try:
            part = self._zlib.decompress(piece, _UNPACK_AT_ONCE)
        except zlib.error as error:
            if not self._others:
                raise httpx.DecodingError(f"the answer cannot be unpacked: {error}") from error
            self._zlib, self._others = zlib.decompressobj(self._others[0]), self._others[1:]
            return self._step(piece)
        self._others = ()
        return part


def _addresses(host: str) -> list[Address]:
    """Every address of a name, at least one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Transient(f"the address of {host} could not be found: {error}") from error
    return [ipaddress.ip_address(entry[4][0]) for entry in found]


def _check_public(host: str, address: Address) -> None:
    if not is_public(address):
        raise Misconfigured(
            f"{host} is a private address ({address}); connectors may only call public "
            "addresses unless OMSAUTO_ALLOW_PRIVATE_HOSTS=1 is set"
        )
