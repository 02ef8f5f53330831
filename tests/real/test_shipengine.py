"""The ShipEngine connector against the vendor's own description, served by Prism.

Prism refuses any request that the description does not allow, and answers with its examples. It
keeps no state, so what becomes of shipments is tested on the pretended account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from channels.connectors.base import (
    Gone,
    LineData,
    Misconfigured,
    Permanent,
    ShipmentData,
    ShipmentRequest,
    Transient,
)
from channels.connectors.shipengine import ShipEngine, records
from channels.connectors.shipengine.rest import Api
from channels.enums import JobType
from tests.real.prism import Prism, shipengine
from tests.real.prism.description import RETRY_AFTER
from tests.real.prism.server import client

pytestmark = pytest.mark.real

RECEIVE = JobType.RECEIVE_SHIPMENTS
SINCE, UNTIL = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 13, tzinfo=UTC)
SETTINGS = {"warehouse_id": "se-28529731", "carrier_id": "se-4", "service_code": "usps_media_mail"}
EXAMPLE = "se-28529731"
"""The id of everything in the description's examples."""
EXTERNAL = "string"
"""The external id of the example shipment: under this key it reads as ours."""
ADA = {
    "name": "Ada Brook", "company": "", "street": "12 Mill Lane", "street_2": "", "city": "Leeds",
    "state": "", "postcode": "LS1 4QA", "country": "GB", "phone": "",
}  # fmt: skip
REQUEST = ShipmentRequest(
    EXTERNAL, "#1001", (LineData("1", "TEA", 2, "Tea"), LineData("2", "CUP", 1)), ADA
)


@pytest.fixture(scope="module")
def prism() -> Iterator[Prism]:
    with Prism(shipengine()) as running:
        yield running


class Account:
    """A connector, the answers Prism is to prefer by method and path, and what was asked."""

    def __init__(self, prism: Prism, **settings: Any) -> None:
        self.prefer: dict[tuple[str, str], str] = {}
        self.headers: dict[str, str] = {}
        self.seen: list[httpx.Request] = []
        self.client = client(self._headers, self.seen)
        where = {"url": prism.url, **SETTINGS, **settings}
        self.connector = ShipEngine(where, {"api_key": "TEST_key"}, self.client)
        self.api = Api(self.client, prism.url, "TEST_key")

    def _headers(self, request: httpx.Request) -> Mapping[str, str]:
        code = self.prefer.get((request.method, request.url.path))
        return {**self.headers, **({"Prefer": f"code={code}"} if code else {})}

    def unknown(self, key: str = EXTERNAL) -> None:
        """ShipEngine has no shipment under this key yet."""
        self.prefer["GET", f"/v1/shipments/external_shipment_id/{key}"] = "404"

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.seen]


@pytest.fixture
def account(prism: Prism) -> Iterator[Account]:
    made = Account(prism)
    with made.client:
        yield made


# What is sent


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, ship_to={**ADA, "phone": "+44 113 496 0000", "state": "West Yorkshire"}),
        replace(REQUEST, ship_to={**ADA, "company": "Tea Ltd", "street_2": "Back door"}),
        replace(REQUEST, order_number="n" * 200),
        replace(REQUEST, lines=(LineData("1", "TEA", 0),)),
    ],
)
def test_a_new_shipment_is_as_the_description_wants_it(
    account: Account, request_: ShipmentRequest
) -> None:
    account.unknown()
    assert account.connector.send_shipment(request_).external_id == EXAMPLE
    assert account.asked == [
        f"GET /v1/shipments/external_shipment_id/{EXTERNAL}",
        f"GET /v1/warehouses/{SETTINGS['warehouse_id']}",
        "POST /v1/shipments",
    ]


def test_a_new_shipment_with_a_weight_is_as_the_description_wants_it(prism: Prism) -> None:
    account = Account(prism, package_weight=500)
    with account.client:
        account.unknown()
        assert account.connector.send_shipment(REQUEST).external_id == EXAMPLE


@pytest.mark.parametrize("missing", ["carrier_id", "service_code", "ship_to", "ship_from"])
def test_the_description_refuses_a_shipment_that_lacks_something(
    account: Account, missing: str
) -> None:
    """That the tests above prove something."""
    body = _body(account)
    account.api.post("/v1/shipments", {"shipments": [body]})
    with pytest.raises(Permanent, match="400"):
        account.api.post("/v1/shipments", {"shipments": [_without(body, missing)]})


