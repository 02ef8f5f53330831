"""Testing a channel's connection, and what the last test said; the history remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.models import HistoryEntry, User
from channels.connectors import http
from channels.connectors.base import ConnectorError
from channels.models import Channel
from channels.vault import Unreadable
from jobs import circuits
from jobs.masking import without_secrets

WORKS = "connection tested"
FAILS = "connection test failed"


@dataclass(frozen=True)
class Tested:
    """What a test found, as a sentence for operators."""

    works: bool
    text: str


def test(channel: Channel, at: datetime, actor: User) -> Tested:
    """One authenticated call to the platform with the stored settings.

    The history gets an entry where the answer is another one than before, or the settings are.
    """
    found = _ask(channel)
    if found.works:
        circuits.close(channel.pk, at)
    before = last_test(channel)
    if before is None or before.works != found.works:
        HistoryEntry.objects.create(
            account_id=channel.account_id,
            channel=channel,
            at=at,
            actor=actor,
            subject=WORKS if found.works else FAILS,
            old={},
            new={"answer": found.text},
        )
    return found


def _ask(channel: Channel) -> Tested:
    allow = settings.OMSAUTO_ALLOW_PRIVATE_HOSTS
    try:
        with http.make_client(allow_private=allow) as client:
            return Tested(True, channel.make_connector(http=client).test_connection())
    except Unreadable as error:
        return Tested(False, str(error))
    except ConnectorError as error:
        said = without_secrets(str(error), channel.secrets)
        return Tested(False, f"The connection does not work: {said}")


def last_test(channel: Channel) -> Tested | None:
    """Of the settings and secrets as they are; None where they were not tested since a change."""
    entries = HistoryEntry.objects.filter(channel=channel).filter(
        Q(subject__in=(WORKS, FAILS))
        | Q(subject__contains="settings.")
        | Q(subject__contains="secrets.")
    )
    newest = entries.order_by("-pk").first()
    if newest is None or newest.subject not in (WORKS, FAILS):
        return None
    return Tested(newest.subject == WORKS, str(newest.new.get("answer", "")))
