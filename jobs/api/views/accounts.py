"""Accounts, their Recurring Jobs, and what a change of either would do."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from jobs import configure, rows
from jobs.api.errors import api_names
from jobs.api.paging import Page, Whole
from jobs.api.refusals import refused_parts
from jobs.api.scope import OfAccount, Scoped, job_type_or_404, roles_of, user_of
from jobs.api.serializers.accounts import AccountPreview, AccountSerializer, by_column
from jobs.api.serializers.jobs import ChangesSerializer, RecurringSerializer
from jobs.change import ACCOUNT_FIELDS, Change, Refused
from jobs.saving import save_account
from jobs.world import load_world


class AccountList(Scoped, ListAPIView[Account]):
    """The accounts the user is a member of, with the role in each."""

    queryset = Account.objects.all()
    owner = "pk"
    paging = ("pk",)
    serializer_class = AccountSerializer
    pagination_class = Page

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "roles": roles_of(self.request)}


class AccountDetail(OfAccount):
    serializer_class = AccountSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        known = {"account": self.account, "roles": roles_of(self.request)}
        return {**super().get_serializer_context(), **known}

    def get(self, request: Request, account: int) -> Response:
        return Response(self.get_serializer(self.account).data)

    def patch(self, request: Request, account: int) -> Response:
        """Engine settings and others in one transaction; admins only."""
        body = self.get_serializer(self.account, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        values = by_column(body.validated_data)
        save_account(self.account, values, self.at, user_of(request))
        return self.get(request, account)


class AccountPreviewView(OfAccount):
    serializer_class = AccountPreview

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "account": self.account}

    @extend_schema(responses=ChangesSerializer)
    def post(self, request: Request, account: int) -> Response:
        """What a change would start, stop or move, each sentence with its channel."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        stable = values.pop("recurring_jobs", {})
        engine = {k: v for k, v in by_column(values).items() if k in ACCOUNT_FIELDS}
        change = Change(account=engine, stable=stable)
        try:
            found = configure.preview(self.account, change, self.at)
        except Refused as refused:
            parts = {name: Change(stable={name: row}) for name, row in stable.items()}
            world = load_world(self.account)
            errors = refused_parts(world, Change(account=engine), "recurring_jobs", parts)
            raise ValidationError(errors or api_names(refused.errors)) from refused
        return Response(ChangesSerializer({"changes": found}).data)


class RecurringJobs(OfAccount, ListAPIView[Account]):
    """The rows of the Recurring Jobs tab; they act on stable channels only."""

    serializer_class = RecurringSerializer
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[Account]:
        if not hasattr(self, "account"):
            return super().get_queryset()
        return cast(QuerySet[Account], rows.recurring_rows(load_world(self.account)))


class RecurringJob(OfAccount):
    serializer_class = RecurringSerializer

    def patch(self, request: Request, account: int, type: str) -> Response:
        """Write what is named; admins only. `warning` says where it has no effect now."""
        job_type = job_type_or_404(type)
        body = self.get_serializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if body.validated_data:
            change = Change(stable={job_type: body.validated_data})
            configure.apply(self.account, change, self.at, user_of(request))
        world = load_world(self.account)
        row = rows.recurring_row(world, job_type)
        if not rows.shows(world, job_type):
            row["warning"] = (
                f"{job_type.label} is stored without effect: no stable channel may use it now. "
                "It takes effect when one may."
            )
        return Response(self.get_serializer(row).data)
