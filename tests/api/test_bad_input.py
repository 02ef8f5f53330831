"""Whatever is sent, the answer is a 4xx with a reason and never a fault of ours."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest

from oms.models import Product
from tests import builders
from tests.api.conftest import BASE, Brand
from tests.brand import URL

NASTY: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    2**63,
    10**40,
    float("1e300"),
    "",
    " ",
    "a\x00b",
    "\ud800",
    "x" * 5000,
    "ß" * 100,
    "\U0001f600",
    [],
    [[]],
    {},
    {"a": {"b": None}},
    {"\x00": 1},
]
NEW = {
    "name": "New",
    "connector": "sandbox_shop",
    "settings": {"url": URL},
    "secrets": {"token": "t"},
}
CHANNEL = (
    "account name kind track connector enabled mode settings secrets sync_from settings.url "
    "settings.new_order_status secrets.token secrets.webhook_secret"
)
ACCOUNT = (
    "name timezone enabled master_product_source master_product_channel "
    "default_fulfillment_channel automatic_workflow spread_minutes"
)
JOBS = "mode enabled track jobs jobs.receive_orders jobs.receive_orders.main_period_minutes"
ROWS = "recurring_jobs recurring_jobs.receive_orders recurring_jobs.receive_orders.enabled"
FIELDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "channels/": ("post", NEW, CHANNEL),
    "channels/{shop}/": ("patch", {}, CHANNEL),
    "channels/{shop}/preview/": ("post", {}, JOBS),
    "accounts/{account}/": ("patch", {}, ACCOUNT),
    "accounts/{account}/preview/": ("post", {}, f"{ACCOUNT} {ROWS}"),
    "accounts/{account}/recurring-jobs/receive_orders/": (
        "patch",
        {},
        "enabled period_minutes delay_minutes",
    ),
    "products/": ("post", {"sku": "NEW"}, "account sku name"),
    "products/{product}/": ("patch", {}, "sku name"),
    "stock-levels/{level}/": ("patch", {}, "on_hand"),
}
BODIES = ["", "{", "[]", "5", '"text"', "null", '{"name": 1e999}', "\xff", "[" * 100_000]
CASES = [
    (path, field) for path, (_verb, _body, fields) in FIELDS.items() for field in fields.split()
]


def put_in(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the body with the value at a dotted path."""
    name, _, rest = path.partition(".")
    return {**body, name: put_in(body.get(name, {}), rest, value) if rest else value}


def fill(brand: Brand, path: str) -> str:
    product = Product.objects.filter(sku="MUG").first() or builders.product(brand.account, "MUG")
    return BASE + path.format(
        shop=brand.shop.pk,
        account=brand.account.pk,
        product=product.pk,
        level=brand.level(product).pk,
    )


@pytest.mark.parametrize(("path", "field"), CASES)
def test_no_value_of_a_field_is_a_fault_of_ours(brand: Brand, path: str, field: str) -> None:
    verb, body, _fields = FIELDS[path]
    address = fill(brand, path)
    for value in NASTY:
        text = json.dumps(put_in(body, field, value))
        response = getattr(brand.admin.client, verb)(address, text, content_type="application/json")
        assert response.status_code in (200, 201, 400), (value, response.content)
        if response.status_code == 400:
            assert response.json()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:9]))
def test_a_body_that_is_no_object_is_refused(brand: Brand, body: str) -> None:
    for path, (verb, _body, _fields) in FIELDS.items():
        address = fill(brand, path)
        send = getattr(brand.admin.client, verb)
        response = send(address, body.encode("latin-1"), content_type="application/json")
        if response.status_code == 200:
            assert body == ""
        else:
            assert response.status_code == 400
            assert response.json()


def test_numbers_too_large_for_any_id_are_refused(brand: Brand) -> None:
    for path, name in (("products/", "account"), ("channels/", "account")):
        body = json.dumps(FIELDS[path][1])[:-1] + f', "{name}": 1e999}}'
        response = brand.admin.client.post(BASE + path, body, content_type="application/json")
        assert response.status_code == 400
        assert "out of range" in response.json()["detail"]


def test_a_form_is_no_json(brand: Brand) -> None:
    response = brand.admin.client.post(f"{BASE}products/", {"sku": "NEW"}, format="multipart")
    assert response.status_code == 415


@pytest.mark.parametrize("name", ["limit", "account", "channel", "status", "trigger", "cursor"])
def test_no_parameter_of_a_list_is_a_fault_of_ours(brand: Brand, name: str) -> None:
    for value in ("", "-1", "0", "x", "1e999", "9" * 400, "a\x00b", "é", "%", "None"):
        for path in ("runs/", "events/", "channels/", "orders/", "products/", "parked/"):
            assert brand.admin.get(path, **{name: value}).status_code in (200, 400, 404)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00"])
@pytest.mark.parametrize(
    ("path", "field"), [("channels/{shop}/", "sync_from"), ("accounts/{account}/", "disable_at")]
)
def test_an_instant_at_the_end_of_the_calendar_is_refused(
    brand: Brand, path: str, field: str, moment: str
) -> None:
    """In half of all zones it could not be shown."""
    response = brand.admin.patch(fill(brand, path).removeprefix(BASE), {field: moment})
    assert response.status_code == 400
    assert response.json()[field]


def test_a_cursor_of_another_list_is_refused(brand: Brand) -> None:
    for position in ("abc", "9" * 30, "-1", "a\x00b"):
        cursor = b64encode(urlencode({"p": position}).encode()).decode()
        for path in ("runs/", "events/", "orders/", "shipments/", "parked/", "accounts/"):
            assert brand.admin.get(path, cursor=cursor).status_code == 404, (path, position)
    nul = b64encode(urlencode({"p": "a\x00b"}).encode()).decode()
    for path in ("channels/", "products/"):
        assert brand.admin.get(path, cursor=nul).status_code == 404


def test_a_method_that_is_not_offered_is_refused(brand: Brand) -> None:
    assert brand.admin.delete(f"accounts/{brand.account.pk}/").status_code == 405
    assert brand.admin.patch("runs/", {}).status_code == 405
