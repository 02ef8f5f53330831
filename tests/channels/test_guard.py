"""The way out ends: in time, in size, and at the edge of the public internet."""

from __future__ import annotations

import gzip
import ipaddress
import json
import time
import zlib
from itertools import chain, repeat

import httpx
import pytest

from channels.connectors import guard, http
from channels.connectors.base import ConnectorError, Misconfigured, Permanent, Transient
from channels.connectors.generic.authentication import ClientCredentials
from channels.public_addresses import is_public
from channels.settings_form import is_private
from tests.scripted_server import HEAD, scripted

MEBIBYTE = 1024 * 1024
BODY = json.dumps({"orders": ["x" * 100] * 5000}).encode()

PRIVATE = (
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.64.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2001:0:7f00:1::",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "3fff::1",
)
PUBLIC = (
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
    "168.63.129.17",
)


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_not_the_internets(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    assert is_private(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_the_internet(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
    assert not is_private(text)


def client(*, longest: float = 10.0, most: int = 4 * MEBIBYTE) -> httpx.Client:
    transport = guard.GuardedTransport(allow_private=True, longest=longest, most=most)
    return httpx.Client(transport=transport, timeout=5.0, trust_env=False)


def answer(*pieces: bytes, headers: bytes = b"") -> list[bytes]:
    return [HEAD + headers + b"Connection: close\r\n\r\n", *pieces]


def deflated_raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(BODY)),
        (b"X-GZIP", gzip.compress(BODY)),
        (b"deflate", zlib.compress(BODY)),
        (b"deflate", deflated_raw(BODY)),
        (b"identity", BODY),
    ],
)
def test_packed_answers_are_unpacked(coding: bytes, packed: bytes) -> None:
    said = answer(packed, headers=b"Content-Encoding: " + coding + b"\r\n")
    with scripted(said) as url, client() as calling:
        response = http.call(calling, "GET", url)
        assert http.json_of(response) == json.loads(BODY)


def test_an_answer_that_arrives_in_many_pieces_is_whole() -> None:
    packed = gzip.compress(BODY * 5)
    pieces = [packed[at : at + 7] for at in range(0, len(packed), 7)]
    said = answer(*pieces, headers=b"Content-Encoding: gzip\r\n")
    with scripted(said) as url, client() as calling:
        assert http.call(calling, "GET", url).content == BODY * 5


def test_an_answer_that_unpacks_to_gigabytes_is_refused_before_it_does() -> None:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(200)) + packer.flush()
    said = answer(bomb, headers=b"Content-Encoding: gzip\r\n")
    with scripted(said) as url, client() as calling, pytest.raises(Permanent, match="more than"):
        http.call(calling, "GET", url)


def test_an_answer_that_never_ends_is_refused() -> None:
    endless = chain(answer(), repeat(b"x" * 65536))
    with scripted(endless) as url, client() as calling, pytest.raises(Permanent, match="more than"):
        http.call(calling, "GET", url)


def test_a_packed_answer_of_nothing_without_end_is_refused() -> None:
    """Empty blocks of gzip: however much arrives, nothing comes out."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    empty = packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"
    said = answer(start, headers=b"Content-Encoding: gzip\r\n")
    endless = chain(said, repeat(empty * 10_000))
    with scripted(endless) as url, client() as calling, pytest.raises(Permanent, match="more than"):
        http.call(calling, "GET", url)


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"compress", b"\xff"])
def test_an_encoding_that_was_not_asked_for_is_refused(coding: bytes) -> None:
    said = answer(b"{}", headers=b"Content-Encoding: " + coding + b"\r\n")
    with scripted(said) as url, client() as calling, pytest.raises(Transient, match="encoding"):
        http.call(calling, "GET", url)


def test_garbage_that_is_called_gzip_is_tried_again() -> None:
    said = answer(b"not packed", headers=b"Content-Encoding: gzip\r\n")
    with scripted(said) as url, client() as calling, pytest.raises(Transient, match="unpacked"):
        http.call(calling, "GET", url)


@pytest.mark.parametrize(
    "drip",
    [
        pytest.param(chain([HEAD], repeat(b"X-More: and more\r\n", 1000)), id="headers"),
        pytest.param(repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n", 1000), id="interim answers"),
        pytest.param(chain(answer(), repeat(b" ", 1000)), id="body"),
        pytest.param(repeat(b"", 1000), id="silence"),
    ],
)
def test_an_answer_that_drips_ends_with_the_time_of_the_request(drip: object) -> None:
    """Each piece comes long before the time-out of a single read."""
    begun = time.monotonic()
    with (
        scripted(drip, wait=0.02) as url,  # type: ignore[arg-type]
        client(longest=0.3) as calling,
        pytest.raises(Transient, match="imeout"),
    ):
        http.call(calling, "GET", url)
    assert time.monotonic() - begun < 3


def test_a_kept_connection_has_a_new_time_for_each_request() -> None:
    said = [HEAD + b"Content-Length: 2\r\n\r\n{}"]
    with scripted(said) as url, client(longest=0.3) as calling:
        for _ in range(2):
            assert http.call(calling, "GET", url).json() == {}
            time.sleep(0.2)


def test_endless_headers_are_refused() -> None:
    endless = chain([HEAD], repeat(b"X-More: " + b"x" * 8000 + b"\r\n"))
    with scripted(endless) as url, client() as calling, pytest.raises(Transient):
        http.call(calling, "GET", url)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "1" * 10_000, "\xff"])
def test_json_that_no_reader_takes_is_an_unwell_platform(text: str) -> None:
    body = text.encode("latin-1")
    made = httpx.Response(200, content=body, request=httpx.Request("GET", "https://shop.example"))
    with pytest.raises(Transient, match="not JSON"):
        http.json_of(made)


@pytest.mark.parametrize("charset", ["zlib_codec", "base64", "idna", "rot13", "no such thing"])
def test_a_refusal_is_quoted_whatever_its_charset_is_called(charset: str) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    transport = httpx.MockTransport(
        lambda request: httpx.Response(400, headers=headers, content="no such ördér".encode())
    )
    with httpx.Client(transport=transport) as calling, pytest.raises(ConnectorError) as refused:
        http.call(calling, "GET", "https://shop.example/")
    assert "no such ördér" in str(refused.value)


def test_a_token_server_is_called_through_the_guard_too() -> None:
    auth = ClientCredentials("http://169.254.169.254/latest/", "id", "secret", "")
    with http.make_client(allow_private=False) as calling, pytest.raises(Misconfigured) as refused:
        http.call(calling, "GET", "https://shop.example/", auth=auth)
    assert "169.254.169.254 is a private address" in str(refused.value)


def test_a_token_that_never_ends_is_cut() -> None:
    endless = chain(answer(), repeat(b"x" * 65536))
    with scripted(endless) as url, client() as calling:
        auth = ClientCredentials(url, "id", "secret", "")
        with pytest.raises(Permanent, match="more than"):
            http.call(calling, "GET", url, auth=auth)
