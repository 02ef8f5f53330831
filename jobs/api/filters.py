"""Filters of the API's lists. An unknown value is refused with those that are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters

from channels.enums import JobType
from jobs.models import Event, EventStatus, Run, RunStatus
from jobs.overlap import Trigger
from oms.models import (
    Order,
    OrderLine,
    OrderStatus,
    ParkedRecord,
    ParkedStatus,
    Product,
    ProductReference,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
    StockLevel,
    sku_key,
)

LARGEST_ID = 2**63 - 1
Choices = list[tuple[str, str]]


class Id(filters.Filter):  # type: ignore[misc]  # published without types
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **options)


class OneOf(filters.ChoiceFilter):  # type: ignore[misc]  # published without types
    """One of some words; the refusal names them."""

    def __init__(self, choices: Iterable[tuple[str, str]], **options: Any) -> None:
        allowed = ", ".join(value for value, _label in choices)
        wrong = f"This is not known: %(value)s. Choose one of: {allowed}."
        super().__init__(
            choices=choices, error_messages={"invalid_choice": wrong}, empty_label=None, **options
        )


class Filters(filters.FilterSet):  # type: ignore[misc]  # published without types
    """Base of the sets of filters."""


class OfChannel(Filters):
    account = Id(field_name="account_id")
    channel = Id(field_name="channel_id")


class RunFilter(OfChannel):
    """`trigger` matches any cause of a run."""

    type = OneOf(JobType.choices)
    trigger = OneOf([(trigger.value, trigger.name) for trigger in Trigger], method="with_cause")
    status = OneOf(RunStatus.choices)

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def with_cause(self, runs: QuerySet[Run], name: str, trigger: str) -> QuerySet[Run]:
        return runs.filter(causes_text__contains=f",{trigger},")


class EventFilter(Filters):
    account = Id(field_name="channel__account_id")
    channel = Id(field_name="channel_id")
    type = OneOf(JobType.choices, field_name="job__type")
    status = OneOf(EventStatus.choices)

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()


class BySku(Filters):
    """`sku` is trimmed and compared without case, as everywhere."""

    sku = filters.CharFilter(method="with_sku")
    sku_path = "sku_key"

    def with_sku(self, rows: QuerySet[Model], name: str, sku: str) -> QuerySet[Model]:
        return rows.filter(**{self.sku_path: sku_key(sku)})


class OrderFilter(BySku, OfChannel):
    external_id = filters.CharFilter()
    status = OneOf(OrderStatus.choices)

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()

    def with_sku(self, rows: QuerySet[Model], name: str, sku: str) -> QuerySet[Model]:
        lines = OrderLine.objects.filter(order=OuterRef("pk"), product__sku_key=sku_key(sku))
        return rows.filter(Exists(lines))


class ShipmentFilter(BySku, OfChannel):
    external_id = filters.CharFilter()
    order = Id(field_name="order_id")
    status = OneOf(ShipmentStatus.choices)

    class Meta:
        model = Shipment
        fields: tuple[str, ...] = ()

    def with_sku(self, rows: QuerySet[Model], name: str, sku: str) -> QuerySet[Model]:
        lines = ShipmentLine.objects.filter(
            shipment=OuterRef("pk"), order_line__product__sku_key=sku_key(sku)
        )
        return rows.filter(Exists(lines))


class ProductFilter(BySku):
    """`channel` and `external_id` together: what that channel calls the product."""

    account = Id(field_name="account_id")
    channel = Id(method="referenced")
    external_id = filters.CharFilter(method="referenced")

    class Meta:
        model = Product
        fields: tuple[str, ...] = ()

    def referenced(self, rows: QuerySet[Model], name: str, value: Any) -> QuerySet[Model]:
        """Called once for each of the two; both look for one reference that has both."""
        chosen = {
            "channel_id": self.form.cleaned_data.get("channel"),
            "external_id": self.form.cleaned_data.get("external_id"),
        }
        wanted = {key: value for key, value in chosen.items() if value}
        return rows.filter(
            Exists(ProductReference.objects.filter(product=OuterRef("pk"), **wanted))
        )


class SkuMappingFilter(BySku):
    """`q` is looked for in both SKUs."""

    channel_sku = filters.CharFilter(method="of_channel")
    q = filters.CharFilter(method="with_words")
    sku_path = "product__sku_key"

    def of_channel(self, rows: QuerySet[Model], name: str, sku: str) -> QuerySet[Model]:
        return rows.filter(external_sku_key=sku_key(sku))

    def with_words(self, rows: QuerySet[Model], name: str, words: str) -> QuerySet[Model]:
        key = sku_key(words)
        found = Q(external_sku_key__contains=key) | Q(product__sku_key__contains=key)
        return rows.filter(found)


class StockLevelFilter(BySku):
    account = Id(field_name="product__account_id")
    channel = Id(field_name="channel_id")
    sku_path = "product__sku_key"

    class Meta:
        model = StockLevel
        fields: tuple[str, ...] = ()


class ParkedFilter(OfChannel):
    external_id = filters.CharFilter()
    type = OneOf(JobType.choices)
    status = OneOf(ParkedStatus.choices)

    class Meta:
        model = ParkedRecord
        fields: tuple[str, ...] = ()


class ChannelFilter(Filters):
    account = Id(field_name="account_id")
