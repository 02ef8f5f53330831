"""What the fields of a connector take, however they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Connector, Setting
from channels.settings_form import clean_secrets, clean_settings, is_private, merged


class Platform(Connector):
    id = "platform"
    label = "Platform"
    fields = (
        Setting("url", "Address", "url"),
        Setting("name", "Name", required=False),
        Setting("pages", "Pages", "integer", required=False),
        Setting("fast", "Fast", "boolean", required=False),
        Setting("way", "Way", "choice", required=False, choices=(("a", "A"), ("b", "B"))),
        Setting("kind", "Kind", default="plain"),
        Setting("path", "Path", "jsonpath", required=False, default="$.id"),
        Setting("key", "Key", secret=True),
        Setting("spare", "Spare key", secret=True, required=False),
    )


GOOD = {"url": "https://shop.example.com/api"}


def test_what_is_missing_is_required_unless_it_has_a_default() -> None:
    values, errors = clean_settings(Platform, {})
    assert errors == {"url": ["Address is required."]}
    assert clean_settings(Platform, {}, partial=True) == ({}, {})
    assert clean_secrets(Platform, {}) == ({"spare": None}, {"key": ["Key is required."]})
    assert merged({}, values) == {}


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("name", "  Shop ", "Shop"),
        ("name", "", None),
        ("name", None, None),
        ("pages", 5, 5),
        ("pages", "5", 5),
        ("fast", True, True),
        ("fast", "on", True),
        ("fast", "FALSE", False),
        ("way", "b", "b"),
        ("path", " $.data[*].id ", "$.data[*].id"),
        ("path", "", None),
        ("url", " http://shop.example.com:8080/x?y=1 ", "http://shop.example.com:8080/x?y=1"),
    ],
)
def test_values_are_made_plain(name: str, sent: Any, stored: Any) -> None:
    values, errors = clean_settings(Platform, {name: sent}, partial=True)
    assert errors == {}
    assert values == {name: stored}


@pytest.mark.parametrize(
    ("name", "sent", "sentence"),
    [
        ("url", "", "required"),
        ("url", None, "required"),
        ("url", "shop.example.com", "http://"),
        ("url", "javascript:alert(1)", "http://"),
        ("url", "file:///etc/passwd", "http://"),
        ("url", "https://", "http://"),
        ("url", "https://a b.example.com", "http://"),
        ("url", "https://user:pw@shop.example.com", "credentials"),
        ("url", "https://[::1", "address"),
        ("url", "https://shop.example.com:99999", "address"),
        ("url", 5, "text"),
        ("name", ["a"], "text"),
        ("name", "x" * 2001, "2000"),
        ("name", "a\x00b", "NUL"),
        ("pages", "five", "whole number"),
        ("pages", 1.5, "whole number"),
        ("pages", True, "whole number"),
        ("pages", 10**20, "too large"),
        ("pages", "9" * 5000, "whole number"),
        ("fast", "perhaps", "true or false"),
        ("fast", 1, "true or false"),
        ("way", "c", "a, b"),
        ("way", ["a"], "a, b"),
        ("key", "k", "no setting"),
        ("colour", "red", "url, name"),
        ("path", "data.id", "not a JSONPath"),
        ("path", "$[?@.a]", "Filters"),
        ("path", "$." + "a" * 200, "at most 200"),
        ("path", 5, "text"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, sent: Any, sentence: str) -> None:
    _values, errors = clean_settings(Platform, {name: sent}, partial=True)
    assert sentence in errors[name][0]
    assert set(errors) == {name}


def test_secrets_take_no_settings() -> None:
    _values, errors = clean_secrets(Platform, {"key": "k", "url": "x"}, partial=True)
    assert errors == {"url": ["There is no secret of this name. Known are: key, spare."]}


def test_what_is_cleared_is_removed_and_the_rest_kept() -> None:
    stored = {"url": "https://a.example.com", "name": "Old"}
    values, _errors = clean_settings(Platform, {"name": ""}, partial=True)
    assert merged(stored, values) == {"url": "https://a.example.com"}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "shop.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
    ],
)
def test_private_addresses_are_known_however_they_are_written(host: str, settings: Any) -> None:
    assert is_private(host)
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = False
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"
    _values, errors = clean_settings(Platform, {"url": url}, partial=True)
    assert "private address" in errors["url"][0]
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    assert clean_settings(Platform, {"url": url}, partial=True) == ({"url": url}, {})


@pytest.mark.parametrize("host", ["shop.example.com", "8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_allowed(host: str, settings: Any) -> None:
    assert not is_private(host)
