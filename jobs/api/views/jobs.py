"""The jobs of a channel: settings, slots to come, slots that were, and running one now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import configure, reading, rows
from jobs.api.fields import Instant
from jobs.api.paging import Whole
from jobs.api.scope import OfChannel, job_type_or_404, user_of
from jobs.api.serializers.jobs import JobSerializer, PastSlotsSerializer, UpcomingSerializer
from jobs.api.serializers.runs import RunSerializer
from jobs.change import Change
from jobs.control import run_now
from jobs.models import Job
from jobs.world import load_world

LONGEST = timedelta(days=31)
STRETCH = [
    OpenApiParameter(name, OpenApiTypes.DATETIME, required=True, description=text)
    for name, text in (("from", "first instant"), ("until", "the instant after the last"))
]


class JobList(OfChannel):
    serializer_class = JobSerializer
    pagination_class = Whole

    @extend_schema(operation_id="channels_jobs_list", responses=JobSerializer(many=True))
    def get(self, request: Request, channel: int) -> Response:
        """Every job the channel offers now."""
        found = rows.job_rows(load_world(self.channel.account, [self.channel]))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)


def find_job(view: OfChannel, type: str) -> Job:
    """The channel's job of a type; 404 where its connector does not do it."""
    job_type = job_type_or_404(type)
    job = Job.objects.filter(channel=view.channel, type=job_type).first()
    if job is None:
        raise Http404(f"{view.channel} does not do {job_type.label}.")
    job.channel = view.channel
    return job


class JobView(OfChannel):
    serializer_class = JobSerializer

    def get(self, request: Request, channel: int, type: str) -> Response:
        job = find_job(self, type)
        world = load_world(self.channel.account, [self.channel])
        running = reading.jobs_in_emergency([job])
        row = rows.job_row(world, world.jobs[channel, job.type], running)
        return Response(self.get_serializer(row).data)

    def patch(self, request: Request, channel: int, type: str) -> Response:
        """Write the durations named. Those of a row that is hidden now wait until it shows."""
        job = find_job(self, type)
        body = self.get_serializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if body.validated_data:
            change = Change(jobs={(channel, job.type): body.validated_data})
            configure.apply(self.channel.account, change, self.at, user_of(request))
        return self.get(request, channel, type)


class RunNow(OfChannel):
    serializer_class = RunSerializer

    @extend_schema(
        request=None,
        responses={
            201: RunSerializer,
            200: OpenApiResponse(RunSerializer, "the run it joined"),
            409: OpenApiResponse(description="why it cannot run"),
        },
    )
    def post(self, request: Request, channel: int, type: str) -> Response:
        """The job's whole work, now; never moves its grid."""
        ticket = run_now(find_job(self, type), self.at, user_of(request))
        code = status.HTTP_201_CREATED if ticket.opened else status.HTTP_200_OK
        return Response(self.get_serializer(ticket.run).data, status=code)


def stretch_of(request: Request) -> tuple[datetime, datetime]:
    """The instants `from` and `until` of a request; refused unless in order and near enough."""
    found: dict[str, datetime] = {}
    errors: dict[str, Any] = {}
    for name in ("from", "until"):
        try:
            found[name] = Instant().run_validation(request.query_params.get(name) or empty)
        except ValidationError as error:
            errors[name] = error.detail
    if not errors and found["until"] <= found["from"]:
        errors["until"] = ["This must be later than from."]
    if not errors and found["until"] - found["from"] > LONGEST:
        errors["until"] = [f"This must be at most {LONGEST.days} days after from."]
    if errors:
        raise ValidationError(errors)
    return found["from"], found["until"]


class Upcoming(OfChannel):
    serializer_class = UpcomingSerializer
    pagination_class = Whole

    @extend_schema(
        operation_id="channels_upcoming_list",
        parameters=STRETCH,
        responses=UpcomingSerializer(many=True),
    )
    def get(self, request: Request, channel: int) -> Response:
        """The slots of all its jobs in [from, until), in order."""
        world = load_world(self.channel.account, [self.channel])
        found = reading.upcoming(world, *stretch_of(request))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)


class PastSlots(OfChannel):
    serializer_class = PastSlotsSerializer
    pagination_class = Whole

    @extend_schema(
        operation_id="channels_slots_list",
        parameters=STRETCH,
        responses=PastSlotsSerializer(many=True),
    )
    def get(self, request: Request, channel: int) -> Response:
        """What became of the slots in [from, until)."""
        found = reading.past_slots(self.channel, *stretch_of(request))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)
