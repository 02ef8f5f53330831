"""Which function answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from sandbox.exchange import Answer, Refused, not_found

Handler = Callable[..., Answer]


class Routes:
    """Patterns like `/orders/{id:int}`; what is in braces arrives as a keyword argument."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def on(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        expression = re.sub(r"\{(\w+):int\}", r"(?P<\1_int>[^/]+)", pattern)
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", expression)

        def add(handler: Handler) -> Handler:
            self._routes.append((method, re.compile(expression), handler))
            return handler

        return add

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, Any]]:
        allowed = set()
        for route_method, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            if match and route_method == method:
                return handler, _arguments(match)
            if match:
                allowed.add(route_method)
        if allowed:
            headers = {"Allow": ", ".join(sorted(allowed))}
            raise Refused(405, "method", f"{path} does not take {method}.", headers)
        raise Refused(404, "unknown_address", f"There is nothing at {path}.")


def _arguments(match: re.Match[str]) -> dict[str, Any]:
    return {
        name.removesuffix("_int"): _number(value) if name.endswith("_int") else unquote(value)
        for name, value in match.groupdict().items()
    }


def _number(value: str) -> int:
    """Ids are numbers, so nothing has an id that is not one."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 15):
        raise not_found(f"id {value}")
    return int(value)
