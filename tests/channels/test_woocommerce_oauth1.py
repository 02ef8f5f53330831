"""Signed requests over plain HTTP: the RFC's example, an independent vector, a verifying shop."""

from __future__ import annotations

import httpx
import pytest

from channels.connectors.base import Misconfigured
from channels.connectors.woocommerce import WooCommerce
from channels.connectors.woocommerce.oauth1 import base_string, header
from tests.woocommerce_shop import WooShop, recorded_orders


def test_the_base_string_is_that_of_the_example_in_rfc_5849() -> None:
    """Section 3.4.1.1, the errata's form with all parameters of section 3.4.1.3.1."""
    parameters = [
        ("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ]  # fmt: skip
    assert base_string("post", "http://example.com/request", parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e"
        "4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9"
        "d7dh3k39sjv7"
    )


def test_the_signature_is_the_one_openssl_makes() -> None:
    """`openssl dgst -sha256 -hmac 'cs_456&'` over a base string written by hand."""
    request = httpx.Request(
        "GET",
        "http://shop.example:8080/wp-json/wc/v3/orders"
        "?per_page=100&modified_after=2026-11-23T05%3A21%3A19",
    )
    assert header(request, "ck_123", "cs_456", 1_700_000_000, "abc") == (
        'OAuth oauth_consumer_key="ck_123", oauth_nonce="abc", '
        'oauth_signature_method="HMAC-SHA256", oauth_timestamp="1700000000", oauth_version="1.0", '
        'oauth_signature="dhNlkiUK1JTsu%2F1950Um3OwLebRHkQRfRkVCbfFbsus%3D"'
    )


def connection_to(shop: WooShop, **settings: str) -> WooCommerce:
    return WooCommerce({**shop.settings, **settings}, shop.secrets, shop.client())


def test_over_plain_http_requests_are_signed_and_the_secret_does_not_travel() -> None:
    shop = WooShop(recorded_orders(), base_url="http://shop.example")
    connection_to(shop).test_connection()
    [seen] = shop.seen
    assert seen.authorization.startswith("OAuth ")
    assert shop.secret not in seen.authorization


def test_over_plain_http_a_wrong_secret_is_refused() -> None:
    shop = WooShop(base_url="http://shop.example")
    wrong = {**shop.secrets, "consumer_secret": "cs_wrong"}
    with pytest.raises(Misconfigured):
        WooCommerce(shop.settings, wrong, shop.client()).test_connection()


def test_the_key_does_not_stand_in_the_text_of_an_error() -> None:
    shop = WooShop(base_url="http://shop.example")
    wrong = {**shop.secrets, "consumer_secret": "cs_wrong"}
    with pytest.raises(Misconfigured) as refused:
        WooCommerce(shop.settings, wrong, shop.client()).test_connection()
    assert shop.key not in str(refused.value)
    assert "cs_wrong" not in str(refused.value)


def test_over_https_basic_is_used() -> None:
    shop = WooShop(base_url="https://shop.example")
    connection_to(shop).test_connection()
    assert [seen.authorization[:6] for seen in shop.seen] == ["Basic "]


def test_a_setting_forces_basic_over_plain_http() -> None:
    shop = WooShop(base_url="http://shop.example", behind_proxy=True)
    connection_to(shop, authentication="basic").test_connection()
    assert [seen.authorization[:6] for seen in shop.seen] == ["Basic "]


def test_a_shop_on_this_machine_is_asked_either_way() -> None:
    for behind_proxy, schemes in ((True, ["Basic"]), (False, ["Basic", "OAuth"])):
        shop = WooShop(base_url="http://127.0.0.1:8101", behind_proxy=behind_proxy)
        connection_to(shop).test_connection()
        assert [seen.authorization.partition(" ")[0] for seen in shop.seen] == schemes
