"""What the tests of the Tryton connector share: a shipment to send, records read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from channels.connectors.base import (
    Connector,
    LineData,
    ProductData,
    Record,
    ShipmentData,
    ShipmentRequest,
    StockData,
)
from channels.enums import JobType
from tests.fake_tryton.server import TrytonServer

SHIPMENTS, STOCK = JobType.RECEIVE_SHIPMENTS, JobType.RECEIVE_INVENTORY
PRODUCTS = JobType.IMPORT_PRODUCTS
LONG_AGO, FAR_AHEAD = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
SHIP_TO = {
    "name": "Ann Bee",
    "street": "1 Main St",
    "street_2": "Floor 2",
    "city": "Austin",
    "state": "TX",
    "postcode": "78701",
    "country": "US",
    "phone": "+1 555 0100",
}


def request(
    key: str = "key-1",
    ship_to: dict[str, str] | None = None,
    number: str = "WEB-1",
    **quantities: int,
) -> ShipmentRequest:
    """`quantities` by SKU as TEA=3 for TEA-1; three of tea and two cups without any."""
    wanted = quantities or {"TEA": 3, "CUP": 2}
    lines = tuple(
        LineData(str(place), f"{name}-1", quantity, name.title(), Decimal("9.50"))
        for place, (name, quantity) in enumerate(wanted.items())
    )
    return ShipmentRequest(key, number, lines, SHIP_TO if ship_to is None else ship_to)


def records(connector: Connector, job_type: JobType, since: datetime = LONG_AGO) -> list[Record]:
    return [one for page in connector.pages(job_type, since, FAR_AHEAD) for one in page]


def shipments(connector: Connector, since: datetime = LONG_AGO) -> list[ShipmentData]:
    found = records(connector, SHIPMENTS, since)
    return [one for one in found if isinstance(one, ShipmentData)]


def products(connector: Connector, since: datetime = LONG_AGO) -> list[ProductData]:
    return [one for one in records(connector, PRODUCTS, since) if isinstance(one, ProductData)]


def stock(connector: Connector) -> dict[str, int]:
    found = records(connector, STOCK)
    return {one.sku: one.on_hand for one in found if isinstance(one, StockData)}


def shipment(connector: Connector, external_id: str) -> ShipmentData:
    found = connector.fetch(SHIPMENTS, external_id)
    assert isinstance(found, ShipmentData)
    return found


def shipped(record: ShipmentData) -> dict[str, int]:
    return {line.sku: line.quantity for line in record.lines}


def sent(tryton: TrytonServer, **quantities: int) -> tuple[str, int]:
    """A shipment sent: its external id, and its first shipment in Tryton."""
    wanted = request("key-1", SHIP_TO, "WEB-1", **quantities)
    external_id = tryton.connector().send_shipment(wanted).external_id
    return external_id, tryton.business.shipments(int(external_id))[0]
