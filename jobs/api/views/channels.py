"""Channels, their webhook mappings, and what a change would do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import require
from accounts.models import Role
from channels.models import Channel, WebhookMapping
from jobs import configure
from jobs.api.errors import api_names
from jobs.api.filters import ChannelFilter
from jobs.api.paging import Whole
from jobs.api.refusals import refused_parts
from jobs.api.scope import OfChannel, Scoped, roles_of, user_of
from jobs.api.serializers.channels import ChannelDetail, ChannelSerializer, NewChannel
from jobs.api.serializers.jobs import (
    ChangesSerializer,
    ChannelPreview,
    MappingSerializer,
    NewMappingShape,
)
from jobs.api.views.runs import CONFLICT
from jobs.change import Change, Refused
from jobs.control import NotNow
from jobs.mappings import NewMapping
from jobs.probing import probe_now
from jobs.rows import warnings
from jobs.saving import create, delete_channel, save_channel
from jobs.world import load_world


class ChannelContext(Scoped):
    """`operates`: the accounts whose webhook URLs the user may see."""

    def get_serializer_context(self) -> dict[str, Any]:
        roles = roles_of(self.request)
        operates = {pk for pk in roles if self.may(Role.OPERATOR, pk)}
        return {**super().get_serializer_context(), "accounts": list(roles), "operates": operates}

    def detail(self, channel: Channel) -> dict[str, Any]:
        """A channel with the warnings its settings deserve now."""
        found = warnings(load_world(channel.account, [channel]))
        context = {**self.get_serializer_context(), "warnings": found}
        answer: dict[str, Any] = ChannelDetail(channel, context=context).data
        return answer


class ChannelList(ChannelContext, ListAPIView[Channel]):
    """The channels of all the user's accounts."""

    queryset = Channel.objects.present().select_related("circuit", "budget")
    serializer_class = ChannelSerializer
    filterset_class = ChannelFilter
    paging = ("name", "pk")

    @extend_schema(request=NewChannel, responses={201: ChannelDetail})
    def post(self, request: Request) -> Response:
        """A new channel: enabled, mode Recurring Job, every period None unless said otherwise."""
        body = NewChannel(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        account = values.pop("account")
        require(user_of(request), account, Role.OPERATOR)
        channel = create(account, values, timezone.now(), user_of(request))
        return Response(self.detail(channel), status=status.HTTP_201_CREATED)


class ChannelView(OfChannel, ChannelContext):
    serializer_class = ChannelDetail

    def get(self, request: Request, channel: int) -> Response:
        return Response(self.detail(self.channel))

    def patch(self, request: Request, channel: int) -> Response:
        """Write what is named, all of it or nothing; documents keep the names not sent."""
        context = self.get_serializer_context()
        body = ChannelDetail(self.channel, data=request.data, partial=True, context=context)
        body.is_valid(raise_exception=True)
        save_channel(self.channel, body.validated_data, self.at, user_of(request))
        return Response(self.detail(self.channel))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: int) -> Response:
        """Cancel all its work and remove it; 400 where it is the Master Product Source."""
        delete_channel(self.channel, self.at, user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProbeView(OfChannel, ChannelContext):
    serializer_class = ChannelDetail

    @extend_schema(request=None, responses={200: ChannelDetail, 409: CONFLICT})
    def post(self, request: Request, channel: int) -> Response:
        """Ask a platform whose circuit is open now; 409 where there is nothing to probe."""
        if probe_now(self.channel, self.at) is None:
            raise NotNow("There is nothing to probe: the circuit is closed, or a probe under way.")
        self.channel.refresh_from_db()
        return Response(self.detail(self.channel))


class ChannelPreviewView(OfChannel):
    serializer_class = ChannelPreview

    @extend_schema(responses=ChangesSerializer)
    def post(self, request: Request, channel: int) -> Response:
        """What a change would start, stop or move; changes nothing."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        jobs = {(channel, name): row for name, row in values.pop("jobs", {}).items()}
        change = Change(channels={channel: values}, jobs=jobs)
        try:
            found = configure.preview(self.channel.account, change, self.at)
        except Refused as refused:
            raise ValidationError(self._errors(change) or api_names(refused.errors)) from refused
        return Response(ChangesSerializer({"changes": found}).data)

    def _errors(self, change: Change) -> dict[str, Any]:
        """Each job is judged on the track that the change would put the channel on."""
        world = load_world(self.channel.account, [self.channel])
        values = change.channels[self.channel.pk]
        track = {key: value for key, value in values.items() if key == "track"}
        parts = {
            name: Change(channels={pk: track}, jobs={(pk, name): row})
            for (pk, name), row in change.jobs.items()
        }
        return refused_parts(world, Change(channels=change.channels), "jobs", parts)


class MappingList(OfChannel, ListAPIView[WebhookMapping]):
    """The topics the channel's connector knows, and the job type each starts."""

    serializer_class = MappingSerializer
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "channel"):
            return WebhookMapping.objects.none()
        return WebhookMapping.objects.filter(channel=self.channel)

    @extend_schema(request=NewMappingShape, responses={201: MappingSerializer})
    def post(self, request: Request, channel: int) -> Response:
        """Map a topic of your own; 400 where the connector's topics are fixed."""
        body = NewMappingShape(data=request.data)
        body.is_valid(raise_exception=True)
        new = NewMapping(channel, **body.validated_data)
        configure.apply(self.channel.account, Change(new_mappings=[new]), self.at, user_of(request))
        row = WebhookMapping.objects.get(channel=channel, topic=new.topic)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)


class MappingView(OfChannel):
    serializer_class = MappingSerializer

    def patch(self, request: Request, channel: int, mapping: int) -> Response:
        """Switch a topic on or off, or say where its bodies name the record."""
        row = get_object_or_404(WebhookMapping, channel=self.channel, pk=mapping)
        body = self.get_serializer(row, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if body.validated_data:
            change = Change(mappings={row.pk: body.validated_data})
            configure.apply(self.channel.account, change, self.at, user_of(request))
            row.refresh_from_db()
        return Response(self.get_serializer(row).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: int, mapping: int) -> Response:
        """Its topic's events are stored and ignored from now on."""
        row = get_object_or_404(WebhookMapping, channel=self.channel, pk=mapping)
        change = Change(removed_mappings=[row.pk])
        configure.apply(self.channel.account, change, self.at, user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
