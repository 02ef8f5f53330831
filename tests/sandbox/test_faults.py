"""Faults on demand, and who may call at all."""

import http.client
import time
from typing import Any

import httpx
import pytest
import time_machine

from tests.sandbox_server import SandboxServer, Shop

NOON = "2026-03-02T12:00:00Z"


def statuses(api: httpx.Client, calls: int) -> list[int]:
    return [api.get("/orders").status_code for _ in range(calls)]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
def test_without_the_token_nobody_gets_in(shop: Shop, header: dict[str, str]) -> None:
    answer = httpx.get(f"{shop.base_url}/orders", headers=header, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_the_next_calls_fail_and_then_no_more(shop: Shop, shop_api: httpx.Client) -> None:
    shop.fail(2, status=502)
    assert statuses(shop_api, 3) == [502, 502, 200]


def test_calls_fail_for_so_many_seconds(shop: Shop, shop_api: httpx.Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.fail_for(30)
        clock.shift(29)
        assert statuses(shop_api, 1) == [503]
        clock.shift(2)
        assert statuses(shop_api, 1) == [200]


def test_too_many_calls_can_be_told_with_a_time_to_wait(shop: Shop, shop_api: httpx.Client) -> None:
    shop.configure(fail_next=1, fail_status=429, retry_after=7)
    answer = shop_api.get("/orders")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert statuses(shop_api, 1) == [200]


def test_an_answer_breaks_off_in_the_middle(shop: Shop, shop_api: httpx.Client) -> None:
    shop.break_off(1)
    with pytest.raises(httpx.RemoteProtocolError):
        shop_api.get("/orders")
    assert statuses(shop_api, 1) == [200]


def test_nonsense_looks_well_and_is_not_json(shop: Shop, shop_api: httpx.Client) -> None:
    shop.babble(1)
    answer = shop_api.get("/orders")
    assert (answer.status_code, answer.text[0]) == (200, "<")
    assert statuses(shop_api, 1) == [200]


def test_more_calls_than_the_rate_are_told_to_wait(shop: Shop, shop_api: httpx.Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.limit(3)
        assert statuses(shop_api, 4) == [200, 200, 200, 429]
        assert shop_api.get("/orders").headers["retry-after"] == "1"
        clock.shift(1)
        assert statuses(shop_api, 4) == [200, 200, 200, 429]


def test_a_slow_shop_is_slow_and_the_control_api_is_not(shop: Shop, shop_api: httpx.Client) -> None:
    shop.slow(150)
    began = time.perf_counter()
    assert statuses(shop_api, 1) == [200]
    between = time.perf_counter()
    assert between - began >= 0.15
    shop.state()
    assert time.perf_counter() - between < 0.15


def test_a_slow_shop_does_not_hold_up_the_end() -> None:
    with SandboxServer() as sandbox:
        shop = sandbox.shop("north", token="t", slow_ms=60_000)
        with pytest.raises(httpx.TimeoutException):
            httpx.get(shop.base_url, timeout=0.2, trust_env=False)
        began = time.perf_counter()
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "settings",
    [
        {"drop_share": 101},
        {"fail_status": 200},
        {"fail_status": 428},
        {"slow_ms": "soon"},
        {"webhook_url": "ftp://example.com/"},
        {"webhook_url": "nowhere"},
        {"webhook_secret": "secret"},
        {"webhook_secret": "whsec_AAAA"},
        {"token": ""},
        {"token": "two words"},
        {"tokens": "x"},
    ],
)
def test_a_setting_that_makes_no_sense_changes_nothing(
    sandbox: SandboxServer, shop: Shop, settings: dict[str, Any]
) -> None:
    before = shop.state()
    answer = sandbox.client.post("/control/shops/north", json={"fail_next": 5, **settings})
    assert answer.status_code == 422
    assert shop.state() == before


def test_another_sites_page_cannot_drive_the_sandbox(sandbox: SandboxServer) -> None:
    foreign = sandbox.client.post(
        "/control/shops/north", json={}, headers={"Origin": "http://example.com"}
    )
    assert foreign.status_code == 403
    own = sandbox.client.post("/control/shops/north", json={}, headers={"Origin": sandbox.base_url})
    assert own.status_code == 201


def test_bodies_without_length_or_too_large_are_refused(shop_api: httpx.Client) -> None:
    assert shop_api.post("/orders", content=iter([b"{}"])).status_code == 411
    connection = http.client.HTTPConnection(shop_api.base_url.host, shop_api.base_url.port)
    connection.putrequest("POST", "/shops/north/orders")
    connection.putheader("Content-Length", str(2**21))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
