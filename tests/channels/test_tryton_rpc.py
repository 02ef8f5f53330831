"""How Tryton is spoken to: sessions, errors that come as HTTP 200, warnings, instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import httpx
import pytest

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.connectors.tryton import wire
from channels.enums import JobType
from tests.channels.tryton_scene import LONG_AGO, SHIPMENTS, records, request, sent, stock
from tests.fake_tryton.server import PASSWORD, TrytonServer


@pytest.fixture
def tryton() -> Iterator[TrytonServer]:
    with TrytonServer() as server:
        yield server


# Sessions


def test_one_login_serves_every_run(tryton: TrytonServer) -> None:
    for _ in range(3):
        stock(tryton.connector())

    assert tryton.logins == 1


def test_a_forgotten_session_is_renewed_once_and_the_call_repeated(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    before = stock(connector)
    tryton.forget_sessions()

    assert stock(connector) == before
    assert tryton.logins == 2


def test_a_wrong_password_is_for_an_operator(tryton: TrytonServer) -> None:
    """Though a session of the right one is kept."""
    stock(tryton.connector())
    with pytest.raises(Misconfigured, match="check user name and password") as caught:
        stock(tryton.connector(password="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)


def test_a_new_password_is_logged_in_with(tryton: TrytonServer) -> None:
    stock(tryton.connector())
    tryton.password = "another-password"
    tryton.forget_sessions()

    with pytest.raises(Misconfigured):
        stock(tryton.connector(password=PASSWORD))
    assert stock(tryton.connector(password="another-password"))


def test_an_unknown_database_is_for_an_operator(tryton: TrytonServer) -> None:
    with pytest.raises(Misconfigured, match="check address and database"):
        stock(tryton.connector(database="other"))


@pytest.mark.parametrize("setting", ["url", "database", "username"])
def test_what_has_not_been_entered_is_for_an_operator(tryton: TrytonServer, setting: str) -> None:
    with pytest.raises(Misconfigured, match="enter Tryton's address"):
        stock(tryton.connector(None, PASSWORD, **{setting: " "}))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_login_that_is_put_off_is_worth_another_try(tryton: TrytonServer, status: int) -> None:
    tryton.statuses.append(httpx.Response(401))
    tryton.statuses.append(httpx.Response(status, headers={"retry-after": "7"}))
    with pytest.raises(Transient) as caught:
        stock(tryton.connector())
    assert caught.value.retry_after == 7.0


def test_a_login_that_asks_for_more_than_a_password_is_for_an_operator(
    tryton: TrytonServer,
) -> None:
    asked = {"id": 0, "error": ["LoginException", ["sms_code", "Code?", "char"]]}
    tryton.statuses += [httpx.Response(401), httpx.Response(200, json=asked)]
    with pytest.raises(Misconfigured, match="password alone"):
        stock(tryton.connector())


def test_a_user_without_company_is_for_an_operator(tryton: TrytonServer) -> None:
    tryton.preferences = {"language": "en"}
    with pytest.raises(Misconfigured, match="company"):
        stock(tryton.connector())


def test_a_method_that_is_not_exposed_is_for_an_operator(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    stock(connector)
    tryton.statuses.append(httpx.Response(403, html="<h1>Forbidden</h1>"))
    with pytest.raises(Misconfigured, match="403") as caught:
        stock(connector)
    assert "<h1>" not in str(caught.value)


# Errors: HTTP 200 may be a failure (trap 10)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (["UserError", ["Not allowed here.", "Ask first.", None]], Permanent, "Not allowed here."),
        (["ConcurrencyException", "Record was modified"], Transient, "same moment"),
        (["LoginException", ["password", "Password?", "password"]], Misconfigured, "login"),
        (["'nope.nope'", "Traceback: secret-looking internals"], Transient, "nope.nope"),
        (["UserError"], Transient, "makes no sense"),
    ],
)
def test_an_error_within_200_is_an_error(
    tryton: TrytonServer, error: list[object], kind: type[Exception], says: str
) -> None:
    tryton.broken["model.sale.sale.search_read"] = error
    with pytest.raises(kind, match=says) as caught:
        records(tryton.connector(), SHIPMENTS)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>", "[]", "null", '{"id": 1}', '{"id": 1, "result": [{"id": null}]}',
        '{"id": 1, "result": [{"id": 7}]}', '{"id": 1, "result": [1]}',
        '{"id": 1, "result": [{"id": 1, "create_date": {"__class__": "datetime"}}]}',
    ],
)  # fmt: skip
def test_nonsense_is_worth_another_try(tryton: TrytonServer, body: str) -> None:
    connector = tryton.connector()
    external_id, _ = sent(tryton)
    connector.fetch(SHIPMENTS, external_id)
    tryton.bodies.append(body)
    with pytest.raises(Transient):
        connector.fetch(SHIPMENTS, external_id)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_unwell_server_is_worth_another_try(tryton: TrytonServer, status: int) -> None:
    connector = tryton.connector()
    stock(connector)
    tryton.statuses.append(httpx.Response(status))
    with pytest.raises(Transient):
        stock(connector)


def test_a_step_that_tryton_ignores_is_noticed(tryton: TrytonServer) -> None:
    """Trap 10: what is not allowed answers 200, `result: null`, and does nothing."""
    tryton.ignored.add("sale.sale.confirm")
    with pytest.raises(Permanent, match="stays quotation after its step confirm"):
        tryton.connector().send_shipment(request())


# Warnings (trap 11)


def test_trap_11_a_warning_is_acknowledged_by_its_name_and_the_call_repeated(
    tryton: TrytonServer,
) -> None:
    tryton.warnings["sale.sale.confirm"] = ["no_carrier_1", "low_stock_1"]

    external_id = tryton.connector().send_shipment(request()).external_id

    assert tryton.business.tables.rows["sale.sale"][int(external_id)]["state"] == "processing"
    assert tryton.calls.count("model.res.user.warning.skip") >= 2


def test_a_call_that_never_stops_warning_is_given_up(tryton: TrytonServer) -> None:
    tryton.broken["model.sale.sale.quote"] = ["UserWarning", ["always_1", "Sure?", ""]]
    with pytest.raises(Permanent, match="again and again: Sure"):
        tryton.connector().send_shipment(request())
    assert len(tryton.calls) < 60


# Values (trap 18)


def test_instants_go_out_and_come_in_as_objects_in_utc() -> None:
    """Trap 18: an object with `__class__`, without a zone, meaning UTC."""
    east = timezone(timedelta(hours=2))
    out = wire.dumps(datetime(2026, 11, 25, 14, 30, 5, 7, tzinfo=east))

    assert wire.loads(out) == datetime(2026, 11, 25, 12, 30, 5, 7, tzinfo=UTC)
    assert '"hour": 12' in out
    assert "tzinfo" not in out


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 2, 28), time(23, 59, 1, 5), timedelta(minutes=-3), Decimal("9.50"), b"\x00\xff",
        {"plain": [1, None, 1.5, "text"]}, {"__class__": "nothing.known"},
    ],
)  # fmt: skip
def test_what_json_has_no_word_for_survives_the_way_there_and_back(value: object) -> None:
    assert wire.loads(wire.dumps(value)) == value


def test_a_value_tryton_has_no_word_for_is_not_sent() -> None:
    with pytest.raises(TypeError, match="complex"):
        wire.dumps(1j)


# The connection test


def test_the_connection_test_names_company_and_warehouse(tryton: TrytonServer) -> None:
    tryton.preferences["company.rec_name"] = "Tea House"
    said = tryton.connector().test_connection()
    assert said == "Connected to Tryton, company Tea House, warehouse Warehouse."


def test_the_connection_test_names_a_missing_module(tryton: TrytonServer) -> None:
    modules = tryton.business.tables.rows["ir.module"].values()
    next(row for row in modules if row["name"] == "web_shop")["state"] = "not activated"
    with pytest.raises(Misconfigured, match="web_shop"):
        tryton.connector().test_connection()


def test_the_connection_test_names_missing_rights(tryton: TrytonServer) -> None:
    refused = ["UserError", ['You are not allowed to access "Stock Package".', "", None]]
    tryton.broken["model.stock.package.search_read"] = refused
    with pytest.raises(Misconfigured, match=r"Stock Package.* groups Sales and Stock"):
        tryton.connector().test_connection()


def test_several_warehouses_need_a_choice(tryton: TrytonServer) -> None:
    hall = {"code": "W2", "name": "Second", "type": "warehouse"}
    tryton.business.tables.create("stock.location", hall)
    with pytest.raises(Misconfigured, match="2 warehouses"):
        tryton.connector().test_connection()
    assert "Second" in tryton.connector(warehouse="W2").test_connection()
    with pytest.raises(Misconfigured, match="no warehouse with the code W3"):
        tryton.connector(warehouse="W3").test_connection()


def test_what_the_connector_does_not_claim_it_refuses(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    with pytest.raises(Permanent):
        connector.pages(JobType.RECEIVE_ORDERS, LONG_AGO, LONG_AGO)
    with pytest.raises(Permanent):
        connector.pages_after(JobType.RECEIVE_INVENTORY, "1")
