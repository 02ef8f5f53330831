"""One message on its way: to an address, or by e-mail to members of the account."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from apprise import Apprise, AppriseResultStatus, NotifyFormat, NotifyType
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from accounts import mail
from accounts.models import Role, User
from channels.vault import Unreadable
from notifications import addresses, egress
from notifications.models import DeliverySort, Destination, DestinationKind, Level

LONGEST_SECONDS = 20.0
"""For one message, whatever the other side does."""
ROLES = {
    DestinationKind.ADMINS: (Role.ADMIN,),
    DestinationKind.OPERATORS: (Role.ADMIN, Role.OPERATOR),
    DestinationKind.MEMBERS: tuple(Role),
}
_TYPES = {
    Level.WARNING: NotifyType.WARNING,
    Level.ERROR: NotifyType.FAILURE,
    Level.FATAL: NotifyType.FAILURE,
}

egress.install()


@dataclass(frozen=True)
class Message:
    """Plain text. `sort` tells incident tools whether to open or to resolve."""

    title: str
    body: str
    sort: DeliverySort
    level: Level = Level.WARNING

    @property
    def notify_type(self) -> NotifyType:
        if self.sort == DeliverySort.OVER:
            return NotifyType.SUCCESS
        return NotifyType.INFO if self.sort == DeliverySort.TEST else _TYPES[self.level]


def send(destination: Destination, message: Message) -> str:
    """Send now; answers "" where it was taken, else why not, without the destination's secrets."""
    if destination.kind != DestinationKind.ADDRESS:
        return _mail_members(destination, message)
    try:
        address = destination.address
        plugin = addresses.open_address(address)
    except Unreadable:
        return (
            "The address cannot be opened with OMSAUTO_ENCRYPTION_KEYS: restore the key it was "
            "sealed with, or enter the address anew."
        )
    except addresses.BadAddress as error:
        return str(error)
    sender = Apprise()
    sender.add(plugin)
    with egress.guarded(allow_private=settings.OMSAUTO_ALLOW_PRIVATE_HOSTS) as refused:
        result = sender.notify(
            body=message.body,
            title=message.title,
            notify_type=message.notify_type,
            body_format=NotifyFormat.TEXT,
            timeout=LONGEST_SECONDS,
        )
    if result:
        return ""
    if refused:
        return (
            "The address leads to a private host; only public ones are called unless "
            "OMSAUTO_ALLOW_PRIVATE_HOSTS=1 is set."
        )
    if result.status == AppriseResultStatus.TIMEOUT:
        return f"{destination.service} did not answer within {LONGEST_SECONDS:.0f} seconds."
    said = " ".join(entry.message for entry in result.logs() if entry.level != "DEBUG")
    return addresses.without(address, said or f"{destination.service} did not take the message.")


def _mail_members(destination: Destination, message: Message) -> str:
    if not mail.is_set_up():
        return f"{mail.MISSING}: whoever runs it sets EMAIL_URL."
    people = User.objects.filter(
        is_active=True,
        memberships__account=destination.account_id,
        memberships__role__in=ROLES[DestinationKind(destination.kind)],
    )
    to = sorted(people.values_list("email", flat=True))
    if not to:
        return "Nobody has this role: give it to a member of the account."
    try:
        connection = get_connection(timeout=addresses.TIMEOUT_SECONDS)
        EmailMessage(message.title, message.body, to=to, connection=connection).send()
    except (OSError, smtplib.SMTPException) as error:
        return f"The mail server did not take the message: {error}"
    return ""
