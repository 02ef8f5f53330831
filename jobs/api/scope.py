"""Whose objects a request sees, and what it may do with them.

Another account's object does not exist: querysets are limited to the accounts the user is a
member of before anything is looked up in them. Roles are checked on the object found.
"""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import access
from accounts.access import may, require
from accounts.models import Account, Role, User
from channels.enums import JobType
from channels.models import Channel


def user_of(request: Request) -> User:
    """The user of a request that was let in."""
    return cast(User, request.user)


def roles_of(request: Request) -> dict[int, Role]:
    """The user's role by account id, asked for once per request."""
    found: dict[int, Role] | None = getattr(request, "_roles", None)
    if found is None:
        found = access.roles_of(user_of(request))
        request._roles = found  # type: ignore[attr-defined]  # kept for this request alone
    return found


def account_of(thing: Any) -> Account:
    """The account that owns a thing; by way of its channel where it has none of its own."""
    if isinstance(thing, Account):
        return thing
    owner: Account = thing.account if hasattr(thing, "account") else thing.channel.account
    return owner


class MayUse(BasePermission):
    """The view's `reads` and `writes` say which role is needed."""

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        name = "reads" if request.method in SAFE_METHODS else "writes"
        require(user_of(request), account_of(obj), getattr(view, name))
        return True


class Scoped(GenericAPIView[Any]):
    """Base of every view; `owner` is the path from a row to its account's id."""

    permission_classes = (IsAuthenticated, MayUse)
    reads = Role.VIEWER
    writes = Role.OPERATOR
    owner = "account_id"

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.filter(**{f"{self.owner}__in": list(roles_of(self.request))})

    def may(self, role: Role, account_id: int) -> bool:
        return may(roles_of(self.request).get(account_id), role)


class OfChannel(Scoped):
    """A view below `channels/{id}/`: finds the channel first, and checks the role on it."""

    queryset = Channel.objects.present().select_related("account")
    channel: Channel

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.at = timezone.now()
        channels = Scoped.get_queryset(self)
        self.channel = get_object_or_404(channels, pk=kwargs["channel"])
        self.check_object_permissions(request, self.channel)


class OfAccount(Scoped):
    """A view below `accounts/{id}/`; only admins change what is the account's."""

    queryset = Account.objects.all()
    owner = "pk"
    writes = Role.ADMIN
    account: Account

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.at = timezone.now()
        self.account = get_object_or_404(Scoped.get_queryset(self), pk=kwargs["account"])
        self.check_object_permissions(request, self.account)


def job_type_or_404(name: str) -> JobType:
    """The job type a path names."""
    try:
        return JobType(name)
    except ValueError as error:
        raise Http404(f"There is no job type {name}.") from error
