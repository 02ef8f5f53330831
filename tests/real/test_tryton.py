"""The Tryton connector against Tryton 7.0 itself, as a user with no more rights than it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import httpx
import psycopg
import pytest

from channels.connectors import http
from channels.connectors.base import (
    Gone,
    Misconfigured,
    Permanent,
    ProductData,
    ProductPush,
    ShipmentRequest,
    Transient,
)
from channels.connectors.tryton import Tryton as Connector
from tests.channels.tryton_scene import (
    FAR_AHEAD,
    LONG_AGO,
    PRODUCTS,
    SHIP_TO,
    SHIPMENTS,
    products,
    request,
    shipment,
    shipments,
    shipped,
    stock,
)
from tests.real.tryton.server import Tryton, postgres
from tests.real.tryton.transports import Killing, Losing
from tests.run import postgres_answers

pytestmark = pytest.mark.real

Make = Callable[..., Connector]
WHOLE = {"TEA-1": 3, "CUP-1": 2}


@pytest.fixture(scope="module")
def tryton() -> Iterator[Tryton]:
    if not postgres_answers(postgres()):
        pytest.skip("skipped for want of postgres")
    with Tryton() as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with http.make_client(allow_private=True) as client:
        yield client


@pytest.fixture
def make(tryton: Tryton, client: httpx.Client) -> Make:
    def connector(password: str = tryton.password, http: httpx.Client = client) -> Connector:
        where = {"url": tryton.url, "database": tryton.database, "username": tryton.user}
        return Connector(where, {"password": password}, http)

    return connector


@pytest.fixture
def connector(make: Make, tryton: Tryton) -> Connector:
    """With enough in stock whatever other tests took."""
    tryton.warehouse.count("TEA-1", 50)
    tryton.warehouse.count("CUP-1", 50)
    return make()


def new_request() -> ShipmentRequest:
    return request(str(uuid4()))


def one_of(connector: Connector, external_id: str, since: datetime = LONG_AGO) -> list[str]:
    """How this shipment's states read in a window."""
    found = shipments(connector, since)
    return [one.platform_status for one in found if one.external_id == external_id]


# Sending


def test_the_connection_is_good(connector: Connector) -> None:
    said = connector.test_connection()
    assert said == "Connected to Tryton, company Warehouse Company, warehouse Warehouse."


def test_a_shipment_sent_twice_is_one_sale_with_one_shipment(
    connector: Connector, make: Make, tryton: Tryton
) -> None:
    wanted = new_request()
    first = connector.send_shipment(wanted).external_id
    assert make().send_shipment(wanted).external_id == first

    assert tryton.warehouse.sales(wanted.key) == [int(first)]
    (out,) = tryton.warehouse.shipments(first)
    assert tryton.warehouse.state(out) == "waiting"
    fields = ["reference", "state", "shipment_address.rec_name", "invoices"]
    (sale,) = tryton.warehouse.call("sale.sale.read", [int(first)], fields)
    assert (sale["reference"], sale["state"], sale["invoices"]) == ("WEB-1", "processing", [])
    assert "1 Main St" in sale["shipment_address."]["rec_name"]


def test_whatever_answer_is_lost_there_is_one_sale_one_shipment_one_customer(
    connector: Connector, make: Make, tryton: Tryton
) -> None:
    connector.test_connection()
    lost = 0
    while True:
        lost += 1
        ship_to = {**SHIP_TO, "name": f"Customer {lost}"}
        wanted = request(str(uuid4()), ship_to)
        try:
            with httpx.Client(transport=Losing(lost), timeout=20) as losing:
                make(http=losing).send_shipment(wanted)
            break
        except Transient:
            external_id = make().send_shipment(wanted).external_id
        assert tryton.warehouse.sales(wanted.key) == [int(external_id)]
        assert len(tryton.warehouse.shipments(external_id)) == 1
        named = [["name", "=", ship_to["name"]]]
        assert len(tryton.warehouse.call("party.party.search", named, 0, None, None)) == 1
    assert lost > 10


def test_a_second_sale_of_one_key_is_refused_by_tryton_itself(
    connector: Connector, tryton: Tryton
) -> None:
    wanted = new_request()
    external_id = connector.send_shipment(wanted).external_id
    (sale,) = tryton.warehouse.call("sale.sale.read", [int(external_id)], ["party"])
    with pytest.raises(Permanent, match="web ID"):
        connector._rpc.call("sale.sale.create", [{"party": sale["party"], "web_id": wanted.key}])


def test_an_unknown_sku_is_named(connector: Connector) -> None:
    with pytest.raises(Permanent, match="NOPE-1"):
        connector.send_shipment(request(str(uuid4()), None, "WEB-9", NOPE=1))


# Receiving shipments