def test_the_description_refuses_a_shipment_with_something_unknown(account: Account) -> None:
    with pytest.raises(Permanent, match="400"):
        account.api.post("/v1/shipments", {"shipments": [{**_body(account), "colour": "red"}]})


def _body(account: Account) -> dict[str, Any]:
    account.unknown()
    account.connector.send_shipment(REQUEST)
    (body,) = json.loads(account.seen[-1].content)["shipments"]
    return dict(body)


def _without(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


def test_a_shipment_that_is_there_is_not_created_again(account: Account) -> None:
    assert account.connector.send_shipment(REQUEST).external_id == EXAMPLE
    assert account.asked == [f"GET /v1/shipments/external_shipment_id/{EXTERNAL}"]


def test_another_shipment_than_asked_for_is_not_taken_for_ours(account: Account) -> None:
    with pytest.raises(Transient, match="under the id it was given"):
        account.connector.send_shipment(replace(REQUEST, key="another"))


# What is read


def test_the_lists_of_a_window_are_asked_for_and_understood(account: Account) -> None:
    (page, *_) = list(account.connector.pages(RECEIVE, SINCE, UNTIL))
    (shipment, *_) = page
    assert isinstance(shipment, ShipmentData)
    assert (shipment.external_id, shipment.reference) == (EXAMPLE, EXTERNAL)
    assert shipment.platform_status == "pending"
    assert "GET /v1/labels" in account.asked
    assert "GET /v1/shipments" in account.asked


def test_the_description_minds_the_parameters_of_a_list(account: Account) -> None:
    for path, bad in (("labels", {"sort_by": "size"}), ("shipments", {"modified_at_start": "now"})):
        with pytest.raises(Permanent, match="400"):
            account.api.get(f"/v1/{path}", bad)


def test_one_shipment_is_read_with_its_labels(account: Account) -> None:
    shipment = account.connector.fetch(RECEIVE, EXAMPLE)
    assert isinstance(shipment, ShipmentData)
    first, *others = account.asked
    assert (first, set(others)) == (f"GET /v1/shipments/{EXAMPLE}", {"GET /v1/labels"})
    assert account.seen[1].url.params["shipment_id"] == EXAMPLE


def test_a_label_as_the_description_shows_it_is_understood(account: Account) -> None:
    """The example is one still in the making; the rest of it is that of a finished one."""
    row = account.api.get(f"/v1/shipments/{EXAMPLE}")
    page = account.api.get("/v1/labels")
    assert row is not None
    assert page is not None
    (example, *_) = page["labels"]
    assert records.valid_label([example]) is None
    finished = {**example, "status": "completed", "voided": False, "is_return_label": False}
    shipment = records.shipment(row, records.valid_label([finished]))
    assert (shipment.tracking, shipment.carrier) == ("782758401696", "dhl_express")
    assert shipment.done
    assert shipment.shipped_at is not None


def test_a_shipment_that_is_not_there_is_gone(account: Account) -> None:
    account.prefer["GET", f"/v1/shipments/{EXAMPLE}"] = "404"
    assert account.connector.fetch(RECEIVE, EXAMPLE) == Gone(EXAMPLE)


def test_the_connection_test_names_the_warehouse(account: Account) -> None:
    assert account.connector.test_connection().startswith("Connected to ShipEngine; parcels leave")


# Trouble


@pytest.mark.parametrize("path", ["/v1/labels", "/v1/shipments"])
def test_too_many_calls_wait_as_long_as_they_are_told(account: Account, path: str) -> None:
    account.prefer["GET", path] = "429"
    with pytest.raises(Transient) as caught:
        list(account.connector.pages(RECEIVE, SINCE, UNTIL))
    assert caught.value.retry_after == RETRY_AFTER


def test_too_many_calls_while_sending_are_tried_again_later(account: Account) -> None:
    account.unknown()
    account.prefer["POST", "/v1/shipments"] = "429"
    with pytest.raises(Transient) as caught:
        account.connector.send_shipment(REQUEST)
    assert caught.value.retry_after == RETRY_AFTER


def test_a_fault_of_shipengine_is_worth_another_try(account: Account) -> None:
    account.prefer["GET", "/v1/labels"] = "500"
    with pytest.raises(Transient):
        list(account.connector.pages(RECEIVE, SINCE, UNTIL))


def test_without_its_key_a_call_is_refused(account: Account) -> None:
    answer = account.client.get(f"{account.connector.settings['url']}/v1/labels")
    assert answer.status_code == 401
    with pytest.raises(Misconfigured, match="API key"):
        ShipEngine(account.connector.settings, {}, account.client).test_connection()
