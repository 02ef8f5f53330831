"""What the description offers, tried out by everybody: no fault of ours, and no untrue word."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jobs.models import RunStatus
from oms.models import Order, Shipment, SkuMapping
from omsauto.wsgi import application
from tests import builders
from tests.api.conftest import Api, Brand
from tests.fuzz.nasty import fuzzed
from tests.hooks import quiet_platform

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = ("admin", "operator", "viewer", "stranger", "anonymous")
REFUSALS = range(400, 500)


@cache
def operations() -> dict[str, Any]:
    """Every operation of the description, by method and path."""
    generator: Any = SchemaGenerator  # published without types
    schema = schemathesis.openapi.from_dict(generator().get_schema(request=None, public=True))
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]  # all are valid
    return {f"{one.method.upper()} {one.path.removeprefix('/api/v1/')}": one for one in found}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "label" in metafunc.fixturenames:
        metafunc.parametrize("label", operations())


@pytest.fixture(autouse=True)
def _same_connection() -> Iterator[None]:
    """A request by way of WSGI would close the test's own connection, and its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def known(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Of each placeholder what is there to be found; `id` by the list it belongs to."""
    quiet_platform(monkeypatch)
    product = builders.product(brand.account, on_hand=1)
    brand.order()
    mapping = SkuMapping.objects.create(channel=brand.shop, product=product, external_sku="BEAKER")
    runs = [brand.run(), brand.run(status=RunStatus.FAILED), brand.run(status=RunStatus.QUEUED)]
    return {
        "account": [brand.account.pk],
        "channel": [brand.shop.pk, brand.depot.pk],
        "type": ["receive_orders", "receive_shipments", "send_shipments", "import_products"],
        "mapping": [one.pk for one in brand.shop.mappings.all()],
        "sku_mapping": [mapping.pk],
        "runs": [run.pk for run in runs],
        "events": [brand.event().pk],
        "orders": [Order.objects.get().pk],
        "shipments": [Shipment.objects.get().pk],
        "products": [product.pk],
        "stock-levels": [brand.level(product).pk],
        "parked": [brand.parked().pk],
    }


def places(path: str, known: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly what is there, now and then what the description makes of it."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    names += ["channel"] * (path.endswith(".csv"))
    things = {name: known[path.split("/")[3] if name == "id" else name] for name in names}
    there = st.fixed_dictionaries({name: st.sampled_from(found) for name, found in things.items()})
    return st.one_of(there, there, st.just({}))


def header(brand: Brand, role: str) -> dict[str, str]:
    if role == "anonymous":
        return {}
    api: Api = getattr(brand, role)
    return {"Authorization": f"Bearer {api.token}"}


def test_everybody_gets_what_the_description_says(
    label: str, brand: Brand, known: dict[str, list[Any]]
) -> None:
    operation = operations()[label]
    cases = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]).flatmap(
        lambda mode: operation.as_strategy(generation_mode=mode)
    )

    @fuzzed(share=1 / 4)
    @given(case=cases, there=places(operation.path, known), role=st.sampled_from(ROLES))
    def ask(case: Any, there: dict[str, Any], role: str) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **there}
        before = transaction.savepoint()
        try:
            response = case.call(app=application, headers=header(brand, role))
            case.validate_response(response, checks=CHECKS)
        finally:
            transaction.savepoint_rollback(before)
        if role == "anonymous":
            assert response.status_code in ((401,) if there else (401, 404))
        elif (role == "stranger" and there) or (role == "viewer" and case.method != "GET"):
            assert response.status_code in REFUSALS

    ask()