def test_a_shipment_is_followed_until_it_has_left(connector: Connector, tryton: Tryton) -> None:
    work, before = tryton.warehouse, stock(connector)
    external_id = connector.send_shipment(new_request()).external_id
    (out,) = work.shipments(external_id)
    seen = [(shipment(connector, external_id), stock(connector))]
    for step, extra in ((work.assign, ()), (work.pick, ()), (work.pack, ("TRACK-1",))):
        step(out, *extra)
        seen.append((shipment(connector, external_id), stock(connector)))
    work.done(out)
    record = shipment(connector, external_id)

    states = [one.platform_status for one, _ in seen]
    assert states == ["waiting", "assigned", "picked", "packed"]
    assert all(not one.lines and not one.done and on_hand == before for one, on_hand in seen)
    assert (record.platform_status, record.done, record.cancelled) == ("done", True, False)
    assert (shipped(record), record.carrier, record.tracking) == (WHOLE, "Parcel Post", "TRACK-1")
    after = {"TEA-1": before["TEA-1"] - 3, "CUP-1": before["CUP-1"] - 2}
    assert stock(connector) == {**before, **after}
    assert record.shipped_at is not None
    assert abs(record.shipped_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_window_by_id_and_one_by_one_say_the_same(connector: Connector, tryton: Tryton) -> None:
    since = datetime.now(UTC)
    external_id = connector.send_shipment(new_request()).external_id
    tryton.warehouse.ship(tryton.warehouse.shipments(external_id)[0], "TRACK-1")

    single = shipment(connector, external_id)
    before = connector.first_id_since(SHIPMENTS, since)
    by_id = [one for page in connector.pages_after(SHIPMENTS, before or "") for one in page]
    assert [one for one in shipments(connector, since) if one.reference == single.reference] == [
        single
    ]
    assert by_id == [single]
    assert connector.first_id_since(SHIPMENTS, FAR_AHEAD) is None
    assert connector.fetch(SHIPMENTS, "999999") == Gone("999999")


def test_a_short_shipment_is_completed_by_the_one_for_the_rest(
    connector: Connector, tryton: Tryton
) -> None:
    work = tryton.warehouse
    external_id = connector.send_shipment(new_request()).external_id
    (out,) = work.shipments(external_id)
    work.assign(out, found={"TEA-1": 1})
    work.pick(out)
    work.pack(out, "TRACK-1")
    work.done(out)
    first = shipment(connector, external_id)
    since = datetime.now(UTC)
    rest = work.shipments(external_id)[1]
    work.ship(rest, "TRACK-2")
    (last,) = shipments(connector, since)

    assert (shipped(first), first.done) == ({"TEA-1": 1, "CUP-1": 2}, False)
    assert first.platform_status == "done, waiting"
    assert (last.external_id, shipped(last), last.done) == (external_id, WHOLE, True)
    assert last.tracking == "TRACK-1, TRACK-2"


def test_a_cancelled_shipment_is_cancelled(connector: Connector, tryton: Tryton) -> None:
    external_id = connector.send_shipment(new_request()).external_id
    since = datetime.now(UTC)
    tryton.warehouse.cancel(tryton.warehouse.shipments(external_id)[0])
    (record,) = shipments(connector, since)
    assert (record.external_id, record.cancelled, record.done) == (external_id, True, True)
    assert record.lines == ()


def test_a_sale_never_written_again_is_in_its_window(connector: Connector, tryton: Tryton) -> None:
    """Trap 2, on the platform it was found on."""
    work, since = tryton.warehouse, datetime.now(UTC)
    party = work.call("party.party.search", [], 0, 1, None)[0]
    (fresh,) = work.call("sale.sale.create", [{"party": party, "web_id": str(uuid4())}])
    (row,) = work.call("sale.sale.read", [fresh], ["write_date"])
    assert row["write_date"] is None
    assert one_of(connector, str(fresh), since) == ["draft"]


def test_a_tracking_number_entered_later_is_in_its_window(
    connector: Connector, tryton: Tryton
) -> None:
    external_id = connector.send_shipment(new_request()).external_id
    (out,) = tryton.warehouse.shipments(external_id)
    tryton.warehouse.ship(out, "OLD")
    since = datetime.now(UTC)
    assert one_of(connector, external_id, since) == []
    tryton.warehouse.relabel(out, "NEW")
    (record,) = shipments(connector, since)
    assert (record.external_id, record.tracking) == (external_id, "NEW")


# What only the platform itself can show


def test_a_warning_is_acknowledged(connector: Connector, tryton: Tryton) -> None:
    """Trap 11: packing without a carrier is warned of; the user may not write warnings itself."""
    work = tryton.warehouse
    external_id = connector.send_shipment(new_request()).external_id
    (out,) = work.shipments(external_id)
    work.assign(out)
    work.pick(out)
    connector._rpc.call("stock.shipment.out.pack", [out])
    assert work.state(out) == "packed"


def test_a_step_that_is_not_allowed_answers_well_and_does_nothing(
    connector: Connector, tryton: Tryton
) -> None:
    """Trap 10: why every write is read back."""
    external_id = connector.send_shipment(new_request()).external_id
    (out,) = tryton.warehouse.shipments(external_id)
    assert connector._rpc.call("stock.shipment.out.done", [out]) is None
    assert tryton.warehouse.state(out) == "waiting"


def test_what_tryton_has_not_or_does_not_let_call_is_said(connector: Connector) -> None:
    with pytest.raises(Misconfigured, match="403"):
        connector._rpc.call("sale.sale.nothing", [1])
    with pytest.raises(Transient, match=r"nothing\.known"):
        connector._rpc.call("nothing.known.read", [1])
    with pytest.raises(Permanent, match="99999"):
        connector._rpc.call("sale.sale.read", [99999], ["state"])


def test_runs_share_a_session(connector: Connector, make: Make, tryton: Tryton) -> None:
    def sessions() -> int:
        where = postgres().rpartition("/")[0] + f"/{tryton.database}"
        with psycopg.connect(where) as database:
            query = "SELECT count(*) FROM ir_session s JOIN res_user u ON u.id = s.create_uid "
            row = database.execute(query + "WHERE u.login = %s", [tryton.user]).fetchone()
        assert row is not None
        return int(row[0])

    connector.test_connection()
    before = sessions()
    for _ in range(5):
        make().test_connection()
    assert sessions() == before


def test_a_wrong_password_and_a_wrong_database_are_for_an_operator(
    make: Make, client: httpx.Client, tryton: Tryton
) -> None:
    with pytest.raises(Misconfigured, match="check user name and password"):
        make(password="wrong").test_connection()
    where = {"url": tryton.url, "database": "nothing_there", "username": tryton.user}
    with pytest.raises(Misconfigured, match="check address and database"):
        Connector(where, {"password": tryton.password}, client).test_connection()


# Stock and products


def test_stock_is_what_was_counted(connector: Connector, tryton: Tryton) -> None:
    tryton.warehouse.count("TEA-1", 41)
    tryton.warehouse.count("CUP-1", 0)
    seen = stock(connector)
    picked = {sku: tryton.warehouse.on_shelf(sku, "OUT") for sku in ("TEA-1", "CUP-1")}
    assert seen["TEA-1"] == 41 + picked["TEA-1"]
    assert seen["CUP-1"] == picked["CUP-1"]
    assert "CARRIAGE" not in seen


def test_a_product_is_exported_changed_and_imported(connector: Connector, tryton: Tryton) -> None:
    since = datetime.now(UTC)
    push = ProductPush("Pot_1", "Pot", "4006381333931", Decimal("20.00"), "USD")
    external_id = connector.export_product(push).external_id
    (made,) = products(connector, since)
    assert (made.external_id, made.sku, made.name) == (external_id, "Pot_1", "Pot")
    assert (made.price, made.currency, made.barcode) == (Decimal(20), "USD", "4006381333931")

    since = datetime.now(UTC)
    assert connector.export_product(push).external_id == external_id
    assert products(connector, since) == []

    dearer = ProductPush("POT_1", "Big pot", price=Decimal("21.5"), currency="USD")
    assert connector.export_product(dearer).external_id == external_id
    (changed,) = products(connector, since)
    assert (changed.name, changed.price) == ("Big pot", Decimal("21.5"))
    assert connector.fetch(PRODUCTS, external_id) == changed

    wanted = request(str(uuid4()), None, "WEB-7", TEA=1)
    assert connector.send_shipment(wanted).external_id
    tryton.warehouse.call("product.product.write", [int(external_id)], {"active": False})
    assert connector.fetch(PRODUCTS, external_id) == Gone(external_id)
    with pytest.raises(Permanent, match="deactivated"):
        connector.export_product(push)


def test_products_come_by_id(connector: Connector, tryton: Tryton) -> None:
    tea, cup = tryton.warehouse.product("TEA-1"), tryton.warehouse.product("CUP-1")
    assert connector.first_id_since(PRODUCTS, LONG_AGO) == str(tea - 1)
    pages = connector.pages_after(PRODUCTS, str(tea))
    later = [one for page in pages for one in page if isinstance(one, ProductData)]
    assert later[0].external_id == str(cup)


# A server that dies


@pytest.mark.parametrize("step", ["create", "quote", "confirm"])
def test_a_server_killed_while_a_shipment_is_sent_has_it_once(
    connector: Connector, make: Make, tryton: Tryton, step: str
) -> None:
    """Confirming it, this Tryton processes it as well: there is no call in between."""
    wanted = new_request()
    connector.test_connection()
    try:
        with (
            httpx.Client(transport=Killing(tryton, f"model.sale.sale.{step}")) as killing,
            pytest.raises(Transient),
        ):
            make(http=killing).send_shipment(wanted)
        with pytest.raises(Transient):
            shipments(make())
    finally:
        tryton.start()

    external_id = make().send_shipment(wanted).external_id
    assert tryton.warehouse.sales(wanted.key) == [int(external_id)]
    (out,) = tryton.warehouse.shipments(external_id)
    assert tryton.warehouse.state(out) == "waiting"
