"""What the verbs refuse, as answers of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from jobs.change import Refused
from jobs.control import NotNow


class Conflict(APIException):
    """The thing is in a state in which this cannot be done."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """400 field by field for what is not allowed, 409 with the reason for what cannot be now."""
    if isinstance(error, Refused):
        error = ValidationError(api_names(error.errors))
    elif isinstance(error, NotNow):
        error = Conflict(str(error))
    return exception_handler(error, dict(context))


def api_names(errors: Mapping[str, Any]) -> dict[str, Any]:
    """The errors under the API's names: what columns call `x_id` is `x` here."""
    return {name.removesuffix("_id"): texts for name, texts in errors.items()}
