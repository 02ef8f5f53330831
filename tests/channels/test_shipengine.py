"""The ShipEngine connector against a pretended account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.connectors.base import (
    Gone,
    LineData,
    Misconfigured,
    Permanent,
    PushResult,
    ShipmentData,
    ShipmentRequest,
    ShippedLine,
    Transient,
)
from channels.connectors.shipengine import ShipEngine
from channels.connectors.shipengine.rest import moment_text
from channels.enums import JobType
from tests.shipengine_account import KEY, START, Account

RECEIVE = JobType.RECEIVE_SHIPMENTS
KEY_ONE = "0d1b7a52-5f0e-4c34-9a55-6d2f1c1b9a01"
ADA = {
    "name": "Ada Brook", "company": "", "street": "12 Mill Lane", "street_2": "", "city": "Leeds",
    "postcode": "LS1 4QA", "country": "gb", "phone": "",
}  # fmt: skip
TWO = (LineData("1", "TEA", 2, "Tea"), LineData("2", "CUP", 1))


@pytest.fixture
def account() -> Account:
    return Account()


def request(key: str = KEY_ONE, **values: Any) -> ShipmentRequest:
    return replace(ShipmentRequest(key, "#1001", TWO, ADA), **values)


def sent(account: Account, key: str = KEY_ONE) -> str:
    return account.connector().send_shipment(request(key)).external_id


def received(
    account: Account, since: datetime = START, until: datetime | None = None
) -> list[ShipmentData]:
    end = until or account.now + timedelta(seconds=1)
    pages = account.connector().pages(RECEIVE, since, end)
    return [record for page in pages for record in page if isinstance(record, ShipmentData)]


# Sending


def test_a_shipment_is_created_with_all_that_shipengine_needs(account: Account) -> None:
    number = sent(account)
    (made,) = account.shipments
    assert made["shipment_id"] == number
    assert made["external_shipment_id"] == KEY_ONE
    assert (made["external_order_id"], made["shipment_number"]) == ("#1001", "#1001-0d1b7a52")
    assert [(item["sku"], item["name"], item["quantity"]) for item in made["items"]] == [
        ("TEA", "Tea", 2),
        ("CUP", "CUP", 1),
    ]
    assert (made["warehouse_id"], made["carrier_id"]) == ("se-1", "se-7")
    assert made["ship_from"]["address_line1"] == "3 Dock Road"
    assert "packages" not in made


def test_a_phone_and_a_state_that_are_missing_are_stood_in_for(account: Account) -> None:
    sent(account)
    to = account.shipments[0]["ship_to"]
    assert (to["phone"], to["state_province"]) == ("+44 117 496 0000", "Leeds")
    assert (to["country_code"], to["address_line1"]) == ("GB", "12 Mill Lane")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"street": " "}, "no street"),
        ({"name": "", "city": ""}, "no name, no city"),
        ({"country": "US"}, "no state"),
        ({"country": "Germany"}, "not a code of two letters"),
    ],
)
def test_an_address_that_cannot_be_shipped_to_is_refused_with_what_is_missing(
    account: Account, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(Permanent, match=words):
        account.connector().send_shipment(request(ship_to={**ADA, **changes}))
    assert account.shipments == []


def test_a_company_may_stand_where_there_is_no_person(account: Account) -> None:
    account.connector().send_shipment(request(ship_to={**ADA, "name": "", "company": "Tea Ltd"}))
    assert account.shipments[0]["ship_to"]["name"] == "Tea Ltd"


def test_a_shipment_sent_twice_exists_once(account: Account) -> None:
    first = sent(account)
    assert account.connector().send_shipment(request()) == PushResult(first)
    assert len(account.shipments) == 1
    assert account.calls[-1].startswith("GET")


def test_two_shipments_of_one_order_have_numbers_of_their_own(account: Account) -> None:
    sent(account)
    other = account.connector().send_shipment(request("b" * 36, order_number="#1001"))
    assert other.external_id != account.shipments[0]["shipment_id"]


def test_a_creation_that_was_not_to_be_seen_yet_is_found_after_the_refusal(
    account: Account,
) -> None:
    first = sent(account)
    hidden = account.shipments
    account.calls.clear()

    def appear(number: int) -> None:
        account.shipments = [] if number == 1 else hidden

    account.before = appear
    assert sent(account) == first
    assert [call.split()[0] for call in account.calls] == ["GET", "GET", "POST", "GET"]


def test_a_refused_shipment_says_why(account: Account) -> None:
    with pytest.raises(Permanent, match="weight must be more"):
        account.connector(package_weight=-1).send_shipment(request())
    with pytest.raises(Permanent, match="50 characters"):
        account.connector().send_shipment(request("k" * 51))


def test_errors_inside_a_good_answer_are_a_refusal(account: Account) -> None:
    account.before = lambda number: (
        account.fail(200, text='{"has_errors": true, "shipments": [{"errors": ["No such zone."]}]}')
        if number == 3
        else None
    )
    with pytest.raises(Permanent, match="No such zone"):
        account.connector().send_shipment(request())


def test_a_weight_of_the_settings_is_sent(account: Account) -> None:
    account.connector(package_weight=750).send_shipment(request())
    assert account.shipments[0]["packages"] == [{"weight": {"value": 750, "unit": "gram"}}]


def test_the_warehouse_is_read_once_per_run(account: Account) -> None:
    connector = account.connector()
    for key in ("a", "b", "c"):
        connector.send_shipment(request(key))
    assert account.calls.count("GET /v1/warehouses/se-1") == 1


# Receiving


def test_without_a_label_nothing_has_shipped(account: Account) -> None:
    number = sent(account)
    (shipment,) = received(account)
    assert (shipment.external_id, shipment.reference) == (number, KEY_ONE)
    assert (shipment.lines, shipment.done, shipment.platform_status) == ((), False, "pending")


def test_with_a_label_every_line_has_shipped(account: Account) -> None:
    label = account.buy_label(sent(account))
    (shipment,) = received(account)
    assert shipment.lines == (ShippedLine("TEA", 2), ShippedLine("CUP", 1))
    assert (shipment.carrier, shipment.tracking) == ("ups", label["tracking_number"])
    assert (shipment.done, shipment.cancelled) == (True, False)
    assert shipment.shipped_at == START + timedelta(seconds=2)
    assert shipment.changed_at == START + timedelta(seconds=3)


@pytest.mark.parametrize(
    "label",
    [{"status": "processing"}, {"status": "error"}, {"is_return_label": True}, {"voided": True}],
)
def test_only_a_valid_label_counts(account: Account, label: dict[str, Any]) -> None:
    account.buy_label(sent(account), **label)
    (shipment,) = received(account)
    assert (shipment.lines, shipment.done) == ((), False)


def test_a_label_bought_again_after_a_void_gives_the_new_number(account: Account) -> None:
    number = sent(account)
    account.void(account.buy_label(number))
    again = account.buy_label(number)
    (shipment,) = received(account)
    assert shipment.tracking == again["tracking_number"]


def test_a_label_is_found_where_the_shipment_does_not_count_as_modified(account: Account) -> None:
    number = sent(account)
    account.tick(600)
    since = account.now
    account.buy_label(number, unnoticed=True)
    (shipment,) = received(account, since)
    assert (shipment.external_id, shipment.tracking) == (number, "1Z0")
    assert shipment.changed_at > since


def test_a_shipment_touched_after_its_label_keeps_the_tracking_number(account: Account) -> None:
    number = sent(account)
    account.buy_label(number)
    account.tick(600)
    since = account.now
    account.touch(number)
    (shipment,) = received(account, since)
    assert shipment.tracking == "1Z0"


def test_a_cancelled_shipment_is_done_with_nothing_shipped(account: Account) -> None:
    account.cancel(sent(account))
    (shipment,) = received(account)
    assert (shipment.cancelled, shipment.done, shipment.lines) == (True, True, ())


def test_lines_of_one_sku_are_summed_and_lines_without_are_left_out(account: Account) -> None:
    number = sent(account)
    account.by_id(number)["items"] += [{"sku": "TEA", "quantity": 3}, {"sku": None, "quantity": 9}]
    account.buy_label(number)
    (shipment,) = received(account)
    assert shipment.lines == (ShippedLine("TEA", 5), ShippedLine("CUP", 1))


def test_a_change_while_pages_are_read_hides_no_shipment() -> None:
    account = Account(largest_page=2)
    numbers = [sent(account, f"key-{n}") for n in range(7)]
    until, began = account.now, len(account.calls)

    def disturb(number: int) -> None:
        if number - began in (3, 4):
            account.touch(numbers[number - began - 3])

    account.before = disturb
    found = [record.external_id for record in received(account, until=until)]
    assert set(found) >= set(numbers[2:])
    assert len(found) == len(set(found))
    later = {record.external_id for record in received(account, since=until)}
    assert set(numbers) <= later | set(found)


def test_a_window_takes_few_calls_however_much_shipped(account: Account) -> None:
    for n in range(120):
        account.buy_label(sent(account, f"key-{n}"))
    account.calls.clear()
    assert len(received(account)) == 120
    assert len(account.calls) <= 6


def test_a_window_has_both_its_ends(account: Account) -> None:
    numbers = [sent(account, f"key-{n}") for n in range(3)]
    middle = START + timedelta(seconds=2)
    found = received(account, since=middle, until=middle + timedelta(microseconds=1))
    assert [record.external_id for record in found] == [numbers[1]]


def test_instants_are_cut_to_the_millisecond_outwards() -> None:
    moment = START + timedelta(microseconds=1_500)
    assert moment_text(moment) == "2026-03-02T12:00:00.001Z"
    assert moment_text(moment, up=True) == "2026-03-02T12:00:00.002Z"
    assert moment_text(START, up=True) == "2026-03-02T12:00:00.000Z"


def test_one_shipment_is_read_as_it_is_now(account: Account) -> None:
    number = sent(account)
    account.buy_label(number)
    assert account.connector().fetch(RECEIVE, number) == received(account)[0]
    assert account.connector().fetch(RECEIVE, "se-4711") == Gone("se-4711")


# Trouble


def test_too_many_calls_are_told_with_the_wait(account: Account) -> None:
    account.fail(429, {"Retry-After": "17"})
    with pytest.raises(Transient) as caught:
        received(account)
    assert caught.value.retry_after == 17


def test_a_page_of_another_server_is_no_missing_shipment(account: Account) -> None:
    account.fail(404, text="<html>Not here</html>")
    with pytest.raises(Misconfigured, match="check the channel's address"):
        account.connector().fetch(RECEIVE, "se-1000")


@pytest.mark.parametrize("text", ["<html>", "[]", '{"shipments": [{}], "pages": 1}', "{}"])
def test_an_answer_that_makes_no_sense_is_asked_for_again(account: Account, text: str) -> None:
    account.before = lambda number: account.fail(200, text=text) if number == 2 else None
    with pytest.raises(Transient):
        received(account)


@pytest.mark.parametrize(
    ("settings", "secrets", "words"),
    [
        ({}, {"api_key": ""}, "API key is missing"),
        ({}, {"api_key": "wrong"}, "credentials"),
        ({"warehouse_id": "1"}, {}, "warehouse id"),
        ({"warehouse_id": "se-2"}, {}, "no warehouse se-2"),
        ({"carrier_id": None}, {}, "carrier id"),
        ({"service_code": "UPS Ground"}, {}, "service code"),
    ],
)
def test_what_an_operator_must_mend_is_said(
    account: Account, settings: dict[str, Any], secrets: dict[str, str], words: str
) -> None:
    connector = ShipEngine(
        {**account.settings, **settings}, {"api_key": KEY, **secrets}, account.client()
    )
    with pytest.raises(Misconfigured, match=words):
        connector.send_shipment(request())


def test_the_api_key_is_in_no_error(account: Account) -> None:
    account.fail(500, text="broken")
    with pytest.raises(Transient) as caught:
        received(account)
    assert KEY not in str(caught.value)


def test_the_connection_test_names_the_warehouse(account: Account) -> None:
    assert account.connector().test_connection() == (
        "Connected to ShipEngine; parcels leave from Hall."
    )


def test_other_jobs_are_not_offered(account: Account) -> None:
    for call in (
        lambda: account.connector().pages(JobType.IMPORT_PRODUCTS, START, START),
        lambda: account.connector().fetch(JobType.IMPORT_PRODUCTS, "1"),
    ):
        with pytest.raises(Permanent):
            call()
