"""The server's edge: the real web server, with senders who stall, drip, pack and overdo it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omsauto import front
from omsauto.front import MOST_BODY, MOST_HEADERS, Front, Message
from omsauto.processes import read_procfile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

ROOT = Path(__file__).resolve().parents[2]
TABLES = """
import django
django.setup()
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
settings.MIGRATION_MODULES = {each.label: None for each in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
"""
BODY = b'{"a": 1}'
STALLED = 40
"""Senders: many times the threads of the process."""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The program itself, as the Procfile starts it, on a database of its own."""
    number, var = free_port(), tmp_path_factory.mktemp("var")
    command = read_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))["web"]
    environment = {
        **{name: os.environ[name] for name in os.environ.keys() - {"DATABASE_URL", "REDIS_URL"}},
        "DJANGO_SETTINGS_MODULE": "omsauto.settings",
        "OMSAUTO_VAR": str(var),
        "HOST": "127.0.0.1",
        "PORT": str(number),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "2",
    }
    tables = [sys.executable, "-c", TABLES]
    subprocess.run(tables, cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own program
    run = subprocess.Popen(  # noqa: S603 - our own program
        ["/bin/sh", "-c", f"exec {command}"],
        cwd=ROOT,
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
    run.wait(15)


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer(connection: socket.socket, method: str) -> tuple[int, bytes]:
    said = HTTPResponse(connection, method=method)
    said.begin()
    return said.status, said.read()


def ask(
    connection: socket.socket, method: str, path: str, *lines: str, body: bytes = b""
) -> tuple[int, bytes]:
    """Status and content of one request, whose body follows a moment after its head."""
    connection.sendall(head(method, path, f"Content-Length: {len(body)}", *lines))
    time.sleep(0.05)
    connection.sendall(body)
    return answer(connection, method)


def test_a_connection_goes_on_after_an_answer_that_needed_no_body(port: int) -> None:
    with closing(connect(port)) as connection:
        first, _ = ask(connection, "POST", "/healthz", body=BODY)
        second, _ = ask(connection, "GET", "/healthz")
    assert (first, second) == (405, 200)


def test_senders_that_stall_keep_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        for number in range(STALLED):
            path = ("/webhooks/nobody/", "/login/", "/api/v1/products/", "/healthz")[number % 4]
            stalled = stack.enter_context(closing(connect(port)))
            stalled.sendall(head("POST", path, "Content-Length: 1000") + b"x" * (number % 3))
        for _ in range(STALLED):
            stack.enter_context(closing(connect(port))).sendall(b"POST /login/ HTTP/1.1\r\nHo")
        time.sleep(0.3)
        begun = time.monotonic()
        for _ in range(10):
            with closing(connect(port)) as connection:
                assert ask(connection, "GET", "/api/v1/products/")[0] == 401
                assert ask(connection, "POST", "/webhooks/nobody/", body=BODY)[0] == 404
        assert time.monotonic() - begun < 8


@pytest.mark.parametrize("path", ["/login/", "/api/v1/products/", "/webhooks/nobody/"])
def test_a_body_beyond_measure_is_refused_unread(port: int, path: str) -> None:
    with closing(connect(port)) as connection:
        connection.sendall(head("POST", path, f"Content-Length: {MOST_BODY + 1}"))
        status, content = answer(connection, "POST")
    assert status == (404 if "webhooks" in path else 413)
    assert b"rejected" in content if "webhooks" in path else b"at most" in content


def test_a_chunked_body_beyond_measure_is_refused(port: int) -> None:
    with closing(connect(port)) as connection:
        connection.sendall(head("POST", "/login/", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(MOST_BODY // 65536 + 1):
            connection.sendall(piece)
        assert answer(connection, "POST")[0] == 413


def test_headers_beyond_measure_are_refused(port: int) -> None:
    with closing(connect(port)) as connection:
        status, content = ask(connection, "GET", "/api/v1/", f"X-Long: {'x' * MOST_HEADERS}")
    assert status == 431
    assert "at most" in json.loads(content)["detail"]
    with closing(connect(port)) as connection:
        many = [f"X-{number}: 1" for number in range(200)]
        assert ask(connection, "GET", "/healthz", *many)[0] == 431


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity"])
def test_a_packed_body_is_refused(port: int, coding: str) -> None:
    with closing(connect(port)) as connection:
        line = f"Content-Encoding: {coding}"
        status, content = ask(connection, "POST", "/api/v1/products/", line, body=BODY)
    assert status == 415
    assert "Content-Encoding" in json.loads(content)["detail"]


@pytest.mark.parametrize("path", ["/webhooks/%00/", "/webhooks/%ff%fe/", "/webhooks/a%0d%0a/"])
def test_odd_paths_are_not_found(port: int, path: str) -> None:
    with closing(connect(port)) as connection:
        assert ask(connection, "POST", path, body=BODY)[0] == 404


# In process: what the program behind the front is told, and how long anything may take.


def told(
    *pieces: bytes, headers: dict[str, str] | None = None, path: str = "/a", wait: float = 0.0
) -> tuple[int, bytes, dict[str, Any]]:
    """Status, content and WSGI environment of one request whose body comes in these pieces."""
    environment: dict[str, Any] = {}

    def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environment.update(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]

    sent: list[Message] = []
    waiting = iter(pieces)

    async def receive() -> Message:
        await asyncio.sleep(wait)
        piece = next(waiting, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Message) -> None:
        sent.append(message)

    named = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"q=1"}
    scope |= {"http_version": "1.1", "scheme": "http", "headers": named}
    asyncio.run(Front(echo, 1, longest_delivery=100)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"], environment


CHUNKED = {"transfer-encoding": "chunked"}


def test_a_chunked_body_arrives_whole_and_has_a_length() -> None:
    status, content, environ = told(b"abc", b"", b"def", headers=CHUNKED)
    assert (status, content, environ["CONTENT_LENGTH"]) == (200, b"abcdef", "6")


def test_of_a_delivery_over_the_limit_one_byte_more_than_it_is_kept() -> None:
    _, content, environ = told(b"x" * 60, b"y" * 600, headers=CHUNKED, path="/webhooks/t/")
    assert content == b"x" * 60 + b"y" * 41
    assert environ["CONTENT_LENGTH"] == "660"


def test_a_header_with_an_underscore_passes_for_no_other() -> None:
    """A proxy's X-Forwarded-Proto, or a platform's signature, cannot be doubled that way."""
    headers = {"x-forwarded-proto": "http", "x_forwarded_proto": "https"}
    _, _, environ = told(headers=headers)
    assert environ["HTTP_X_FORWARDED_PROTO"] == "http"


def test_a_body_that_does_not_come_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "PIECE_SECONDS", 0.05)
    status, content, environ = told(b"x", headers={"content-length": "9"}, path="/api/v1/", wait=1)
    assert (status, environ) == (408, {})
    assert "in time" in json.loads(content)["detail"]


def test_a_body_that_drips_is_refused_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each piece comes in time."""
    monkeypatch.setattr(front, "BODY_SECONDS", 0.2)
    assert told(*[b"x"] * 100, headers={"content-length": "100"}, wait=0.02)[0] == 408


def test_more_than_the_process_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_HELD", 100)
    assert told(b"x" * 101, headers=CHUNKED)[0] == 503
    assert told(b"x" * 99, headers=CHUNKED)[0] == 200
