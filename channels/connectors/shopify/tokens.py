"""Access tokens that expire: an app's offline token of one hour, or a token for a day of an app
of the shop's own organization.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx

from channels.connectors.base import Authorization, Misconfigured, Permanent, Transient
from channels.connectors.http import call, json_of


def renew(
    client: httpx.Client, address: str, secrets: Mapping[str, str], at: datetime
) -> Authorization:
    """The refresh token changes with every use; the old one is kept until the new token is used."""
    response = _request(client, f"{address}/admin/oauth/access_token", _grant(secrets))
    answer = json_of(response)
    if not isinstance(answer, dict) or not answer.get("access_token"):
        raise Transient("Shopify answered the request for a new access token without one")
    renewed = {
        name: str(answer[name]) for name in ("access_token", "refresh_token") if answer.get(name)
    }
    lasts = answer.get("expires_in")
    ends = at + timedelta(seconds=lasts) if isinstance(lasts, int | float) else None
    return Authorization(renewed, ends)


def can_renew(secrets: Mapping[str, str]) -> bool:
    """Only tokens that expire are given together with what renews them."""
    return bool(secrets.get("client_id") and secrets.get("client_secret"))


def _grant(secrets: Mapping[str, str]) -> dict[str, str]:
    client = {name: secrets.get(name, "") for name in ("client_id", "client_secret")}
    refresh_token = secrets.get("refresh_token", "")
    if all(client.values()):
        if refresh_token:
            return {**client, "grant_type": "refresh_token", "refresh_token": refresh_token}
        return {**client, "grant_type": "client_credentials"}
    if refresh_token or any(client.values()):
        raise Misconfigured("to renew the access token, enter the app's client id and its secret")
    raise Misconfigured(
        "this access token does not expire and needs no refresh: set the period of Authorization "
        "Refresh to None. If Shopify gave the token an end, enter the app's client id and secret"
    )


def _request(client: httpx.Client, url: str, grant: dict[str, str]) -> httpx.Response:
    try:
        response = call(client, "POST", url, data=grant)
    except Permanent as error:
        raise Misconfigured(
            "Shopify refused to renew the access token: check the app's client id and secret and "
            f"that the app is still installed, then enter new tokens ({error})"
        ) from error
    if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise Misconfigured(f"{url} answered {response.status_code}: check the shop's name")
    return response
