"""Export Products: the catalogue goes to a channel that is not its source, by SKU."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Exists, OuterRef

from channels.connectors.base import Connector, Permanent, ProductPush
from channels.enums import JobType
from channels.models import Channel
from oms import parking, sku_mapping
from oms.columns import texts
from oms.models import Product, ProductReference
from oms.work import Applied, Context, Outcome, Park, PushLogic


class ExportProducts(PushLogic):
    type: ClassVar[JobType] = JobType.EXPORT_PRODUCTS

    def due(self, channel: Channel) -> list[int]:
        """Products the channel was not told of as they are now, without what it refused."""
        told = ProductReference.objects.filter(
            channel=channel, product=OuterRef("pk"), exported_at__gte=OuterRef("updated_at")
        )
        products = Product.objects.filter(account=channel.account_id).exclude(Exists(told))
        wanted = parking.without_parked(products, channel, self.type)
        return list(wanted.order_by("pk").values_list("pk", flat=True))

    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        product = Product.objects.get(pk=key)
        request = _request(context.channel, product)
        try:
            result = connector.export_product(request)
        except Permanent as refusal:
            raise Park(
                f"{context.channel} refused SKU {product.sku}: {refusal}. Mend the cause, then "
                "retry."
            ) from refusal
        _record(context.channel, product, request.external_id, result.external_id)
        return Applied(Outcome.UPDATED if request.external_id else Outcome.CREATED)

    def describe(self, key: int) -> dict[str, Any]:
        product = Product.objects.get(pk=key)
        price = None if product.price is None else str(product.price)
        return {"sku": product.sku, "name": product.name, "price": price}


def _request(channel: Channel, product: Product) -> ProductPush:
    reference = product.references.filter(channel=channel).first()
    sku = sku_mapping.channel_skus(channel, [product.pk]).get(product.pk)
    if sku is None:
        raise sku_mapping.unnamed(channel, product)
    return ProductPush(
        sku=sku,
        name=product.name or product.sku,
        barcode=product.barcode,
        price=product.price,
        currency=product.currency,
        external_id=reference.external_id if reference else "",
    )


@transaction.atomic
def _record(channel: Channel, product: Product, before: str, external_id: str) -> None:
    """What the channel calls the product, and that it knows it as it was when it was read."""
    known_as = texts(ProductReference, external_id=external_id)["external_id"]
    ProductReference.objects.update_or_create(
        channel=channel,
        external_id=known_as,
        defaults={"product": product, "exported_at": product.updated_at},
    )
    if before and before != known_as:
        product.references.filter(channel=channel, external_id=before).delete()
