"""A channel's webhooks as its platform has them: looked at, put in order, removed.

Nothing here holds a database transaction while the platform is called.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import HistoryEntry, User
from channels.connectors.base import Connector, ConnectorError, Permanent, Subscription
from channels.connectors.http import make_client
from channels.models import Channel
from channels.vault import Unreadable
from jobs.control import NotNow
from jobs.masking import without_secrets
from jobs.models import Job

TROUBLE = (ConnectorError, Unreadable)
"""What `look`, `register` and `remove` raise where the platform cannot be asked."""


class State(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    MISSING = "missing"
    WRONG_ADDRESS = "wrong_address"


@dataclass(frozen=True)
class Row:
    """One topic that starts a job on offer and is switched on.

    `url` is where the platform sends it, if at all; `delivers`: the platform would send it to us,
    if under a former address.
    """

    topic: str
    type: str
    state: State
    url: str
    delivers: bool


@dataclass(frozen=True)
class Look:
    """What the platform has. `told`: False where it cannot say.

    `strangers` point at this channel and should not: their topic is not switched on, or they
    are a second one, or at a former address.
    """

    rows: tuple[Row, ...]
    strangers: tuple[Subscription, ...]
    told: bool = True

    @property
    def broken(self) -> list[Row]:
        """The topics that the platform would not deliver to us."""
        return [row for row in self.rows if self.told and not row.delivers]

    @property
    def in_order(self) -> bool:
        active = all(row.state == State.ACTIVE for row in self.rows)
        return self.told and active and not self.strangers


@dataclass
class Done:
    """What was changed, and what the platform refused, in sentences; `look` at the end, if any."""

    look: Look | None = None
    changed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def address_of(channel: Channel) -> str:
    """Where the platform is to send the channel's webhooks."""
    return settings.OMSAUTO_PUBLIC_URL + channel.webhook_path


def said(channel: Channel, error: Exception) -> str:
    """An error's text without the webhook's tokens and the secrets, which a platform may quote."""
    text = str(error)
    for token in channel.accepted_tokens:
        text = text.replace(token, "…")
    return text if isinstance(error, Unreadable) else without_secrets(text, channel.secrets)


def look(channel: Channel) -> Look:
    """The state of every topic switched on, and what else points at the channel."""
    with _connected(channel) as connector:
        return _look(channel, connector)


def register(channel: Channel, at: datetime, actor: User | None = None) -> Done:
    """Every topic switched on is sent here, signed with the present secret; strangers go.

    Raises `NotNow` where that cannot be asked for.
    """
    _demand_ready(channel)
    with _connected(channel) as connector:
        before = _look(channel, connector)
        done = _subscribe(channel, connector, before, before.rows)
        _unsubscribe(channel, connector, done, done.look.strangers if done.look else ())
    _note(channel, at, actor, "webhooks registered at the platform", done)
    return done


def repair(channel: Channel, found: Look, at: datetime) -> Done:
    """Only what a look found broken is put in order. Raises `NotNow` as `register` does."""
    _demand_ready(channel)
    with _connected(channel) as connector:
        done = _subscribe(channel, connector, found, found.broken)
    if done.changed:
        _note(channel, at, None, "webhooks repaired at the platform", done)
    return done


def remove(channel: Channel, at: datetime, actor: User | None = None) -> Done:
    """Nothing at the platform points at this channel any more. Raises `NotNow`."""
    _demand_able(channel)
    with _connected(channel) as connector:
        done = Done(_look(channel, connector))
        _unsubscribe(channel, connector, done, list(_pointing_at(channel, connector)))
    if done.changed:
        _note(channel, at, actor, "webhooks removed at the platform", done)
    return done


@contextmanager
def _connected(channel: Channel) -> Iterator[Connector]:
    with make_client(allow_private=settings.OMSAUTO_ALLOW_PRIVATE_HOSTS) as http:
        yield channel.make_connector(http=http)


def _demand_able(channel: Channel) -> None:
    if not channel.connector_class.registers_webhooks:
        label = channel.connector_class.label
        raise NotNow(f"{label} lets nobody register webhooks from here: do it at the platform.")


