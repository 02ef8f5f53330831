"""Parked records over the API: all asked for again, given up with a note."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership, Role
from channels.models import Channel
from oms.models import ParkedRecord
from tests import builders
from tests.api.conftest import Brand
from tests.brand import connect


@pytest.fixture
def parked(brand: Brand) -> list[ParkedRecord]:
    """Two orders at the shop, an update there, a shipment at the depot."""
    return [
        brand.parked(1),
        brand.parked(2),
        brand.parked(3, type="receive_order_updates"),
        brand.parked(4, type="receive_shipments", channel=brand.depot),
    ]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({}, [["1", "2"], ["3"], ["4"]]),
        ({"type": "receive_orders"}, [["1", "2"]]),
        ({"channel": "shop"}, [["1", "2"], ["3"]]),
        ({"channel": "shop", "type": "receive_order_updates"}, [["3"]]),
        ({"type": "import_products"}, []),
    ],
)
def test_what_is_chosen_is_asked_for_again(
    brand: Brand, parked: list[ParkedRecord], body: dict[str, Any], asked: list[list[str]]
) -> None:
    if "channel" in body:
        body = {**body, "channel": brand.shop.pk}
    answer = brand.operator.post("parked/retry/", body)
    assert answer.status_code == 202
    said = answer.json()
    assert [run["entities"] for run in said["runs"]] == asked
    assert {run["trigger"] for run in said["runs"]} <= {"retry"}
    assert (said["records"], said["refused"]) == (sum(map(len, asked)), [])


def test_what_all_is_refused_answers_with_the_reason(
    brand: Brand, parked: list[ParkedRecord]
) -> None:
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    one = brand.operator.post("parked/retry/", {"channel": brand.shop.pk})
    assert one.status_code == 409
    assert "The channel is disabled" in one.json()["detail"]
    both = brand.operator.post("parked/retry/")
    assert both.status_code == 202
    assert len(both.json()["refused"]) == 2


def test_records_of_other_accounts_and_of_those_only_seen_stay(
    brand: Brand, parked: list[ParkedRecord]
) -> None:
    second = builders.account("Second")
    shop = connect(second)
    brand.parked(9, account=second, channel=shop)
    Membership.objects.create(account=second, user=brand.operator.user, role=Role.VIEWER)
    assert brand.operator.post("parked/retry/", {"channel": shop.pk}).status_code == 403
    said = brand.operator.post("parked/retry/").json()
    assert said["records"] == 4
    assert brand.stranger.post("parked/retry/").json()["records"] == 0
    answer = brand.stranger.post("parked/retry/", {"channel": brand.shop.pk})
    assert answer.status_code == 404
    assert brand.viewer.post("parked/retry/").status_code == 403


@pytest.mark.parametrize("body", [{"typ": "x"}, {"type": "x"}, {"channel": "x"}, {"channel": 0}])
def test_what_is_misspelt_is_refused(brand: Brand, body: dict[str, Any]) -> None:
    assert brand.operator.post("parked/retry/", body).status_code == 400


def test_a_record_is_discarded_with_a_note_and_stays_visible(
    brand: Brand, parked: list[ParkedRecord]
) -> None:
    path = f"parked/{parked[0].pk}/"
    answer = brand.operator.post(f"{path}discard/", {"note": "a test order"})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["note"]) == ("discarded", "a test order")
    assert said["ended_by"] == brand.operator.user.email
    assert brand.viewer.results("parked/", status="discarded") == [said]
    assert brand.operator.post(f"{path}discard/").status_code == 409
    assert brand.viewer.get(path).json()["note"] == "a test order"


def test_a_note_may_be_left_out_and_has_an_end(brand: Brand, parked: list[ParkedRecord]) -> None:
    long = brand.operator.post(f"parked/{parked[0].pk}/discard/", {"note": "x" * 501})
    assert "note" in long.json()
    assert brand.operator.post(f"parked/{parked[0].pk}/discard/").json()["note"] == ""
    assert brand.viewer.get(f"parked/{parked[1].pk}/").json()["ended_by"] is None
