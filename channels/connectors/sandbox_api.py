"""What the two sandbox connectors share: its HTTP API, its lists and its signed webhooks."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from channels.connectors import http, standard_webhooks
from channels.connectors.base import (
    Authorization,
    BadDelivery,
    Capability,
    Connector,
    Delivery,
    Gone,
    Misconfigured,
    Record,
    Setting,
    Subscription,
    Transient,
)
from channels.enums import JobType

OVERLAP, SAFETY = timedelta(seconds=2), timedelta(seconds=1)
"""The sandbox has milliseconds and an inclusive filter; the margins only cover its clock."""
REFRESH = Capability(JobType.REFRESH_AUTHORIZATION)
PAGE_SIZE = 100
LONGEST_NAME = 200

Reader = Callable[[Mapping[str, Any]], Record]


class SandboxConnector(Connector):
    """Base of both; a subclass says which list and reader serve each of its job types."""

    fields = (
        Setting("url", "Address", type="url", help="Ends with /shops/NAME or /warehouses/NAME."),
        Setting("token", "Token", secret=True, help="As the sandbox's page shows it."),
        Setting(
            "webhook_secret",
            "Webhook secret",
            secret=True,
            required=False,
            help="Needed in mode Webhook; starts with whsec_.",
        ),
        Setting(
            "refresh_token",
            "Refresh token",
            secret=True,
            required=False,
            help="Needed for Authorization Refresh, where the sandbox lets its tokens expire.",
        ),
    )
    registers_webhooks = True
    place: ClassVar[str]
    lists: ClassVar[Mapping[JobType, str]]
    readers: ClassVar[Mapping[str, Reader]]

    # Webhooks

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        standard_webhooks.verify(self.secrets.get("webhook_secret", ""), headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Thin bodies: `{"type": topic, "data": {"id": id}}`."""
        try:
            payload = json.loads(body)
            topic, entity = payload["type"], payload["data"]["id"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BadDelivery(f"not the sandbox's kind of body: {error!r}") from error
        number = _name("webhook-id", headers.get("webhook-id"))
        return Delivery(
            key=number,
            topic=_name("type", topic),
            delivery_id=number,
            entities=(_name("data.id", entity),),
        )

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type not in self.lists:
            return super().pages(job_type, since, until)
        window = {"updated_since": _text(since), "updated_before": _text(until)}
        return self._listed(self.lists[job_type], window)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        if not self._by_id(job_type):
            return super().pages_after(job_type, last_id)
        return self._listed(self.lists[job_type], {"after_id": last_id or "0"})

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        if not self._by_id(job_type):
            return super().first_id_since(job_type, since)
        path = self.lists[job_type]
        answer = self._read(path, {"created_since": _text(since), "limit": "1"})
        with understood(path):
            return next((str(int(row["id"]) - 1) for row in answer["data"]), None)

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type not in self.lists:
            return super().fetch(job_type, external_id)
        kind = self.lists[job_type]
        path = f"{kind}/{quote(external_id, safe='')}"
        answer = self._read(path, {})
        if answer is None:
            return Gone(external_id)
        with understood(path):
            return self.readers[kind](answer)

    def _by_id(self, job_type: JobType) -> bool:
        capability = self.capability(job_type)
        return capability is not None and capability.by_id

    def _listed(self, kind: str, params: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        cursor: str | None = ""
        while cursor is not None:
            place = {"cursor": cursor} if cursor else {}
            answer = self._read(kind, {**params, **place, "limit": str(PAGE_SIZE)})
            with understood(kind):
                records = [self.readers[kind](row) for row in answer["data"]]
                following = answer["next"]
            if following is not None and following == cursor:
                raise Transient(f"the sandbox's list of {kind} does not move on")
            if records:
                yield records
            cursor = following

    # Administration

    def test_connection(self) -> str:
        answer = self._read("", {})
        with understood("its description"):
            name, kind = answer["name"], answer["kind"]
        if kind != self.place:
            raise Misconfigured(f"the address leads to a {kind}; enter that of a {self.place}")
        return f"Connected to the sandbox's {kind} {name}."

    def subscriptions(self) -> Iterable[Subscription]:
        """The webhook of the sandbox's page has all topics: one subscription for each of them."""
        answer = self._read("webhooks", {})
        with understood("webhooks"):
            return [
                Subscription(f"{hook['id']}/{topic}", topic, hook["url"], hook["active"] is True)
                for hook in answer["data"]
                for topic in hook["topics"]
            ]

    def subscribe(self, topic: str, url: str) -> Subscription:
        """The sandbox itself puts in order what it has for this topic and address."""
        secret = self.secrets.get("webhook_secret", "")
        if not secret:
            raise Misconfigured("the channel has no webhook secret: enter one, then register")
        body = {"topic": topic, "url": url, "secret": secret}
        hook = self._exchange("POST", "webhooks", json=body)
        if hook is None:
            raise Misconfigured("the sandbox takes no webhooks at this address: check it")
        with understood("webhooks"):
            number, active = hook["id"], hook["active"] is True
            return Subscription(f"{number}/{topic}", topic, hook["url"], active)

    def unsubscribe(self, subscription: Subscription) -> None:
        number, _, topic = subscription.external_id.partition("/")
        self._exchange("DELETE", f"webhooks/{quote(number, safe='')}/{quote(topic, safe='')}")

    def refresh_authorization(self, at: datetime) -> Authorization:
        """The refresh token stays as it is, so a lost answer can be asked for again."""
        refresh_token = self.secrets.get("refresh_token", "")
        if not refresh_token:
            raise Misconfigured("the channel has no refresh token: enter it, as the page shows it")
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = self._call("POST", "token", {}, json=body)
        with understood("token"):
            seconds, token = answer["expires_in"], answer["access_token"]
            expires_at = None if seconds is None else at + timedelta(seconds=seconds)
            return Authorization({"token": token}, expires_at)

    # HTTP

    def _read(self, path: str, params: Mapping[str, str]) -> Any:
        """The JSON object at a path; None where the sandbox says that there is no such thing."""
        return self._exchange("GET", path, params=dict(params))

    def _exchange(self, method: str, path: str, **options: Any) -> Any:
        return self._call(method, path, {"Authorization": f"Bearer {self._token()}"}, **options)

    def _call(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> Any:
        url = f"{self._address()}/{path}"
        response = http.call(self.http, method, url, headers=headers, **options)
        answer = http.json_of(response)
        if response.status_code < 300:
            return answer
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict) and error.get("code") == "not_found":
            return None
        raise Misconfigured(
            f"{url} is not known there ({response.status_code}): check the channel's address, "
            f"it ends with /{self.place}s/NAME"
        )

    def _address(self) -> str:
        address = str(self.settings.get("url") or "").rstrip("/")
        if not address:
            raise Misconfigured("the channel has no address: enter it on the channel's page")
        return address

    def _token(self) -> str:
        token = self.secrets.get("token", "")
        if not token or not token.isascii() or not token.isprintable():
            raise Misconfigured("the channel's token is missing or cannot be a token: enter it")
        return token


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Whatever does not look as it should: the platform is unwell, ask again later."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise Transient(f"the sandbox's answer on {what} makes no sense: {error!r}") from error


def _name(what: str, value: object) -> str:
    """A name that the database can keep: no control characters, no half ones, not too long."""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        raise BadDelivery(f"{what} is not a text of 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise BadDelivery(f"{what} contains characters that no name has")
    return value


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def instant(text: str) -> datetime:
    """An instant of the sandbox, always with a zone."""
    return datetime.fromisoformat(text).astimezone(UTC)
