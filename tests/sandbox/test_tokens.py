"""Tokens that expire, and how they are renewed."""

import httpx
import pytest
import time_machine

from tests.sandbox_server import Shop

NOON = "2026-03-02T12:00:00Z"


def renewal(shop: Shop, **fields: str) -> httpx.Response:
    body = {"grant_type": "refresh_token", **fields}
    return httpx.post(f"{shop.base_url}/token", json=body, trust_env=False)


def test_a_token_works_until_its_time_is_over(shop: Shop, shop_api: httpx.Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.configure(token_seconds=10)
        clock.shift(9.999)
        assert shop_api.get("/orders").status_code == 200
        clock.shift(0.001)
        answer = shop_api.get("/orders")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_expired")


def test_a_renewed_token_works_and_says_how_long(shop: Shop) -> None:
    shop.configure(token_seconds=3600)
    shop.expire_tokens()
    answer = renewal(shop, refresh_token=shop.state()["refresh_token"]).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert httpx.get(f"{shop.base_url}/orders", headers=bearer, trust_env=False).is_success


def test_an_expired_token_does_not_come_back_with_a_renewal(
    shop: Shop, shop_api: httpx.Client
) -> None:
    shop.expire_tokens()
    renewal(shop, refresh_token=shop.state()["refresh_token"])
    assert shop_api.get("/orders").status_code == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"refresh_token": "wrong"}, 401),
        ({}, 422),
        ({"grant_type": "password", "refresh_token": "wrong"}, 400),
    ],
)
def test_only_the_refresh_token_renews(shop: Shop, fields: dict[str, str], status: int) -> None:
    assert renewal(shop, **fields).status_code == status
    assert shop.state()["token"] == "north-token"


def test_all_well_again_ends_expiry_and_a_refused_stock(shop: Shop, shop_api: httpx.Client) -> None:
    shop.configure(token_seconds=10, stock_refused="A")
    shop.expire_tokens()
    form = {"token_seconds": "0", "stock_refused": " "}
    shop_api.post(shop_api.base_url.copy_with(path="/control/shops/north"), data=form)
    assert shop_api.put("/stock/A", json={"available": 1}).status_code == 200
