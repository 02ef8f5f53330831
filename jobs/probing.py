"""Probing a platform whose circuit is open: one cheap call, by one worker, decides."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from channels.connectors import http
from channels.connectors.base import Connector, ConnectorError
from channels.models import Channel
from channels.vault import Unreadable
from jobs import circuits
from jobs.budget import Lane
from jobs.circuit import Verdict
from jobs.traffic import Traffic

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Probed:
    """What a probe found, as a sentence for operators."""

    works: bool
    text: str


def probe(channel_id: int, at: datetime) -> Probed | None:
    """Probe if that is due and nobody else does; None otherwise.

    It is the connection test, so that no run uses up an attempt for it.
    """
    taken = circuits.take_probe(channel_id, at)
    if taken is None:
        return None
    channel = Channel.objects.select_related("account").get(pk=channel_id)
    trouble = _ask(channel, at)
    circuits.end_probe(taken, at, trouble)
    if not trouble:
        return Probed(True, "The platform answers again: what waited starts now.")
    log.info("probe of channel %s: %s", channel_id, trouble)
    return Probed(False, f"The platform still does not answer as it should: {trouble}")


def probe_now(channel: Channel, at: datetime) -> Probed | None:
    """The same at once, whenever the next probe would have been."""
    circuits.hasten(channel.pk, at)
    return probe(channel.pk, at)


def _ask(channel: Channel, at: datetime) -> str:
    """What is wrong with the platform, "" where it answers; a refusal is an answer too."""
    traffic = Traffic(channel, Lane.MANUAL, lambda: at)
    said = ""
    try:
        allow = settings.OMSAUTO_ALLOW_PRIVATE_HOSTS
        with http.make_client(allow_private=allow, listener=traffic) as client:
            connector = channel.make_connector(http=client, heard=traffic.limited)
            if _can_be_tested(connector):
                connector.test_connection()
    except (ConnectorError, Unreadable) as error:
        said = str(error)
    except Exception as error:
        log.exception("the probe of channel %s failed by a fault of ours", channel.pk)
        said = f"{type(error).__name__}: {error}"
    traffic.settle()
    if traffic.last in (None, Verdict.ILL):
        return said
    return ""


def _can_be_tested(connector: Connector) -> bool:
    """One that offers no test is closed on trial: if it still fails, it opens again for longer."""
    return type(connector).test_connection is not Connector.test_connection
