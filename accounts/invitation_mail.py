"""The mail that carries an invitation's link, where mail is set up."""

from __future__ import annotations

import logging

from django.core.mail import send_mail

from accounts import mail
from accounts.models import Invitation

log = logging.getLogger(__name__)


def send(invitation: Invitation, link: str) -> str:
    """Send the link if possible; what became of it, in a sentence for the inviting admin."""
    if not mail.is_set_up():
        return f"{mail.MISSING}: send the link yourself."
    account = " ".join(str(invitation.account).split())
    try:
        send_mail(
            f"Invitation to {account} on omsauto", _text(account, invitation, link), None,
            [invitation.email],
        )  # fmt: skip
    except (OSError, ValueError) as error:
        log.warning("invitation %s was not mailed: %s", invitation.pk, error)
        return "The mail server did not take the e-mail: send the link yourself."
    return f"It was sent to {invitation.email} by e-mail. You can also send it yourself."


def _text(account: str, invitation: Invitation, link: str) -> str:
    by = f"{invitation.made_by} invites you" if invitation.made_by else "You are invited"
    return (
        f"{by} to {account} on omsauto.\n\n"
        f"Open this link to accept:\n{link}\n\n"
        f"It works once, until {invitation.expires_at:%d %b %Y, %H:%M} UTC, and only for "
        f"{invitation.email}. If you did not expect it, do nothing.\n"
    )
