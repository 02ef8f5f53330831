"""Stock levels, one by one and from a file."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from channels.enums import Kind
from jobs import stock
from jobs.api import filters
from jobs.api.scope import OfChannel, Scoped
from jobs.api.serializers.records import StockFile, StockFileTaken, StockLevelSerializer
from jobs.api.views.runs import CONFLICT
from jobs.control import NotNow
from oms import stock_file
from oms.models import StockLevel


class StockLevelRows(Scoped):
    queryset = StockLevel.objects.select_related("product__account").filter(
        channel__deleted_at=None
    )
    owner = "product__account_id"
    serializer_class = StockLevelSerializer


class StockLevelList(StockLevelRows, ListAPIView[StockLevel]):
    """Stock of each product at each warehouse."""

    filterset_class = filters.StockLevelFilter
    paging = ("pk",)


class StockLevelView(StockLevelRows, RetrieveAPIView[StockLevel]):
    """Stock of one product at one warehouse."""

    def patch(self, request: Request, pk: int) -> Response:
        """Set what lies at the warehouse; waiting shipments that it satisfies become ready."""
        level = self.get_object()
        body = self.get_serializer(level, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if "on_hand" in body.validated_data:
            stock.adjust(level, body.validated_data["on_hand"], timezone.now())
        return Response(self.get_serializer(level).data)


class StockFileView(OfChannel):
    serializer_class = StockFile

    @extend_schema(request=StockFile, responses={200: StockFileTaken, 409: CONFLICT})
    def post(self, request: Request, channel: int) -> Response:
        """Set what lies at a warehouse from a file, whole or not at all."""
        body = StockFile(data=request.data)
        body.is_valid(raise_exception=True)
        if self.channel.kind != Kind.FULFILLMENT:
            raise NotNow("Stock lies at fulfillment channels only.")
        try:
            counts = stock_file.read(self.channel, body.validated_data["csv"].encode())
        except stock_file.BadFile as bad:
            raise ValidationError({"csv": bad.errors}) from bad
        stock.take_file(self.channel.account, self.channel, counts, self.at)
        return Response({"counted": len(counts)})
