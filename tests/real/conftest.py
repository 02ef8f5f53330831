"""The stage of the story: Medusa sells, Tryton ships, omsauto stands between them."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Iterator

import pytest

from tests.faults.conftest import own_redis as own_redis
from tests.faults.installation import Installation, fresh_database
from tests.faults.servers import OwnRedis
from tests.real.medusa.server import Medusa
from tests.real.medusa.shop import Shop
from tests.real.omsauto import Omsauto
from tests.real.story import LINES, Story
from tests.real.tryton.server import Tryton


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("the story, in figures")
        for line in LINES:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, own_redis: OwnRedis) -> Iterator[Story]:
    """Everything started and connected; nothing sold yet."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(fresh_database())
        folder = tmp_path_factory.mktemp("omsauto")
        installation = Installation(folder, database, own_redis.url)
        stack.callback(installation.end)
        installation.start()
        omsauto = Omsauto(installation)
        stack.callback(omsauto.close)
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        sales = omsauto.connect(
            "medusa",
            "Medusa",
            {"url": "http://127.0.0.1:9"},
            {"api_key": "told-later", "webhook_secret": secret},
        )
        tryton = stack.enter_context(Tryton())
        medusa = stack.enter_context(Medusa(installation.url + sales["webhook_url"], secret))
        shop = stack.enter_context(Shop(medusa))
        made = Story(omsauto, medusa, shop, tryton, sales["id"])
        made.set_up()
        yield made
        made.tell_calls()
