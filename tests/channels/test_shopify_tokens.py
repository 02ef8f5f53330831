"""Access tokens of Shopify that expire, and those that do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.connectors.base import Misconfigured, Transient
from tests.channels.shopify import NOW, connect
from tests.shopify_shop import ShopifyShop


def test_a_refresh_token_brings_a_new_pair() -> None:
    shop = ShopifyShop()
    secrets = {**shop.client, "refresh_token": shop.refresh_token}

    renewed = connect(shop, secrets=secrets).refresh_authorization(NOW)

    assert renewed.secrets == {
        "access_token": shop.token,
        "refresh_token": shop.refresh_token,
    }
    assert renewed.expires_at == NOW + timedelta(hours=1)
    assert connect(shop, secrets=dict(renewed.secrets)).test_connection()


def test_an_app_of_the_shop_itself_asks_with_its_own_credentials() -> None:
    shop = ShopifyShop()

    renewed = connect(shop, secrets=shop.client).refresh_authorization(NOW)

    assert renewed.secrets == {"access_token": shop.token}
    assert renewed.expires_at == NOW + timedelta(seconds=86399)


def test_a_token_that_does_not_expire_needs_no_refresh() -> None:
    with pytest.raises(Misconfigured, match="does not expire and needs no refresh"):
        connect(ShopifyShop()).refresh_authorization(NOW)


def test_a_token_expires_where_the_channel_holds_what_renews_it() -> None:
    shop = ShopifyShop()

    assert connect(shop, secrets=shop.client).authorization_expires()
    assert not connect(shop).authorization_expires()


@pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token"])
def test_half_of_the_credentials_is_not_enough(name: str) -> None:
    with pytest.raises(Misconfigured, match="client id and its secret"):
        connect(ShopifyShop(), secrets={name: "x"}).refresh_authorization(NOW)


def test_a_refused_refresh_token_needs_an_operator_and_is_not_shown() -> None:
    shop = ShopifyShop()
    secrets = {**shop.client, "refresh_token": "shprt_stolen"}

    with pytest.raises(Misconfigured, match="refused to renew") as caught:
        connect(shop, secrets=secrets).refresh_authorization(NOW)

    assert "shprt_stolen" not in str(caught.value)
    assert shop.client["client_secret"] not in str(caught.value)


def test_an_answer_without_a_token_is_tried_again() -> None:
    shop = ShopifyShop()
    shop.fail(200, {"scope": ""})
    with pytest.raises(Transient):
        connect(shop, secrets=shop.client).refresh_authorization(NOW)


def test_a_wrong_shop_is_a_wrong_name() -> None:
    shop = ShopifyShop()
    shop.fail(404, {})
    with pytest.raises(Misconfigured, match="check the shop's name"):
        connect(shop, secrets=shop.client).refresh_authorization(NOW)


def test_a_token_without_an_end_is_kept_as_such() -> None:
    shop = ShopifyShop()
    shop.fail(200, {"access_token": "shpat_new"})

    assert connect(shop, secrets=shop.client).refresh_authorization(NOW).expires_at is None
