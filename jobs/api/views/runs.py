"""Runs and events."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import control
from jobs.api.filters import EventFilter, RunFilter
from jobs.api.paging import PageOfBodies
from jobs.api.scope import Scoped, user_of
from jobs.api.serializers.runs import EventSerializer, RunDetail, RunSerializer
from jobs.models import Event, Run

CONFLICT = OpenApiResponse(description="why this cannot be done now")


class RunList(Scoped, ListAPIView[Run]):
    """Runs, the newest first."""

    queryset = Run.objects.defer("handled")
    serializer_class = RunSerializer
    filterset_class = RunFilter


class RunView(Scoped, RetrieveAPIView[Run]):
    """One run with its attempts, log and rescues."""

    queryset = Run.objects.select_related("account").prefetch_related("log", "rescues", "attempts")
    serializer_class = RunDetail


class RunAction(Scoped):
    queryset = Run.objects.select_related("account")
    serializer_class = RunSerializer


class CancelRun(RunAction):
    @extend_schema(request=None, responses={200: RunSerializer, 409: CONFLICT})
    def post(self, request: Request, pk: int) -> Response:
        """Cancel a queued or running run; a running one stops at its next page."""
        run = control.cancel_run(self.get_object(), timezone.now(), user_of(request))
        return Response(self.get_serializer(run).data)


class RetryRun(RunAction):
    @extend_schema(request=None, responses={201: RunSerializer, 409: CONFLICT})
    def post(self, request: Request, pk: int) -> Response:
        """A new run of the same window start or entities; failed and cancelled runs only."""
        run = control.retry_run(self.get_object(), timezone.now(), user_of(request))
        return Response(self.get_serializer(run).data, status=status.HTTP_201_CREATED)


class EventList(Scoped, ListAPIView[Event]):
    """Webhook deliveries, the newest first."""

    queryset = Event.objects.select_related("job")
    owner = "channel__account_id"
    serializer_class = EventSerializer
    filterset_class = EventFilter
    pagination_class = PageOfBodies


class EventView(Scoped, RetrieveAPIView[Event]):
    queryset = Event.objects.select_related("job", "channel__account")
    owner = "channel__account_id"
    serializer_class = EventSerializer


class ReplayEvent(Scoped):
    queryset = Event.objects.select_related("job__channel__account", "channel__account")
    owner = "channel__account_id"
    serializer_class = EventSerializer

    @extend_schema(request=None, responses={202: EventSerializer, 409: CONFLICT})
    def post(self, request: Request, pk: int) -> Response:
        """Put the event into its job's next batch again."""
        event = control.replay_event(self.get_object(), timezone.now())
        return Response(self.get_serializer(event).data, status=status.HTTP_202_ACCEPTED)
