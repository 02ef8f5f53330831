"""Orders, shipments and products."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import require
from accounts.models import Role
from jobs.api import filters
from jobs.api.scope import Scoped, roles_of, user_of
from jobs.api.serializers.records import (
    NewProduct,
    OrderSerializer,
    ProductSerializer,
    ShipmentSerializer,
)
from oms.catalog import BadSku, create_product, find_product
from oms.models import Order, Product, Shipment

DESCRIBED = ("barcode", "price", "currency")
"""What a product may be given beside SKU and name."""


class OrderRows(Scoped):
    queryset = Order.objects.prefetch_related("lines")
    serializer_class = OrderSerializer


class OrderList(OrderRows, ListAPIView[Order]):
    """Orders, the newest first."""

    filterset_class = filters.OrderFilter


class OrderView(OrderRows, RetrieveAPIView[Order]):
    """One order with its lines."""


class ShipmentRows(Scoped):
    queryset = Shipment.objects.select_related("order").prefetch_related("lines__order_line")
    serializer_class = ShipmentSerializer


class ShipmentList(ShipmentRows, ListAPIView[Shipment]):
    """Shipments, the newest first."""

    filterset_class = filters.ShipmentFilter


class ShipmentView(ShipmentRows, RetrieveAPIView[Shipment]):
    """One shipment with its lines."""


class ProductRows(Scoped):
    queryset = Product.objects.prefetch_related("references")
    serializer_class = ProductSerializer


class ProductList(ProductRows, ListAPIView[Product]):
    """The catalogue, by SKU."""

    filterset_class = filters.ProductFilter
    paging = ("sku_key", "pk")

    @extend_schema(request=NewProduct, responses={201: ProductSerializer})
    def post(self, request: Request) -> Response:
        """A new product, with a stock level at every warehouse."""
        context = {**self.get_serializer_context(), "accounts": list(roles_of(request))}
        body = NewProduct(data=request.data, context=context)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        require(user_of(request), values["account"], Role.OPERATOR)
        try:
            product = create_product(
                values["account"],
                values["sku"],
                values.get("name", ""),
                timezone.now(),
                **{key: values[key] for key in DESCRIBED if key in values},
            )
        except BadSku as bad:
            raise ValidationError({"sku": [str(bad)]}) from bad
        return Response(self.get_serializer(product).data, status=status.HTTP_201_CREATED)


class ProductView(ProductRows, RetrieveAPIView[Product]):
    """One product."""

    def patch(self, request: Request, pk: int) -> Response:
        """Change name or SKU; a SKU that another product has is refused."""
        product = self.get_object()
        body = self.get_serializer(product, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if "sku" in body.validated_data:
            self._refuse_taken(product, body.validated_data["sku"])
        try:
            with transaction.atomic():
                body.save()
        except IntegrityError as error:
            self._refuse_taken(product, body.validated_data.get("sku", product.sku))
            raise ValidationError({"sku": ["This SKU was just taken."]}) from error
        return Response(body.data)

    def _refuse_taken(self, product: Product, sku: str) -> None:
        other = find_product(product.account, sku)
        if other is not None and other.pk != product.pk:
            raise ValidationError({"sku": [f"SKU {other.sku} is in the catalogue already."]})
