"""Import Products: the catalogue of the Master Product Source, matched by SKU."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from channels.connectors.base import ProductData
from channels.enums import JobType
from channels.models import Channel
from oms import sku_mapping
from oms.catalog import BadSku, create_product
from oms.columns import amount, text, texts
from oms.models import Product, ProductReference, sku_key
from oms.work import Applied, Context, Outcome, Park, PullLogic

UNCHANGED = Applied(Outcome.UNCHANGED)


class ImportProducts(PullLogic):
    type: ClassVar[JobType] = JobType.IMPORT_PRODUCTS

    def apply(self, context: Context, record: ProductData) -> Applied:
        sku = text(record.sku).strip()
        if not sku:
            name = record.name or record.external_id
            context.log("warning", f"{name} has no SKU and was left out: give it one there.")
            return UNCHANGED
        reference = _reference(context.channel, record.external_id)
        if reference and reference.revision_at and record.changed_at < reference.revision_at:
            context.log("info", f"SKU {sku}: this reading is older than what we have; left out.")
            return UNCHANGED
        product, created = _product(context, sku, record)
        if reference is None or reference.product_id != product.pk:
            twin = product.references.filter(channel=context.channel).first()
            if twin is not None:
                _warn_of_twin(context, sku, record, twin)
                return UNCHANGED
        changed = _update(product, record) or created
        bound = _bind(context.channel, product, record)
        if created:
            return Applied(Outcome.CREATED)
        return Applied(Outcome.UPDATED) if changed or bound else UNCHANGED

    def gone(self, context: Context, external_id: str) -> Applied:
        """Orders and stock may still need the product: only its tie to the platform ends."""
        reference = _reference(context.channel, external_id)
        if reference is None:
            return UNCHANGED
        context.log(
            "warning",
            f"{context.channel} no longer has SKU {reference.product}; the product stays in the "
            "catalogue.",
        )
        reference.delete()
        return Applied(Outcome.UPDATED)

    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        """A product may change at any time: each is asked for, whenever it was made."""
        references = ProductReference.objects.filter(channel=channel).order_by("pk")
        return references.values_list("pk", "external_id").iterator()


def _reference(channel: Channel, external_id: str) -> ProductReference | None:
    known = ProductReference.objects.filter(channel=channel, external_id=external_id)
    return known.select_related("product").first()


def _product(context: Context, sku: str, record: ProductData) -> tuple[Product, bool]:
    """The product with this SKU, made where there is none; whether it was made."""
    known = sku_mapping.find_products(context.channel, [sku]).get(sku_key(sku))
    if known is not None:
        return Product.objects.select_for_update().get(pk=known.pk), False
    name = texts(Product, name=record.name)["name"]
    try:
        return create_product(context.channel.account, sku, name, context.at), True
    except BadSku as bad:
        raise Park(f"{bad} Correct it at the platform, then retry.") from bad


def _warn_of_twin(context: Context, sku: str, record: ProductData, twin: ProductReference) -> None:
    context.log(
        "warning",
        f"SKU {sku} stands on two products of {context.channel}: {twin.external_id} is kept, "
        f"{record.external_id} was skipped. Give one of them another SKU there.",
    )


def _update(product: Product, record: ProductData) -> bool:
    """Write what differs; what the platform does not say stays as it is."""
    told = texts(Product, name=record.name, barcode=record.barcode, currency=record.currency)
    values: dict[str, Any] = {name: value for name, value in told.items() if value}
    if record.price is not None:
        values["price"] = amount(record.price, "price")
    differing = [name for name, value in values.items() if getattr(product, name) != value]
    for name in differing:
        setattr(product, name, values[name])
    if differing:
        product.save(update_fields=[*differing, "updated_at"])
    return bool(differing)


def _bind(channel: Channel, product: Product, record: ProductData) -> bool:
    """The platform's product is this one now; whether it was another, or none, before."""
    columns = {"product": product, "revision_at": record.changed_at}
    before = _reference(channel, record.external_id)
    ProductReference.objects.update_or_create(
        channel=channel, external_id=record.external_id, defaults=columns
    )
    return before is None or before.product_id != product.pk
