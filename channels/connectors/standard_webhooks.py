"""Standard Webhooks signatures (https://www.standardwebhooks.com), verified by their library."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator, Mapping

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from channels.connectors.base import BadSignature

PREFIX = "whsec_"
_INSTANT = re.compile(r"[1-9][0-9]{0,11}")
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
"""Of 32 bytes in the one way that base64 writes them."""


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise `BadSignature` unless the `webhook-*` headers sign this body now, within 5 minutes.

    The library reads `1.5e9` as an instant, and base64 with other characters in it: what a sender
    did not write like this passes for signed there. Here it does not.
    """
    if not _INSTANT.fullmatch(headers.get("webhook-timestamp", "")):
        raise BadSignature("webhook-timestamp is missing, or no number of seconds")
    signatures = filter(_SIGNATURE.fullmatch, headers.get("webhook-signature", "").split(" "))
    exact = {**headers, "webhook-signature": " ".join(signatures)}
    reason = "the channel has no webhook secret"
    for key in _keys(secret):
        try:
            Webhook(key).verify(body, exact, json_parse=False)
        except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
            reason = str(error)
        else:
            return
    raise BadSignature(reason)


def _keys(secret: str) -> Iterator[bytes]:
    """The scheme's secrets are base64, marked by a prefix or not.

    Senders of one's own making often sign with the text of their secret as it is: without the
    prefix that is taken too. Whoever knows one of the two keys knows the secret.
    """
    text = secret.strip()
    if not text:
        return
    with contextlib.suppress(ValueError):  # not base64
        yield base64.b64decode(text.removeprefix(PREFIX), validate=True)
    if text and not text.startswith(PREFIX):
        yield text.encode()
