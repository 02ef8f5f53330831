"""The contract as a document, and that the pretended platform holds requests to it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from tests import http_contract
from tests.http_platform import ADDRESS, ROOT, order, shop


def test_the_document_is_valid_openapi_3_1() -> None:
    assert http_contract.contract()["openapi"].startswith("3.1.")
    validate_schema(http_contract.contract())  # type: ignore[no-untyped-call]
    for schema in http_contract.contract()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    def walk(node: object) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert http_contract.resolved({"$ref": node["$ref"]})
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(http_contract.contract())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/orders?page=2", None),
        ("GET", "/orders?limit=101", None),
        ("GET", "/orders?updated_since=2026-03-02T12:00:00", None),
        ("GET", "/customers", None),
        ("DELETE", "/orders/1", None),
        ("POST", "/stock", {"items": []}),
        ("POST", "/stock", {"items": [{"product_id": "1", "sku": "A", "quantity": -1}]}),
        ("POST", "/shipments", {"reference": "1"}),
        ("PUT", "/products/by-sku/A", {"sku": "A", "name": "A", "price": 9.9}),
        ("PUT", "/products/by-sku/A", {"sku": "A", "name": "A", "colour": "red"}),
    ],
)
def test_what_the_contract_does_not_know_is_refused(method: str, path: str, body: object) -> None:
    request = httpx.Request(method, ADDRESS + path, json=body)
    with pytest.raises(http_contract.Broken):
        http_contract.check_request(request, ROOT, "authorization")


@pytest.mark.parametrize(
    "fields",
    [
        {"total": 19.8},
        {"updated_at": "2026-03-02T10:00:00"},
        {"id": None},
        {"currency": "euro"},
        {"cancelled": "no"},
    ],
)
def test_an_answer_that_breaks_the_contract_is_seen(fields: dict[str, Any]) -> None:
    platform = shop()
    platform.lists["orders"].append(order("z", **fields))
    with pytest.raises(http_contract.Broken):
        platform.client().get(f"{ADDRESS}/orders/{fields.get('id', 'z')}")
