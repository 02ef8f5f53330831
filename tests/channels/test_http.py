"""HTTP for connectors: which answer is which error, how long to wait, and whom not to call."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest
import time_machine

from channels.connectors import guard, http
from channels.connectors.base import ConnectorError, Misconfigured, Permanent, Transient

URL = "https://shop.example/orders"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def answering(status: int, **options: Any) -> httpx.Client:
    """A client whose platform always answers like this."""
    return httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(status, **options))
    )


def failing(error: Exception) -> httpx.Client:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.Client(transport=httpx.MockTransport(fail))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 404, 410])
def test_answers_that_come_back(status: int) -> None:
    """Gone is an answer: the record is not there any more."""
    assert http.call(answering(status), "GET", URL).status_code == status


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, Misconfigured),
        (302, Misconfigured),
        (307, Misconfigured),
        (400, Permanent),
        (401, Misconfigured),
        (403, Misconfigured),
        (405, Permanent),
        (409, Permanent),
        (422, Permanent),
        (429, Transient),
        (500, Transient),
        (502, Transient),
        (503, Transient),
        (504, Transient),
        (520, Transient),
    ],
)
def test_answers_that_are_errors(status: int, error: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as raised:
        http.call(answering(status, text="what the platform says"), "GET", URL)
    assert type(raised.value) is error
    assert str(status) in str(raised.value)


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        (httpx.ConnectTimeout("slow"), Transient),
        (httpx.ReadTimeout("slow"), Transient),
        (httpx.PoolTimeout("slow"), Transient),
        (httpx.ConnectError("refused"), Transient),
        (httpx.ReadError("reset"), Transient),
        (httpx.RemoteProtocolError("garbage"), Transient),
        (httpx.DecodingError("not gzip"), Transient),
        (httpx.UnsupportedProtocol("ftp"), Misconfigured),
        (httpx.LocalProtocolError("a line break in a header"), Misconfigured),
    ],
)
def test_failures_on_the_way(cause: Exception, error: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as raised:
        http.call(failing(cause), "GET", URL)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://shop.example:port/", {}),
        ("ftp://shop.example/", {}),
        ("shop.example", {}),
        (URL, {"authorization": "Bearer pässword"}),
        (f"https://{'a' * 70}.example/", {}),
    ],
)
def test_settings_that_cannot_be_called_are_for_an_operator(
    url: str, headers: dict[str, str]
) -> None:
    client = http.make_client(allow_private=False)
    with client, pytest.raises(Misconfigured):
        http.call(client, "GET", url, headers=headers)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Mon, 02 Mar 2026 12:02:00 GMT", 120.0),
        ("Monday, 02-Mar-26 12:02:00 GMT", 120.0),
        ("Mon Mar  2 12:02:00 2026", 120.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("9" * 30, http.LONGEST_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 GMT", http.LONGEST_RETRY_AFTER),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_retry_after_in_either_form(value: str, seconds: float | None) -> None:
    headers = [(b"retry-after", value.encode())]
    with pytest.raises(Transient) as raised:
        http.call(answering(429, headers=headers), "GET", URL)
    assert raised.value.retry_after == seconds


def test_an_answer_without_retry_after_asks_for_nothing() -> None:
    with pytest.raises(Transient) as raised:
        http.call(answering(503), "GET", URL)
    assert raised.value.retry_after is None


def test_an_error_quotes_little_of_a_long_answer() -> None:
    with pytest.raises(Permanent) as raised:
        http.call(answering(400, text="x" * 10_000), "GET", URL)
    assert len(str(raised.value)) < 500


def test_json_of_answers() -> None:
    assert http.json_of(http.call(answering(200, json={"a": 1}), "GET", URL)) == {"a": 1}
    with pytest.raises(Transient):
        http.json_of(http.call(answering(200, text="<html>"), "GET", URL))


def test_an_oversized_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 100)
    with pytest.raises(Permanent, match="more than 100 bytes"):
        http.json_of(http.call(answering(200, text="x" * 101), "GET", URL))


class Shop(BaseHTTPRequestHandler):
    """Answers with the Host it was asked for, or redirects to itself."""

    hosts: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.hosts.append(self.headers["host"])
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("location", "/")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def shop() -> Iterator[int]:
    """A server on loopback; answers its port."""
    Shop.hosts.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


class Resolver:
    """Names of a pretend DNS, each with the answers it gives one after the other."""

    def __init__(self, **answers: list[str]) -> None:
        self._answers = answers
        self._real = socket.getaddrinfo

    def __call__(self, host: str, port: int | None, *args: Any, **options: Any) -> Any:
        answers = self._answers.get(host.partition(".")[0])
        if not answers:
            return self._real(host, port, *args, **options)
        found = answers.pop(0).split(",")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port or 0)) for one in found]


PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # refused, not bound
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "fe80::1",
    "fd00::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_guard_refuses_addresses_that_are_not_public(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with http.make_client(allow_private=False) as client, pytest.raises(Misconfigured) as raised:
        http.call(client, "GET", f"http://{host}/")
    assert "OMSAUTO_ALLOW_PRIVATE_HOSTS" in str(raised.value)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1"])
def test_the_guard_sees_through_names_and_odd_spellings(host: str) -> None:
    with http.make_client(allow_private=False) as client, pytest.raises(Misconfigured):
        http.call(client, "GET", f"http://{host}/")


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(shop=["93.184.216.34,127.0.0.1"]))
    with http.make_client(allow_private=False) as client, pytest.raises(Misconfigured):
        http.call(client, "GET", "http://shop.example/")


def test_a_name_that_cannot_be_found_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **options: object) -> None:
        raise socket.gaierror("temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    with http.make_client(allow_private=False) as client, pytest.raises(Transient):
        http.call(client, "GET", "http://shop.example/")


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, shop: int
) -> None:
    """A name that resolves otherwise the second time gains nothing; the Host stays the name's."""
    monkeypatch.setattr(guard, "_check_public", lambda host, address: None)
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(shop=["127.0.0.1", "192.168.1.1"]))
    with http.make_client(allow_private=False) as client:
        response = http.call(client, "GET", f"http://shop.example:{shop}/")
    assert response.status_code == 200
    assert str(response.request.url) == f"http://shop.example:{shop}/"
    assert Shop.hosts == [f"shop.example:{shop}"]


def test_an_address_that_does_not_answer_gives_way_to_the_next(
    monkeypatch: pytest.MonkeyPatch, shop: int
) -> None:
    monkeypatch.setattr(guard, "_check_public", lambda host, address: None)
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(shop=["::1,127.0.0.1"]))
    with http.make_client(allow_private=False) as client:
        assert http.call(client, "GET", f"http://shop.example:{shop}/").status_code == 200


def test_private_addresses_may_be_allowed(shop: int) -> None:
    with http.make_client(allow_private=True) as client:
        assert http.call(client, "GET", f"http://127.0.0.1:{shop}/").status_code == 200


@pytest.mark.parametrize("allow_private", [True, False])
def test_redirects_are_never_followed(
    monkeypatch: pytest.MonkeyPatch, shop: int, allow_private: bool
) -> None:
    monkeypatch.setattr(guard, "_check_public", lambda host, address: None)
    with (
        http.make_client(allow_private=allow_private) as client,
        pytest.raises(Misconfigured, match="redirects"),
    ):
        http.call(client, "GET", f"http://127.0.0.1:{shop}/moved")
    assert len(Shop.hosts) == 1
