"""Parked records: looked at, asked for again one by one or all at once, given up."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import require
from accounts.models import Role
from channels.models import Channel
from jobs import control, replays
from jobs.api import filters
from jobs.api.scope import Scoped, roles_of, user_of
from jobs.api.serializers.parked import (
    DiscardSerializer,
    ParkedSerializer,
    RetriedSerializer,
    RetryAllSerializer,
)
from jobs.api.serializers.runs import RunSerializer
from jobs.api.views.runs import CONFLICT
from oms.models import ParkedRecord


class ParkedRows(Scoped):
    queryset = ParkedRecord.objects.select_related("account", "ended_by")
    serializer_class = ParkedSerializer


class ParkedList(ParkedRows, ListAPIView[ParkedRecord]):
    """Records that could not be taken over, the newest first."""

    filterset_class = filters.ParkedFilter


class ParkedView(ParkedRows, RetrieveAPIView[ParkedRecord]):
    """One parked record with its payload."""


class RetryParked(ParkedRows):
    @extend_schema(request=None, responses={202: RunSerializer, 409: CONFLICT})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for the record again; it is resolved when it could be taken over."""
        ticket = control.retry_parked(self.get_object(), timezone.now(), user_of(request))
        return Response(RunSerializer(ticket.run).data, status=status.HTTP_202_ACCEPTED)


class RetryAllParked(ParkedRows):
    @extend_schema(
        operation_id="parked_retry_all",
        request=RetryAllSerializer,
        responses={202: RetriedSerializer, 409: CONFLICT},
    )
    def post(self, request: Request) -> Response:
        """Ask again for everything that is parked, by one run for each job.

        409 where all of it is refused, as on a disabled channel.
        """
        body = RetryAllSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        records = self._chosen(**body.validated_data)
        done = replays.retry_all(records, timezone.now(), user_of(request))
        if done.refused and not done.runs:
            raise control.NotNow(" ".join(done.refused))
        return Response(RetriedSerializer(done).data, status=status.HTTP_202_ACCEPTED)

    def _chosen(self, channel: int | None = None, **fields: Any) -> QuerySet[ParkedRecord]:
        """The records the user may ask for; 404 for another account's channel."""
        found = self.get_queryset().filter(**fields)
        if channel is not None:
            mine = Channel.objects.present().filter(account__in=list(roles_of(self.request)))
            chosen = get_object_or_404(mine.select_related("account"), pk=channel)
            require(user_of(self.request), chosen.account, Role.OPERATOR)
            return found.filter(channel=chosen)
        operated = [pk for pk in roles_of(self.request) if self.may(Role.OPERATOR, pk)]
        if not operated:
            raise PermissionDenied(f"This needs the role {Role.OPERATOR.label}.")
        return found.filter(account__in=operated)


class DiscardParked(ParkedRows):
    @extend_schema(
        request=DiscardSerializer,
        responses={200: ParkedSerializer, 409: OpenApiResponse(description="parked no more")},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give the record up, with a note if you like; it stays on the list as discarded."""
        parked = self.get_object()
        body = DiscardSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        note = body.validated_data.get("note", "")
        control.discard(parked, timezone.now(), user_of(request), note)
        return Response(self.get_serializer(self.get_object()).data)
