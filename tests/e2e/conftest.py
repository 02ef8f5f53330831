"""A live server, a frozen moment, and an operator at a browser."""

from collections.abc import Iterator

import pytest
import time_machine
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.e2e.hands import Hand, Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.sandbox_server import SandboxServer


@pytest.fixture
def scene(live_server: LiveServer) -> Iterator[Scene]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield Scene(traveller)


@pytest.fixture
def hand() -> Hand:
    """How the operator uses the page; a test may ask for another way."""
    return Mouse()


@pytest.fixture
def operator(page: Page, live_server: LiveServer, hand: Hand) -> Iterator[Operator]:
    """Somebody at a browser; fails the test on any fault the browser notes."""
    made = Operator(page, live_server.url, hand)
    yield made
    assert made.watch.faults == []


@pytest.fixture
def plain_operator(chromium: Browser, live_server: LiveServer) -> Iterator[Operator]:
    """Somebody whose browser runs no scripts."""
    context = chromium.new_context(java_script_enabled=False)
    made = Operator(context.new_page(), live_server.url, Mouse())
    yield made
    context.close()
    assert made.watch.faults == []


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server
