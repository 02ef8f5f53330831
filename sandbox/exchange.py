"""One HTTP exchange as plain values: request in, answer out, refusals as an exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """`broken_off`: the connection ends amid the body, whose length was promised."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    broken_off: bool = False


class Refused(Exception):
    """Ends a request with an error answer; `code` is for programs, the message for people."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}

    def answer(self) -> Answer:
        error = {"error": {"code": self.code, "message": str(self)}}
        return as_json(error, self.status, self.headers)


def not_found(what: str) -> Refused:
    return Refused(404, "not_found", f"There is no {what}.")


def invalid(message: str) -> Refused:
    return Refused(422, "invalid", message)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers=headers or {})


@dataclass(frozen=True, slots=True)
class Request:
    """`at` is the instant of arrival, `path` still percent-encoded; header names lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: int

    @property
    def is_form(self) -> bool:
        """A form never begins with a brace: curl sends JSON under a form's content type."""
        named = self.headers.get("content-type", "").startswith(FORM)
        return named and not self.body.startswith(b"{")

    def fields(self) -> dict[str, Any]:
        """The body's JSON object or form; empty fields of a form count as not given."""
        if not self.body:
            return {}
        try:
            if self.is_form:
                return dict(parse_qsl(self.body.decode()))
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Refused(400, "bad_body", f"The body cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise Refused(400, "bad_body", "The body must be a JSON object.")
        return value
