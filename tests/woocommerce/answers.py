"""Answers of the shop's API, refusals worded as WordPress words them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    mime = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(content).encode(), {**mime, **(headers or {})})


def refusal(status: int, code: str, message: str, **data: Any) -> Answer:
    return answer(status, {"code": code, "message": message, "data": {"status": status, **data}})


def invalid(name: str, message: str, code: str) -> Answer:
    details = {name: {"code": code, "message": message, "data": None}}
    said = f"Invalid parameter(s): {name}"
    return refusal(400, "rest_invalid_param", said, params={name: message}, details=details)


def no_route() -> Answer:
    message = "No route was found matching the URL and request method."
    return refusal(404, "rest_no_route", message)
