"""Fields of the API that are stricter than the framework's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.calendar import OUT_OF_RANGE, is_nameable
from accounts.models import Account

AnyField = serializers.Field[Any, Any, Any, Any]
BLANK_FOR_PLUS = re.compile(r"T\S+ \d\d:?\d\d$")


class Instant(serializers.DateTimeField):
    """ISO 8601; always answered in UTC, taken with any offset and as UTC without one.

    Refused so near the calendar's ends that no grid or zone can be reckoned.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)

    def to_internal_value(self, value: Any) -> datetime:
        """A plus sign that a URL turned into a blank is taken for what it was."""
        if isinstance(value, str) and BLANK_FOR_PLUS.search(value):
            value = value.replace(" ", "+")
        instant = super().to_internal_value(value)
        if not is_nameable(instant):
            raise ValidationError(OUT_OF_RANGE)
        return instant


@extend_schema_field({"type": "integer", "nullable": True, "minimum": 1})
class Minutes(serializers.Field[int, int, int, Any]):
    """A number of minutes, null for None; which numbers are offered is the engine's to say."""

    default_error_messages = {
        "type": "Give a whole number of minutes, or null for None; not {given}."
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type", given=_said(data))
        return data

    def to_representation(self, value: int) -> int:
        return value


def _said(data: Any) -> str:
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return "text"
    return {float: "a fraction", list: "a list", dict: "an object"}.get(type(data), "this")


@extend_schema_field({"type": "boolean"})
class Switch(serializers.Field[bool, bool, bool, Any]):
    """True or false and nothing that looks like it."""

    default_error_messages = {"type": "Give true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("type")
        return data

    def to_representation(self, value: bool) -> bool:
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class Document(serializers.Field[dict[str, Any], Any, Any, Any]):
    """An object by names; what it may hold is checked elsewhere."""

    default_error_messages = {"type": "Give an object of names and values."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("type")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class Choice(serializers.ChoiceField):
    """One of some words; who sends another is told which."""

    default_error_messages = {
        "invalid_choice": "This is not known: {input}. Choose one of: {allowed}."
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choice_strings_to_values:
            allowed = ", ".join(self.choice_strings_to_values)
            self.fail("invalid_choice", input=data, allowed=allowed)
        return data


class OnlyAccount:
    """The account of a member of one; members of several, or of none, must say."""

    requires_context = True

    def __call__(self, field: serializers.Field[Any, Any, Any, Any]) -> Account:
        accounts = list(field.context["accounts"])
        if len(accounts) != 1:
            count = "several" if accounts else "none"
            raise ValidationError(f"Name the account: you are a member of {count}.")
        return Account.objects.get(pk=accounts[0])


class OwnAccount(serializers.PrimaryKeyRelatedField[Account]):
    """One of the user's accounts, by id; may be left out where there is but one."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("default", OnlyAccount())
        super().__init__(queryset=Account.objects.none(), **options)

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.filter(pk__in=list(self.context.get("accounts", [])))


class Shape(serializers.Serializer[Any]):
    """A body whose unknown names are refused: a misspelt one would silently do nothing.

    Names that are only answered are let through, so that an answer can be sent back. `fixed`
    names may be sent back too, but not with another value.
    """

    fixed: tuple[str, ...] = ()

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            errors = {name: self._unknown() for name in data if name not in self.fields}
            if self.instance is not None:
                errors.update(self._changed(data))
            if errors:
                raise ValidationError(errors)
        return super().to_internal_value(data)

    def _unknown(self) -> list[str]:
        taken = [
            name
            for name, field in self.fields.items()
            if not field.read_only and (self.instance is None or name not in self.fixed)
        ]
        return [f"There is no such field. Known are: {', '.join(taken)}."]

    def _changed(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        now = self.to_representation(self.instance) if self.fixed else {}
        return {
            name: ["This cannot be changed."]
            for name in self.fixed
            if name in data and data[name] != now.get(name)
        }


class RowShape(Shape, serializers.ModelSerializer[Any]):
    """A model's row, with its instants in UTC."""

    serializer_choice_field = Choice
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: Instant,
    }
