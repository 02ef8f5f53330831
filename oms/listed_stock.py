"""What sales channels were told of stock, and what they still have to be told.

A change of what is available moves the version of the product's row at every sales channel; a
push notes the version it read before it read the quantity, so a change in between is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from channels.models import Channel
from oms.columns import LARGEST_QUANTITY
from oms.models import ListedStock, Product, StockLevel

BATCH = 1000


def note_change(product_ids: Iterable[int]) -> None:
    """What is available of these products has changed; in the transaction that changed it."""
    rows = ListedStock.objects.filter(product_id__in=list(product_ids))
    # In one order for all, so that two transactions cannot wait for each other.
    keys = list(rows.order_by("product_id", "channel_id").select_for_update().values_list("pk"))
    if keys:
        rows.filter(pk__in=[key for (key,) in keys]).update(version=F("version") + 1)


def outstanding(channel: Channel) -> QuerySet[ListedStock]:
    """Rows with a change that the platform has not acknowledged."""
    return ListedStock.objects.filter(
        channel=channel, listed=True, version__gt=F("sent_version")
    ).order_by("product_id")


def ensure_rows(channel: Channel) -> None:
    """A row for every product of the account, made where missing."""
    have = ListedStock.objects.filter(channel=channel, product=OuterRef("pk"))
    products = Product.objects.filter(account=channel.account_id)
    missing = products.exclude(Exists(have)).values_list("pk", flat=True)
    ListedStock.objects.bulk_create(
        (ListedStock(channel=channel, product_id=key) for key in missing),
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def demand(channel: Channel, products: QuerySet[Product]) -> int:
    """Make the rows of these products outstanding there, listed so far or not; how many."""
    rows = ListedStock.objects.filter(channel=channel, product__in=products)
    keys = list(rows.order_by("product_id").select_for_update(of=("self",)).values_list("pk"))
    return ListedStock.objects.filter(pk__in=[key for (key,) in keys]).update(
        version=F("version") + 1, listed=True
    )


def demand_again(channel: Channel, before: datetime) -> int:
    """Make every row that was sent before then outstanding, listed or not; how many."""
    old = ListedStock.objects.filter(channel=channel, sent_at__lt=before)
    return old.update(version=F("version") + 1, listed=True)


def available(product_ids: Collection[int]) -> dict[int, int]:
    """What a buyer can have of each product, over all warehouses: never below zero, and never more
    than a column or a platform takes."""
    levels = StockLevel.objects.filter(product_id__in=product_ids, channel__deleted_at=None)
    sums = levels.values_list("product_id").annotate(total=Sum(F("on_hand") - F("allocated")))
    found = dict(sums.order_by())
    return {key: min(max(found.get(key) or 0, 0), LARGEST_QUANTITY) for key in product_ids}
