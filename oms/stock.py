"""Stock levels: a row for each product at each fulfillment channel, set to what lies there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import Account
from channels.connectors.base import Log, silent
from channels.enums import Kind
from channels.models import Channel
from oms.allocation import release_backorders
from oms.ledger import book, lock_levels
from oms.models import Product, StockLevel

BATCH = 1000


def ensure_levels(account: Account, product: Product | None = None) -> None:
    """Make the rows that are missing, of one product or of all; call it when either appears."""
    products = [product.pk] if product else _keys(account)
    for channel in Channel.objects.present().filter(account=account, kind=Kind.FULFILLMENT):
        held = StockLevel.objects.filter(channel=channel, product_id__in=products)
        known = set(held.values_list("product_id", flat=True)) if product else _known(channel)
        StockLevel.objects.bulk_create(
            (StockLevel(product_id=p, channel=channel) for p in products if p not in known),
            batch_size=BATCH,
            ignore_conflicts=True,
        )


def _keys(account: Account) -> list[int]:
    return list(Product.objects.filter(account=account).values_list("pk", flat=True))


def _known(channel: Channel) -> set[int]:
    return set(StockLevel.objects.filter(channel=channel).values_list("product_id", flat=True))


@transaction.atomic
def set_on_hand(level: StockLevel, quantity: int, at: datetime, log: Log = silent) -> None:
    """What lies at the warehouse is `quantity`; backorders that this satisfies become ready.

    What is promised stays promised, so the available quantity may become negative.
    """
    set_counts(level.channel_id, {level.product_id: quantity}, at, log)
    level.refresh_from_db()


@transaction.atomic
def set_counts(channel_id: int, counts: Mapping[int, int], at: datetime, log: Log = silent) -> None:
    """The same for many products of one warehouse, by product id."""
    locked = lock_levels(channel_id, counts)
    more = {product: counts[product] - level.on_hand for product, level in locked.items()}
    book(locked, at, on_hand=more)
    release_backorders(channel_id, [p for p, change in more.items() if change > 0], at, log)
