"""Standard Webhooks signatures (https://www.standardwebhooks.com), verified by their library."""

from __future__ import annotations

from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from channels.connectors.base import BadSignature


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise `BadSignature` unless the `webhook-*` headers sign this body now, within 5 minutes."""
    if not secret:
        raise BadSignature("the channel has no webhook secret")
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
        raise BadSignature(str(error)) from error
