"""What each platform can do."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from channels.connectors.registry import CONNECTORS
from channels.models import Channel
from jobs.api.paging import Whole
from jobs.api.serializers.connectors import ConnectorSerializer, connector_row


class ConnectorList(GenericAPIView[Channel]):
    """Every connector with its settings and how it does each job type."""

    queryset = Channel.objects.none()
    serializer_class = ConnectorSerializer
    pagination_class = Whole

    @extend_schema(operation_id="connectors_list", responses=ConnectorSerializer(many=True))
    def get(self, request: Request) -> Response:
        connectors = [connector_row(connector) for connector in CONNECTORS.values()]
        return self.get_paginated_response(self.get_serializer(connectors, many=True).data)
