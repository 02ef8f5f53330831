"""Calls of Tryton's models: errors that come as HTTP 200, warnings, contexts, pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx

from channels.connectors import http
from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.connectors.tryton import wire
from channels.connectors.tryton.session import SessionAuth

Row = Mapping[str, Any]
Domain = list[Any]

PAGE = 100
MOST_WARNINGS = 10
"""How many warnings of one call are acknowledged; a call that still warns is given up."""


class Warned(Exception):
    """Tryton wants to know whether this is meant; `name` is what is acknowledged."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Rpc:
    """One Tryton database, as one user."""

    def __init__(self, client: httpx.Client, settings: Row, password: str) -> None:
        url, database = (str(settings.get(name) or "").strip() for name in ("url", "database"))
        user = str(settings.get("username") or "").strip()
        if not (url and database and user and password):
            raise Misconfigured("enter Tryton's address, database, user name and password")
        self.user = user
        self.address = f"{url.rstrip('/')}/{quote(database, safe='')}/"
        self._client = client
        self._auth = SessionAuth(self.address, user, password)
        self._modules: dict[str, bool] = {}

    @cached_property
    def context(self) -> dict[str, Any]:
        """What Tryton's own client sends with each call: company, language, groups."""
        with understood("the user's preferences"):
            context = dict(self._call("model.res.user.get_preferences", [True, {}]))
        if not context.get("company"):
            raise Misconfigured(
                f"the Tryton user {self.user} works for no company: choose one in its preferences"
            )
        return context

    @property
    def company(self) -> int:
        return int(self.context["company"])

    def has_module(self, name: str) -> bool:
        """Is this module of Tryton's active?"""
        if name not in self._modules:
            active = [["name", "=", name], ["state", "=", "activated"]]
            self._modules[name] = self.row("ir.module", active, ["name"]) is not None
        return self._modules[name]

    def call(self, method: str, *parameters: Any, **context: Any) -> Any:
        """A model's method such as `sale.sale.quote`; its warnings are acknowledged."""
        arguments = [*parameters, {**self.context, **context}]
        for _ in range(MOST_WARNINGS):
            try:
                return self._call(f"model.{method}", arguments)
            except Warned as warning:
                # Makes the record of this name, for this user and one time, that lets it pass.
                self._call("model.res.user.warning.skip", [warning.name, False, self.context])
                said = str(warning)
        raise Permanent(f"Tryton warns again and again: {said}")

    def rows(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
        **context: Any,
    ) -> list[Row]:
        """Records by ascending id. Relations are read as `carrier.party.name`; see `related`."""
        order = [["id", "ASC"]]
        parameters = (domain, 0, limit, order, list(fields))
        with understood(model):
            found = self.call(f"{model}.search_read", *parameters, **context)
            return sorted(found, key=lambda row: int(row["id"]))

    def row(self, model: str, domain: Domain, fields: Sequence[str], **context: Any) -> Row | None:
        return next(iter(self.rows(model, domain, fields, limit=1, **context)), None)

    def pages(
        self, model: str, domain: Domain, fields: Sequence[str], after: int = 0, **context: Any
    ) -> Iterator[list[Row]]:
        """All records, each page asked for from the last one's id: nothing shifts between them."""
        while True:
            below = [["id", ">", after], domain]
            found = self.rows(model, below, fields, limit=PAGE, **context)
            if found:
                yield found
            if len(found) < PAGE:
                return
            after = found[-1]["id"]

    def by_id(
        self, model: str, ids: Iterable[int], fields: Sequence[str], domain: Domain
    ) -> Iterator[list[Row]]:
        """Those of these records that the domain fits, in pages."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), PAGE):
            among = ["id", "in", wanted[start : start + PAGE]]
            if found := self.rows(model, [among, domain], fields):
                yield found

    def _call(self, method: str, parameters: list[Any]) -> Any:
        response = http.call(
            self._client,
            "POST",
            self.address,
            content=wire.dumps({"id": 1, "method": method, "params": parameters}),
            headers={"Content-Type": "application/json"},
            auth=self._auth,
        )
        if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            raise Misconfigured(
                f"there is no Tryton database at {self.address}: check address and database"
            )
        if len(response.content) > http.MAX_ANSWER_BYTES:
            raise Permanent(f"{self.address} answered more than {http.MAX_ANSWER_BYTES} bytes")
        with understood(method):
            answer = wire.loads(response.content)
            if answer.get("error"):
                _raise_for(list(answer["error"]), method)
            return answer["result"]


def _raise_for(error: list[Any], method: str) -> None:
    """`[kind, details]`; of any other exception of the server `[text, traceback]`."""
    kind, details = str(error[0]), error[1]
    texts = [text for text in details if isinstance(text, str) and text]
    if kind == "UserError":
        raise Permanent("Tryton: " + " ".join(texts[:2]))
    if kind == "UserWarning":
        raise Warned(texts[0], " ".join(texts[1:]))
    if kind == "ConcurrencyException":
        raise Transient(f"somebody else changed it in Tryton at the same moment: {details}")
    if kind == "LoginException":
        raise Misconfigured("Tryton asks for a login again: check the channel's user")
    # The details are a traceback of the server's; the first text says what it is about.
    raise Transient(f"Tryton failed at {method}: {kind[:300]}")


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Whatever does not look as it should: the platform is unwell, ask again later."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise Transient(f"Tryton's answer on {what} makes no sense: {error!r}") from error


def related(row: Row, *path: str) -> Any:
    """The field at the end of a path that was read as `a.b.c`; None where a relation is empty."""
    value: Any = row
    for name in path[:-1]:
        value = value.get(f"{name}.") if value else None
    return value[path[-1]] if value else None


def changed_since(since: datetime, prefix: str = "") -> Domain:
    """Tryton's `write_date` is empty until the first change after the record was made."""
    made = [f"{prefix}create_date", ">=", since]
    return [
        "OR",
        [f"{prefix}write_date", ">=", since],
        [[f"{prefix}write_date", "=", None], made],
    ]


def changed_at(*rows: Row | None) -> datetime:
    """When the last one of these records changed."""
    moments = [row["write_date"] or row["create_date"] for row in rows if row]
    return max(moment for moment in moments if isinstance(moment, datetime))


def number(external_id: str) -> int | None:
    """Tryton's ids are numbers; None for what cannot be one."""
    text = external_id.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
