"""Whole bodies: what the real web server does with those that no view reads."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django.fixtures import Settings

from omsauto.bodies import READ_TO_END, whole_bodies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

ROOT = Path(__file__).resolve().parents[2]
GRANIAN = str(Path(sys.executable).with_name("granian"))
SERVER = [GRANIAN, "--interface", "wsgi", "--host", "127.0.0.1", "--log-level", "warning"]
BODY = b'{"a": 1}'


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The program itself behind its web server; what is asked of it here needs no database."""
    number, var = free_port(), tmp_path_factory.mktemp("var")
    environment = {**os.environ, "OMSAUTO_VAR": str(var), "PYTHONPATH": str(ROOT)}
    environment["DJANGO_SETTINGS_MODULE"] = "omsauto.settings"
    run = subprocess.Popen(  # noqa: S603 - our own program
        [*SERVER, "--port", str(number), "omsauto.wsgi:application"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not listens(number):
        assert time.monotonic() < deadline, "the web server did not start"
        time.sleep(0.05)
    yield number
    run.terminate()
    run.wait(10)


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(connection: socket.socket, method: str, path: str, *, body: bytes = b"") -> int:
    """The status of one request, whose body follows a moment after its head."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode())
    time.sleep(0.1)
    connection.sendall(body)
    answer = HTTPResponse(connection, method=method)
    answer.begin()
    answer.read()
    return answer.status


def test_a_connection_goes_on_after_an_answer_that_needed_no_body(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        first = ask(connection, "POST", "/healthz", body=BODY)
        second = ask(connection, "GET", "/healthz")

    assert (first, second) == (405, 200)


def answered(environ: dict[str, object]) -> tuple[bytes, "WSGIEnvironment"]:
    """What an application that echoes its body by its length answers behind `whole_bodies`."""
    seen: dict[str, object] = {}

    def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        seen.update(environ)
        return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]

    return b"".join(whole_bodies(echo)(environ, lambda *_: lambda _: None)), seen


def test_a_chunked_body_arrives_whole_and_has_a_length() -> None:
    body = json.dumps({"text": "x" * 200_000}).encode()
    answer, environ = answered(
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(body)},
    )

    assert answer == body
    assert environ["CONTENT_LENGTH"] == str(len(body))


def test_of_a_chunked_body_over_the_limit_one_byte_more_than_it_is_read(
    settings: Settings,
) -> None:
    settings.OMSAUTO_WEBHOOK_MAX_BODY = 100
    stream = BytesIO(b"x" * 1000)
    answer, _ = answered({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": stream})

    assert len(answer) == 101


def test_a_huge_body_is_left_unread() -> None:
    stream = BytesIO(b"x" * 10)

    def refuse(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        return [b"too large"]

    environ = {"CONTENT_LENGTH": str(READ_TO_END + 1), "wsgi.input": stream}
    whole_bodies(refuse)(environ, lambda *_: lambda _: None)

    assert stream.tell() == 0
