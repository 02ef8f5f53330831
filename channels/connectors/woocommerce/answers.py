"""Answers of the shop's REST API: records, lists, and what its refusals mean."""

from __future__ import annotations

from typing import Any

import httpx

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.connectors.http import beginning, decoded, json_of

Json = dict[str, Any]


class NoRoute(Exception):
    """The shop's API answers, but has no such route: a feature of other versions, or switched off.

    Never raised beyond this connector.
    """


class Refused(Permanent):
    """The shop said no (400) and gave a name to it, as `product_invalid_sku`."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def refuse_missing(response: httpx.Response) -> None:
    if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise Misconfigured(
            f"{response.request.url} answered {response.status_code}: there is no WooCommerce "
            "REST API at this address. Check the shop's address, that WooCommerce is active and "
            "that WordPress' permalinks are not set to Plain"
        )


def record(response: httpx.Response) -> Json:
    refuse_missing(response)
    found = json_of(response)
    if not isinstance(found, dict) or "id" not in found:
        raise Transient(f"{response.request.url} answered something that is not a record")
    return found


def records(response: httpx.Response) -> list[Json]:
    refuse_missing(response)
    found = json_of(response)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise Transient(f"{response.request.url} answered something that is not a list")
    return found


def is_gone(response: httpx.Response) -> bool:
    """An unknown id is 404 to those who read and 400 to those who change."""
    gone = response.status_code == httpx.codes.GONE
    return gone or error_code(response).endswith("_invalid_id")


def error_code(response: httpx.Response) -> str:
    """WordPress' own name of a 400 or 404, "" for any other answer."""
    if response.status_code not in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND):
        return ""
    return str(_error(response).get("code") or "")


def raise_refusal(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.BAD_REQUEST:
        said = f"{response.request.method} {response.request.url} answered 400"
        raise Refused(f"{said} {beginning(response)}".strip(), error_code(response))


def _error(response: httpx.Response) -> Json:
    try:
        error = decoded(response)
    except ValueError:
        return {}
    return error if isinstance(error, dict) else {}
