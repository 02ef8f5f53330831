"""How the shop knows who asks: Basic over TLS only, else a signature (RFC 5849)."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from urllib.parse import quote, unquote

from tests.woocommerce.recordings import Json


def may_enter(
    method: str, url: str, params: Json, authorization: str, *, key: str, secret: str, tls: bool
) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    if scheme == "Basic":
        over_tls = url.startswith("https:") or tls
        return over_tls and b64decode(credentials).decode() == f"{key}:{secret}"
    return scheme == "OAuth" and _signed(method, url, params, credentials, key, secret)


def _signed(method: str, url: str, params: Json, credentials: str, key: str, secret: str) -> bool:
    """Written apart from the connector's own, on purpose. A JSON body is not signed."""
    given = {n: unquote(v) for n, v in re.findall(r'(oauth_\w+)="([^"]*)"', credentials)}
    signature = given.pop("oauth_signature", "")
    merged = {**params, **given}
    pairs = sorted(quote(n, safe="~") + "=" + quote(v, safe="~") for n, v in merged.items())
    base = "&".join([method, quote(url.split("?")[0], safe="~"), quote("&".join(pairs), safe="~")])
    expected = hmac.digest(f"{secret}&".encode(), base.encode(), "sha256")
    return given.get("oauth_consumer_key") == key and b64decode(signature) == expected
