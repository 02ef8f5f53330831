"""A channel's webhooks at its platform: looked at, registered, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from jobs import subscriptions
from jobs.api.scope import OfChannel, user_of
from jobs.api.serializers.subscriptions import SubscriptionsSerializer, answer_of
from jobs.api.views.runs import CONFLICT
from jobs.subscriptions import Done, Look

T = TypeVar("T")
TROUBLE = OpenApiResponse(description="what the platform answered instead")


class PlatformTrouble(APIException):
    """The platform could not be asked."""

    status_code = status.HTTP_502_BAD_GATEWAY
    default_code = "platform"


class Subscriptions(OfChannel):
    serializer_class = SubscriptionsSerializer

    @extend_schema(responses={200: SubscriptionsSerializer, 502: TROUBLE})
    def get(self, request: Request, channel: int) -> Response:
        """What the platform has for every topic switched on; asks the platform."""
        return self._answer(self._ask(lambda: subscriptions.look(self.channel)), None)

    @extend_schema(
        request=None, responses={200: SubscriptionsSerializer, 409: CONFLICT, 502: TROUBLE}
    )
    def post(self, request: Request, channel: int) -> Response:
        """Register every topic switched on, repair disabled ones, remove what should not be."""
        user = user_of(request)
        done = self._ask(lambda: subscriptions.register(self.channel, self.at, user))
        return self._answer(_end_of(done), done)

    @extend_schema(responses={200: SubscriptionsSerializer, 409: CONFLICT, 502: TROUBLE})
    def delete(self, request: Request, channel: int) -> Response:
        """Remove everything at the platform that points at this channel."""
        user = user_of(request)
        done = self._ask(lambda: subscriptions.remove(self.channel, self.at, user))
        return self._answer(_end_of(done), done)

    def _ask(self, verb: Callable[[], T]) -> T:
        try:
            return verb()
        except subscriptions.TROUBLE as error:
            told = subscriptions.said(self.channel, error)
            raise PlatformTrouble(f"The platform could not be asked: {told}") from error

    def _answer(self, look: Look, done: Done | None) -> Response:
        operates = self.may(Role.OPERATOR, self.channel.account_id)
        return Response(answer_of(self.channel, look, done, operates=operates))


def _end_of(done: Done) -> Look:
    if done.look is None:
        raise PlatformTrouble(" ".join([*done.changed, *done.problems]))
    return done.look
