"""What a channel calls our products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import sku_mappings
from jobs.api.filters import SkuMappingFilter
from jobs.api.parsing import Json
from jobs.api.scope import OfChannel, user_of
from jobs.api.serializers.sku_mappings import (
    ImportedSerializer,
    ImportSerializer,
    SkuMappingSerializer,
)
from oms import sku_mapping_csv
from oms.models import SkuMapping

MOST_ERRORS = 100
DRY_RUN = OpenApiParameter(
    "dry_run", OpenApiTypes.BOOL, description="Only tell what the import would do."
)


class SkuMappingList(OfChannel, ListAPIView[SkuMapping]):
    """The channel's mappings, by its SKUs."""

    serializer_class = SkuMappingSerializer
    filterset_class = SkuMappingFilter
    paging = ("external_sku_key", "pk")

    def get_queryset(self) -> QuerySet[Any]:
        rows = SkuMapping.objects.select_related("product")
        return rows.filter(channel=self.channel) if hasattr(self, "channel") else rows.none()

    @extend_schema(request=SkuMappingSerializer, responses={201: SkuMappingSerializer})
    def post(self, request: Request, channel: int) -> Response:
        """Map a SKU of the channel; parked records that wait for it are asked for again."""
        body = SkuMappingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made, _ = sku_mappings.add(self.channel, **body.names, at=self.at, actor=user_of(request))
        return Response(SkuMappingSerializer(made).data, status=status.HTTP_201_CREATED)


class SkuMappingView(OfChannel):
    serializer_class = SkuMappingSerializer

    def patch(self, request: Request, channel: int, sku_mapping: int) -> Response:
        """Change either SKU; parked records that wait for one of them are asked for again."""
        row = self._find(sku_mapping)
        body = SkuMappingSerializer(row, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed, _ = sku_mappings.change(row, self.at, user_of(request), **body.names)
        return Response(SkuMappingSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: int, sku_mapping: int) -> Response:
        sku_mappings.delete(self._find(sku_mapping), self.at, user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _find(self, key: int) -> SkuMapping:
        rows = SkuMapping.objects.select_related("product", "channel__account")
        return get_object_or_404(rows, channel=self.channel, pk=key)


class WhateverIsAccepted(DefaultContentNegotiation):
    """For an address that ends with its format: who asks for text/csv gets no 406."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class SkuMappingTable(OfChannel):
    serializer_class = SkuMappingSerializer
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, channel: int) -> HttpResponse:
        """All mappings as CSV with the columns `channel_sku,sku`; what the import takes back."""
        name = f"sku-mappings-{self.channel.pk}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        table = sku_mapping_csv.write(self.channel)
        return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=headers)


class Table(BaseParser):
    """A body that is the table itself."""

    media_type = "text/csv"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        content = stream.read(sku_mapping_csv.LARGEST + 1)
        return {"file": ContentFile(content, name="table.csv")}


class ImportSkuMappings(OfChannel):
    serializer_class = ImportSerializer
    parser_classes = (Json, MultiPartParser, Table)

    @extend_schema(
        parameters=[DRY_RUN],
        request={
            "application/json": ImportSerializer,
            "multipart/form-data": ImportSerializer,
            "text/csv": OpenApiTypes.STR,
        },
        responses=ImportedSerializer,
    )
    def post(self, request: Request, channel: int) -> Response:
        """Add and change what a table names; all of it or, with an error in any line, nothing."""
        body = ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = request.query_params.get("dry_run", "").lower() in ("true", "1")
        dry_run = asked or body.validated_data["dry_run"]
        done = sku_mappings.import_table(
            self.channel, body.content, self.at, user_of(request), dry_run=dry_run
        )
        if done.faults and not dry_run:
            raise ValidationError({"file": _told(done.faults)})
        answer = {
            "dry_run": dry_run,
            "created": len(done.created),
            "updated": len(done.updated),
            "unchanged": done.unchanged,
            "errors": done.faults[:MOST_ERRORS],
            "runs": [run.pk for run in done.replay.runs],
        }
        return Response(ImportedSerializer(answer).data)


def _told(faults: list[sku_mapping_csv.Fault]) -> list[str]:
    more = len(faults) - MOST_ERRORS
    rest = [f"And {more} more."] if more > 0 else []
    return [*(str(fault) for fault in faults[:MOST_ERRORS]), *rest]
