"""What a number that somebody types may stand for: an order, a record of a platform, a SKU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Account
from channels.enums import JobType
from channels.models import Channel
from jobs import event_search
from oms.models import Order, ParkedRecord, Product, Shipment, SkuMapping, sku_key

MOST = 20
"""More matches than this are no answer to choose from."""
PARKED_LOOKED_AT = 2_000
LONGEST = 120
PULLS = (
    JobType.RECEIVE_ORDERS,
    JobType.RECEIVE_ORDER_UPDATES,
    JobType.RECEIVE_SHIPMENTS,
)
"""Jobs whose parked records and events go by the platform's own ids."""


@dataclass(frozen=True)
class Subject:
    """What can be traced: an order, a product, or an id of a channel that became neither."""

    order: Order | None = None
    product: Product | None = None
    channel: Channel | None = None
    external_id: str = ""


def find(account: Account, text: str) -> list[Subject]:
    """Everything of the account that the text may stand for; a fixed number of queries."""
    text = text.replace("\x00", "").strip()[:LONGEST]
    if not text:
        return []
    channels = {channel.pk: channel for channel in account.channels.all()}
    orders = {order.pk: order for order in _orders(account, channels, text)}
    known = {(one.channel_id, one.external_id) for one in orders.values()}
    sent = _shipments(channels, text)
    orders |= {one.order_id: one.order for one in sent}
    known |= {(one.channel_id, one.external_id or "") for one in sent}
    found = [Subject(order=order) for order in orders.values()]
    products = _products(account, channels, text)
    found += [Subject(product=product) for product in products]
    found += [
        Subject(channel=channels[channel_id], external_id=external_id)
        for channel_id, external_id in dict.fromkeys(
            _records(account, channels, text, bool(products))
        )
        if (channel_id, external_id) not in known
    ]
    return found[:MOST]


def _numbers(text: str) -> set[str]:
    bare = text.removeprefix("#")
    return {text, bare, f"#{bare}"}


def _orders(account: Account, channels: Iterable[int], text: str) -> Iterator[Order]:
    """By number, by the platform's id, by our own: a query each, so that each has its index."""
    orders = Order.objects.select_related("channel")
    yield from orders.filter(account=account, number__in=_numbers(text))[:MOST]
    yield from orders.filter(channel__in=list(channels), external_id=text)[:MOST]
    if text.isascii() and text.isdigit() and len(text) < 19:
        yield from orders.filter(account=account, pk=int(text))


def _shipments(channels: Iterable[int], text: str) -> list[Shipment]:
    shipments = Shipment.objects.select_related("order__channel")
    return list(shipments.filter(channel__in=list(channels), external_id=text)[:MOST])


def _products(account: Account, channels: Iterable[int], text: str) -> list[Product]:
    key = sku_key(text)
    found = list(Product.objects.filter(account=account, sku_key=key))
    mapped = SkuMapping.objects.filter(channel__in=list(channels), external_sku_key=key)
    found += [one.product for one in mapped.select_related("product")[:MOST]]
    return list(dict.fromkeys(found))


def _records(
    account: Account, channels: Iterable[int], text: str, is_sku: bool
) -> Iterator[tuple[int, str]]:
    """(channel, id) of what came, by event or by a run that parked it.

    Events about the stock of a SKU are no records of their own.
    """
    parked = ParkedRecord.objects.filter(account=account)
    floor = parked.values_list("pk", flat=True)[PARKED_LOOKED_AT - 1 : PARKED_LOOKED_AT].first()
    named = Q(external_id=text) | Q(payload__number__in=list(_numbers(text)))
    newest = parked.filter(named, pk__gte=floor or 0, type__in=PULLS)
    yield from newest.values_list("channel_id", "external_id")[:MOST]
    events = event_search.of_entity(channels, text).order_by()
    if is_sku:
        events = events.filter(job__type__in=PULLS)
    for channel_id in events.values_list("channel_id", flat=True).distinct()[:MOST]:
        yield channel_id, text


def record(channel: Channel, external_id: str) -> Subject:
    """An id of a channel: the order that it is or belongs to, else itself."""
    orders = Order.objects.filter(channel=channel, external_id=external_id)
    order = orders.select_related("channel").first()
    if order is None:
        sent = Shipment.objects.filter(channel=channel, external_id=external_id)
        shipment = sent.select_related("order__channel").first()
        order = shipment.order if shipment else None
    if order:
        return Subject(order=order)
    return Subject(channel=channel, external_id=external_id)