def _demand_ready(channel: Channel) -> None:
    _demand_able(channel)
    wants_secret = any(one.name == "webhook_secret" for one in channel.connector_class.fields)
    if wants_secret and not channel.secrets.get("webhook_secret"):
        raise NotNow("The channel has no webhook secret: enter and save one first.")
    if not settings.OMSAUTO_ALLOW_PRIVATE_HOSTS and _is_private(settings.OMSAUTO_PUBLIC_URL):
        raise NotNow(
            f"No platform can reach {settings.OMSAUTO_PUBLIC_URL}: set OMSAUTO_PUBLIC_URL to the "
            "address omsauto has on the internet."
        )


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _pointing_at(channel: Channel, connector: Connector) -> Iterator[Subscription]:
    found = connector.subscriptions() or ()
    return (one for one in found if channel.names_in(one.url))


def _look(channel: Channel, connector: Connector) -> Look:
    found = connector.subscriptions()
    ours = [one for one in found or () if channel.names_in(one.url)]
    wanted = address_of(channel)
    offered = Job.objects.filter(channel=channel).exclude(row="").values("type")
    mapped = channel.mappings.filter(enabled=True)
    # What starts a job that is not on offer now is left as it is: it may be again.
    resting = set(mapped.exclude(type__in=offered).values_list("topic", flat=True))
    rows, kept = [], {one.external_id for one in ours if one.topic in resting}
    for mapping in mapped.filter(type__in=offered):
        of_topic = [one for one in ours if one.topic == mapping.topic]
        best = max(of_topic, key=lambda one: (_same(one.url, wanted), one.active), default=None)
        if best:
            kept.add(best.external_id)
        delivers = any(one.active and _leads_here(channel, one.url) for one in of_topic)
        state = _state(best, wanted)
        rows.append(Row(mapping.topic, mapping.type, state, best.url if best else "", delivers))
    strangers = [one for one in ours if one.external_id not in kept]
    return Look(tuple(rows), tuple(strangers), found is not None)


def _leads_here(channel: Channel, url: str) -> bool:
    return any(token in url for token in channel.accepted_tokens)


def _state(best: Subscription | None, wanted: str) -> State:
    if best is None:
        return State.MISSING
    if not _same(best.url, wanted):
        return State.WRONG_ADDRESS
    return State.ACTIVE if best.active else State.DISABLED


def _same(url: str, wanted: str) -> bool:
    """Some platforms take the last slash away."""
    return url.rstrip("/") == wanted.rstrip("/")


def _subscribe(channel: Channel, connector: Connector, before: Look, rows: Sequence[Row]) -> Done:
    """Put these topics in order, then look again. What is refused for one does not stop others."""
    done, address = Done(), address_of(channel)
    try:
        for row in rows:
            try:
                connector.subscribe(row.topic, address)
            except Permanent as refusal:
                done.problems.append(f"{row.topic} was refused: {said(channel, refusal)}")
        done.look = _look(channel, connector)
    except TROUBLE as error:
        done.problems.append(f"The platform could not be asked further: {said(channel, error)}")
        return done
    was = {row.topic: row.state for row in before.rows}
    now = {row.topic: row.state for row in done.look.rows}
    for row in rows:
        done.changed += _change(row.topic, was.get(row.topic), now.get(row.topic))
    return done


def _change(topic: str, was: State | None, now: State | None) -> list[str]:
    if was == now or now != State.ACTIVE:
        return []
    words = {
        State.MISSING: "is registered.",
        State.DISABLED: "was disabled and is active again.",
        State.WRONG_ADDRESS: "is sent to the present address.",
    }
    return [f"{topic} {words.get(was or State.MISSING, 'is registered.')}"]


def _unsubscribe(
    channel: Channel, connector: Connector, done: Done, ones: Sequence[Subscription]
) -> None:
    """Remove these, then look again."""
    if not ones:
        return
    try:
        for one in ones:
            try:
                connector.unsubscribe(one)
            except Permanent as refusal:
                done.problems.append(f"{one.topic} could not be removed: {said(channel, refusal)}")
            else:
                done.changed.append(f"{one.topic} was removed.")
        done.look = _look(channel, connector)
    except TROUBLE as error:
        done.problems.append(f"The platform could not be asked further: {said(channel, error)}")


def _note(channel: Channel, at: datetime, actor: User | None, subject: str, done: Done) -> None:
    HistoryEntry.objects.create(
        account_id=channel.account_id,
        channel=channel,
        at=at,
        actor=actor,
        subject=subject,
        new={"webhooks": done.changed},
        consequences=[*done.changed, *done.problems],
    )
